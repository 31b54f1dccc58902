#include "tests/unit/resolve/document_rules.h"

#include "lib/text.h"
#include "tests/unit/resolve/rules_support.h"

#include <algorithm>

namespace mlpack::test {
namespace {

bool is_same_or_older(const Version& a, const Version& b) {
  return a.same_minor(b) || a < b;
}

// By the documents' tables of branches: what the driver has in it.
std::optional<Version> own_cuda(const Version& driver) {
  std::optional<Version> best;
  unsigned branch = 0;
  for (const DriverBranch& row : catalog().driver_branches()) {
    if (row.branch > driver.part(0) || row.branch < branch) continue;
    branch = row.branch;
    best = row.native_cuda;
  }
  return best;
}

// Minor Version Compatibility, table 1; before CUDA 11 each version has its own.
std::optional<Version> oldest_driver_for(const Version& cuda) {
  std::optional<Version> floor;
  for (const CudaToolkit& row : catalog().cuda_toolkits()) {
    const bool is_family = cuda.part(0) > 10 && row.cuda.part(0) == cuda.part(0);
    if (!is_family && !row.cuda.same_minor(cuda)) continue;
    if (!floor || row.min_driver > *floor) floor = row.min_driver;
  }
  return floor;
}

// The release notes' table of toolkits and the drivers that they came with.
bool came_with_a_toolkit(const Version& driver, const Version& cuda) {
  bool is_known = false;
  for (const CudaToolkit& row : catalog().cuda_toolkits()) {
    if (!row.cuda.same_minor(cuda) || !row.driver) continue;
    if (may_be_at_least(driver, *row.driver)) return true;
    is_known = true;
  }
  return !is_known;
}

bool may_take_compat_package(const Version& cuda, unsigned branch) {
  for (const CompatPackage& row : catalog().compat_packages()) {
    if (row.cuda.same_minor(cuda) && row.host_branch == branch)
      return row.verdict == CompatPackage::Verdict::supported;
  }
  for (const ImageRequirement& row : catalog().image_requirements()) {
    if (!row.cuda.same_minor(cuda)) continue;
    const auto& branches = row.driver_branches;
    const bool is_known = !row.row->at("driver_branches").empty();
    return !is_known || std::find(branches.begin(), branches.end(), branch) != branches.end();
  }
  return true;  // nobody knows
}

std::optional<Version> glibc_of_tag(std::string_view tag) {
  for (const auto& [old, glibc] : {std::pair{"manylinux1_", "2.5"},
                                   std::pair{"manylinux2010_", "2.12"},
                                   std::pair{"manylinux2014_", "2.17"}}) {
    if (tag.starts_with(old)) return Version::parse(glibc);
  }
  const auto parts = split(tag, '_');
  if (parts.size() < 3 || parts[0] != "manylinux") return std::nullopt;
  return Version::parse(std::string(parts[1]) + "." + std::string(parts[2]));
}

}  // namespace

bool may_be_at_least(const Version& driver, const Version& floor) {
  return driver >= floor || (driver.size() == 1 && driver.part(0) == floor.part(0));
}

bool may_drive(const Version& driver, const Gpu& gpu) {
  for (const Architecture& row : catalog().architectures()) {
    if (row.compute_capability != gpu.compute_capability) continue;
    if (row.first_driver_branch && driver.part(0) < *row.first_driver_branch) return false;
    if (row.last_driver_branch && driver.part(0) > *row.last_driver_branch) return false;
  }
  return true;
}

bool may_run_cuda(const Version& cuda,
                  const Version& driver,
                  const Gpu& gpu,
                  CompatInImage compat) {
  if (!may_drive(driver, gpu)) return false;
  const auto own = own_cuda(driver);
  const bool is_own = own && own->same_minor(cuda);
  if (own && *own > cuda && !is_own) return true;
  if (is_own && came_with_a_toolkit(driver, cuda)) return true;
  const auto oldest = oldest_driver_for(cuda);
  if (!oldest || may_be_at_least(driver, *oldest)) return true;
  using ForwardCompat = Gpu::ForwardCompat;
  if (compat == CompatInImage::no || gpu.forward_compat == ForwardCompat::no) return false;
  return gpu.forward_compat == ForwardCompat::jetson ||
         may_take_compat_package(cuda, driver.part(0));
}

std::optional<Version> compiler_of(const Version& cuda,
                                   const std::optional<Version>& driver,
                                   const Gpu& gpu,
                                   CompatInImage compat) {
  if (!driver) return cuda;
  const auto own = own_cuda(*driver);
  if (compat == CompatInImage::no || (own && is_same_or_older(cuda, *own))) return own;
  if (gpu.forward_compat == Gpu::ForwardCompat::no) return own;
  if (gpu.forward_compat == Gpu::ForwardCompat::jetson) return cuda;
  return may_take_compat_package(cuda, driver->part(0)) ? cuda : own;
}

bool may_compile_for(const Version& cuda, const Gpu& gpu) {
  if (!is_same_or_older(gpu.first_cuda, cuda)) return false;
  if (gpu.last_cuda && !is_same_or_older(cuda, *gpu.last_cuda)) return false;
  return true;
}

bool may_have_code(const TorchBuild& build,
                   const Gpu& gpu,
                   const std::optional<Version>& ptx_compiler) {
  if (build.sm.empty() && build.ptx.empty()) return may_compile_for(build.cuda, gpu);
  // There may be builds for it, with a toolkit that knows it.
  if (gpu.kind == Gpu::Kind::jetson) return may_compile_for(build.cuda, gpu);
  const Version& device = gpu.compute_capability;
  for (const Version& sm : build.sm) {
    if (sm.part(0) == device.part(0) && sm <= device) return true;
  }
  const bool compiles = !ptx_compiler || is_same_or_older(build.cuda, *ptx_compiler);
  return compiles && std::any_of(build.ptx.begin(), build.ptx.end(), [&](const Version& ptx) {
           return ptx <= device;
         });
}

bool may_have_code(const FrameworkRelease& release, std::size_t build, const Gpu& gpu) {
  if (build < release.min_cc.size() && gpu.compute_capability < release.min_cc[build]) return false;
  const Version& cuda = release.builds[build];
  // Newer GPUs may run its PTX; older ones are gone for good.
  return !gpu.last_cuda || is_same_or_older(cuda, *gpu.last_cuda);
}

bool may_run_tensorrt(std::string_view tensorrt, const Gpu& gpu) {
  const auto version = Version::parse(tensorrt);
  if (!version) return true;
  std::optional<Version> newest;
  std::optional<Version> oldest_target;
  for (const TensorRtRelease& row : catalog().tensorrt_releases()) {
    if (row.oss_sm.empty() || row.tensorrt > *version) continue;
    if (newest && row.tensorrt < *newest) continue;
    newest = row.tensorrt;
    oldest_target = *std::min_element(row.oss_sm.begin(), row.oss_sm.end());
  }
  return !oldest_target || gpu.compute_capability >= *oldest_target;
}

bool may_run_quantised(std::string_view method, const Gpu& gpu, ServedBy server) {
  bool is_known = false;
  for (const QuantisationLimit& row : catalog().quantisations()) {
    const bool is_it = row.method == method || (server == ServedBy::runtime &&
                                                row.method == std::string(method) + "_weight_only");
    if (!is_it) continue;
    is_known = true;
    if (!row.min_cc || gpu.compute_capability >= *row.min_cc) return true;
  }
  return !is_known;
}

bool may_serve(const RuntimeRelease& release, const Version& driver, const Gpu& gpu) {
  // Ollama docs/gpu.mdx: Pascal and older need more since 0.30.
  const bool is_new = release.runtime == "ollama" && release.release.starts_with("0.30.");
  if (is_new && gpu.compute_capability.part(0) < 7)
    return may_be_at_least(driver, *Version::parse("570"));
  return !release.min_driver || may_be_at_least(driver, *release.min_driver);
}

bool may_install_wheel(std::string_view tags, const Distro& base) {
  if (tags.empty()) return true;
  const bool is_musl = base.libc == Distro::Libc::musl;
  for (const std::string_view tag : split(tags, '.')) {
    if (tag == "any") return true;
    if (tag.starts_with("musllinux") != is_musl) continue;
    const auto needed = glibc_of_tag(tag);
    if (is_musl || !needed || !base.glibc || *needed <= *base.glibc) return true;
  }
  return false;
}

}  // namespace mlpack::test
