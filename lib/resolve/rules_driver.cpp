#include "lib/resolve/rules_driver.h"

#include "lib/catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace mlpack {
namespace {

// The newest branch that is not newer than the driver's.
const DriverBranch* branch_of(const Catalog& catalog, const Version& driver) {
  const DriverBranch* best = nullptr;
  for (const DriverBranch& row : catalog.driver_branches()) {
    if (row.branch > driver.part(0)) continue;
    if (best == nullptr || row.branch > best->branch) best = &row;
  }
  return best;
}

// The row with the highest floor among those of one release, one minor version or one major: the
// release candidate of a version asks for less than the version does.
const CudaToolkit* highest_floor(const Catalog& catalog, auto&& holds) {
  const CudaToolkit* best = nullptr;
  for (const CudaToolkit& row : catalog.cuda_toolkits()) {
    if (holds(row) && (best == nullptr || row.min_driver > best->min_driver)) best = &row;
  }
  return best;
}

// A toolkit that is not in the catalog has the floor of its major.
const CudaToolkit* floor_of(const Catalog& catalog, const Version& cuda) {
  const CudaToolkit* floor = highest_floor(catalog, [&](const CudaToolkit& row) {
    return cuda.size() > 2 ? row.release == cuda : row.cuda.same_minor(cuda);
  });
  if (floor != nullptr) return floor;
  return highest_floor(catalog, [&](const CudaToolkit& row) {
    return row.cuda.part(0) == cuda.part(0) && row.minor_compat;
  });
}

const ImageRequirement* requirement_of(const Catalog& catalog, const Version& cuda) {
  for (const ImageRequirement& row : catalog.image_requirements()) {
    if (row.cuda.same_minor(cuda)) return &row;
  }
  return nullptr;
}

Ruling by_floor(const Version& cuda,
                const Version& driver,
                const CudaToolkit& floor,
                const CatalogRow* fact) {
  const std::string_view oldest = floor.min_driver.text();
  const auto is_older = is_older_driver(driver, floor.min_driver);
  if (!is_older) {
    return {Verdict::unknown,
            fmt::format("CUDA {} needs driver {} or newer, and `{}` names only the branch",
                        cuda.text(),
                        oldest,
                        driver.text()),
            {floor.row, fact}};
  }
  return {*is_older ? Verdict::no : Verdict::yes,
          fmt::format("CUDA {} runs on driver {} and newer; this one is {}",
                      cuda.text(),
                      oldest,
                      driver.text()),
          {floor.row, fact}};
}

// The oldest driver that a toolkit of a CUDA version came with.
std::optional<Version> first_driver(const Catalog& catalog, const Version& cuda) {
  std::optional<Version> first;
  for (const CudaToolkit& row : catalog.cuda_toolkits()) {
    const bool is_older = row.driver && (!first || *row.driver < *first);
    if (row.cuda.same_minor(cuda) && is_older) first = row.driver;
  }
  return first;
}

// A branch that implements `cuda` may begin before the release that its toolkit came with: what
// speaks against such a driver, or against the branch alone.
std::optional<Ruling> before_toolkit(const Catalog& catalog,
                                     const Version& cuda,
                                     const Version& driver) {
  const CudaToolkit* const floor = floor_of(catalog, cuda);
  const auto first = first_driver(catalog, cuda);
  if (floor == nullptr || (first && is_older_driver(driver, *first) == false)) return std::nullopt;
  Ruling ruling = by_floor(cuda, driver, *floor, &catalog.fact_row("cuda.backward"));
  return ruling.verdict == Verdict::yes ? std::nullopt : std::optional(std::move(ruling));
}

// A branch that is not in the matrix any more.
Ruling retired_branch(const Catalog& catalog, const Version& cuda, const Version& driver) {
  const CatalogRow* const fact = &catalog.fact_row("forward_compat.eol_branches");
  const ImageRequirement* const image = requirement_of(catalog, cuda);
  if (image == nullptr || image->row->at("driver_branches").empty()) {
    return {Verdict::unknown,
            fmt::format("nothing is known of a compat package of CUDA {} on driver branch {}",
                        cuda.text(),
                        driver.part(0)),
            {fact}};
  }
  const auto& branches = image->driver_branches;
  if (std::find(branches.begin(), branches.end(), driver.part(0)) != branches.end()) {
    return {Verdict::yes,
            fmt::format("driver branch {} is end of life, but the images of CUDA {} take it with "
                        "their compat package",
                        driver.part(0),
                        cuda.text()),
            {image->row, fact}};
  }
  return {Verdict::no,
          fmt::format("driver branch {} is no target of the compat package of CUDA {}",
                      driver.part(0),
                      cuda.text()),
          {image->row, fact}};
}

Ruling by_matrix(const Catalog& catalog, const CompatPackage& package) {
  using Package = CompatPackage::Verdict;
  const auto text = [&](std::string_view what) {
    return fmt::format("{} {} driver branch {}", package.package, what, package.host_branch);
  };
  std::vector<const CatalogRow*> evidence{package.row, &catalog.fact_row("forward_compat.meaning")};
  // The matrix has columns for new feature branches, which its text says are no targets.
  const DriverBranch* const branch = catalog.find_driver_branch(package.host_branch);
  if (branch != nullptr && branch->kind == "NFB") {
    evidence.push_back(&catalog.fact_row("forward_compat.eol_branches"));
  }
  switch (package.verdict) {
    case Package::supported:
      return {Verdict::yes, text("is supported on"), evidence};
    case Package::unneeded:
      return {Verdict::no, text("is of the same generation as"), evidence};
    case Package::missing:
      return {Verdict::no, text("is not made for"), evidence};
  }
  return {};
}

// Whether the compat package of `cuda` is for the branch of `driver`.
Ruling package_runs(const Catalog& catalog, const Version& cuda, const Version& driver) {
  for (const CompatPackage& package : catalog.compat_packages()) {
    if (package.cuda.same_minor(cuda) && package.host_branch == driver.part(0)) {
      Ruling answer = by_matrix(catalog, package);
      answer.evidence.push_back(&catalog.fact_row("forward_compat.eligible_gpus"));
      return answer;
    }
  }
  return retired_branch(catalog, cuda, driver);
}

// What stands against a compat package whatever the versions are.
std::optional<Ruling> compat_refusal(const Catalog& catalog, const Gpu& gpu) {
  const CatalogRow* const fact = &catalog.fact_row("forward_compat.eligible_gpus");
  const std::string name(gpu.name);
  switch (gpu.forward_compat) {
    case Gpu::ForwardCompat::yes:
      return std::nullopt;
    case Gpu::ForwardCompat::no:
      return Ruling{Verdict::no,
                    name + " is no data-centre GPU: a compat package ends with error 804 there",
                    {gpu.row, fact}};
    case Gpu::ForwardCompat::some_servers:
      return Ruling{Verdict::unknown,
                    name + " may use a compat package in select NGC-Ready servers alone",
                    {gpu.row, fact}};
    case Gpu::ForwardCompat::jetson:
      return Ruling{Verdict::unknown,
                    name + " has a compat package of its own, with the versions of its boards",
                    {gpu.row, fact, &catalog.fact_row("forward_compat.orin")}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<bool> is_older_driver(const Version& driver, const Version& floor) {
  const bool is_vague = driver.size() == 1 && floor.size() > 1;
  if (is_vague && driver.part(0) == floor.part(0)) return std::nullopt;
  return driver < floor;
}

std::optional<Version> native_cuda(const Catalog& catalog, const Version& driver) {
  const DriverBranch* const branch = branch_of(catalog, driver);
  return branch == nullptr ? std::nullopt : std::optional(branch->native_cuda);
}

Ruling backward_compatibility(const Catalog& catalog, const Version& cuda, const Version& driver) {
  const CatalogRow* const fact = &catalog.fact_row("cuda.backward");
  const DriverBranch* const branch = branch_of(catalog, driver);
  if (branch == nullptr) {
    return {Verdict::unknown, fmt::format("nothing is known of driver {}", driver.text()), {fact}};
  }
  const bool is_same = branch->native_cuda.same_minor(cuda);
  const bool runs = branch->native_cuda > cuda || is_same;
  if (is_same) {
    if (auto ruling = before_toolkit(catalog, cuda, driver)) return *std::move(ruling);
  }
  if (!runs && branch->branch != driver.part(0)) {
    return {
        Verdict::unknown,
        fmt::format("driver branch {} is not in the catalog; the one below it implements CUDA {}",
                    driver.part(0),
                    branch->native_cuda.text()),
        {branch->row, fact}};
  }
  return {runs ? Verdict::yes : Verdict::no,
          fmt::format("driver {} implements CUDA {} itself, which is {} than {}",
                      driver.text(),
                      branch->native_cuda.text(),
                      runs ? "not older" : "older",
                      cuda.text()),
          {branch->row, fact}};
}

Ruling minor_version_compatibility(const Catalog& catalog,
                                   const Version& cuda,
                                   const Version& driver) {
  const CudaToolkit* const floor = floor_of(catalog, cuda);
  const bool has_family = floor == nullptr || floor->minor_compat;
  const CatalogRow* const fact =
      &catalog.fact_row(has_family ? "cuda.minor_version" : "cuda.pre_11");
  if (floor == nullptr) {
    return {Verdict::unknown, fmt::format("nothing is known of CUDA {}", cuda.text()), {fact}};
  }
  return by_floor(cuda, driver, *floor, fact);
}

Ruling forward_compatibility(const Catalog& catalog,
                             const Version& cuda,
                             const Version& driver,
                             const Gpu& gpu) {
  const auto refusal = compat_refusal(catalog, gpu);
  // What no data-centre GPU can do, other servers cannot; boards have packages of their own.
  const bool has_own = gpu.forward_compat == Gpu::ForwardCompat::jetson;
  if (refusal && (refusal->verdict == Verdict::no || has_own)) return *refusal;
  Ruling ruling = package_runs(catalog, cuda, driver);
  return refusal && ruling.verdict != Verdict::no ? *refusal : ruling;
}

std::optional<Version> ptx_compiler(const Catalog& catalog,
                                    const Version& driver,
                                    const Gpu& gpu,
                                    const std::optional<Version>& package) {
  const auto native = native_cuda(catalog, driver);
  const bool is_newer =
      package && !(native && (*native > *package || native->same_minor(*package)));
  if (!is_newer) return native;
  const Verdict taken = forward_compatibility(catalog, *package, driver, gpu).verdict;
  if (taken == Verdict::unknown) return std::nullopt;
  return taken == Verdict::yes ? package : native;
}

Ruling driver_supports_gpu(const Catalog& catalog, const Version& driver, const Gpu& gpu) {
  const Architecture* const known = catalog.find_architecture(gpu.compute_capability);
  const CatalogRow* const fact = &catalog.fact_row("driver.last_for_old_gpus");
  const DriverBranch* const branch = branch_of(catalog, driver);
  if (known == nullptr || branch == nullptr) {
    return {Verdict::unknown,
            fmt::format("nothing is known of driver {} and {}", driver.text(), gpu.name),
            {gpu.row, fact}};
  }
  const std::vector<const CatalogRow*> evidence{known->row, branch->row, fact};
  if (!known->first_driver_branch && gpu.kind == Gpu::Kind::jetson) {
    return {Verdict::unknown, fmt::format("drivers of {} come with its L4T", gpu.name), evidence};
  }
  if (known->first_driver_branch && driver.part(0) < *known->first_driver_branch) {
    return {Verdict::no,
            fmt::format("{} needs driver branch {} or newer; this is {}",
                        gpu.name,
                        *known->first_driver_branch,
                        driver.text()),
            evidence};
  }
  const bool is_past = known->last_driver_branch && driver.part(0) > *known->last_driver_branch;
  if (is_past || gpu.compute_capability < branch->gpu_min_cc) {
    const std::string last = known->last_driver_branch
                                 ? fmt::format(": {} was the last", *known->last_driver_branch)
                                 : "";
    return {Verdict::no,
            fmt::format("driver {} no longer drives {} ({}){}",
                        driver.text(),
                        gpu.name,
                        known->architecture,
                        last),
            evidence};
  }
  return {Verdict::yes, fmt::format("driver {} drives {}", driver.text(), gpu.name), evidence};
}

std::optional<DriverFloor> driver_floor(const Catalog& catalog,
                                        const Version& cuda,
                                        const Gpu& gpu) {
  const CudaToolkit* const toolkit = floor_of(catalog, cuda);
  if (toolkit == nullptr) return std::nullopt;
  const Architecture* const known = catalog.find_architecture(gpu.compute_capability);
  if (known != nullptr && known->first_driver_branch) {
    const auto branch = Version::parse(std::to_string(*known->first_driver_branch));
    if (branch && *branch > toolkit->min_driver) return DriverFloor{*branch, known->row};
  }
  return DriverFloor{toolkit->min_driver, toolkit->row};
}

Ruling toolkit_supports_gpu(const Catalog& catalog,
                            const Version& cuda,
                            const Version& compute_capability) {
  const Architecture* const known = catalog.find_architecture(compute_capability);
  const NvccTargets* const targets = catalog.find_nvcc_targets(cuda);
  std::vector<const CatalogRow*> evidence;
  if (known != nullptr) evidence.push_back(known->row);
  if (targets != nullptr) evidence.push_back(targets->row);
  const auto is_older = [](const Version& a, const Version& b) {
    return a < b && !a.same_minor(b);
  };
  if (known != nullptr && known->last_cuda && is_older(*known->last_cuda, cuda)) {
    return {Verdict::no,
            fmt::format("CUDA {} dropped {} ({}): {} was the last toolkit for it",
                        cuda.text(),
                        known->architecture,
                        compute_capability.text(),
                        known->last_cuda->text()),
            evidence};
  }
  if (known != nullptr && is_older(cuda, known->first_cuda)) {
    return {Verdict::no,
            fmt::format("CUDA {} is older than {} ({}): {} is the first toolkit for it",
                        cuda.text(),
                        known->architecture,
                        compute_capability.text(),
                        known->first_cuda.text()),
            evidence};
  }
  if (targets == nullptr) {
    evidence.push_back(&catalog.fact_row("cuda.cubin"));
    return {Verdict::unknown,
            fmt::format("nothing is known of the targets of CUDA {}", cuda.text()),
            evidence};
  }
  const auto& sm = targets->sm;
  const bool has = std::find(sm.begin(), sm.end(), compute_capability) != sm.end();
  return {has ? Verdict::yes : Verdict::no,
          fmt::format("CUDA {} {} compute capability {}",
                      cuda.text(),
                      has ? "compiles for" : "has no target for",
                      compute_capability.text()),
          evidence};
}

Ruling driver_runs_cuda(const Catalog& catalog,
                        const Version& cuda,
                        const Version& driver,
                        const Gpu& gpu,
                        CompatInImage compat) {
  Ruling drives = driver_supports_gpu(catalog, driver, gpu);
  if (drives.verdict == Verdict::no) return drives;
  Ruling backward = backward_compatibility(catalog, cuda, driver);
  if (backward.verdict == Verdict::yes) return drives.verdict == Verdict::yes ? backward : drives;
  Ruling minor = minor_version_compatibility(catalog, cuda, driver);
  if (minor.verdict == Verdict::yes) return drives.verdict == Verdict::yes ? minor : drives;
  Ruling forward = forward_compatibility(catalog, cuda, driver, gpu);
  if (compat == CompatInImage::yes) {
    return forward.verdict == Verdict::no ? minor : forward;
  }
  if (forward.verdict == Verdict::yes) {
    minor.reason += "; a compat package in the image would help";
    minor.evidence.insert(minor.evidence.end(), forward.evidence.begin(), forward.evidence.end());
  }
  return minor;
}

}  // namespace mlpack
