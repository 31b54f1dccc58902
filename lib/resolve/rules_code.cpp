#include "lib/resolve/rules_code.h"

#include "lib/resolve/rules_driver.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Reach = CodeTarget::Reach;

const TargetFamily* family_of(const Catalog& catalog, const Version& target) {
  for (const TargetFamily& row : catalog.target_families()) {
    if (row.target == target) return &row;
  }
  return nullptr;
}

// Families may get more members, of the same major, with later devices.
Ruling family_runs(const Catalog& catalog, const CodeTarget& target, const Version& device) {
  const CatalogRow* const fact = &catalog.fact_row("cuda.cubin_arch_specific");
  const TargetFamily* const family = family_of(catalog, target.capability);
  const bool may_join = device.part(0) == target.capability.part(0) && device > target.capability;
  if (family == nullptr) {
    return {Verdict::unknown, fmt::format("nothing is known of {}", target.text()), {fact}};
  }
  const auto& members = family->members;
  const bool is_member = std::find(members.begin(), members.end(), device) != members.end();
  const Verdict other = may_join ? Verdict::unknown : Verdict::no;
  return {is_member ? Verdict::yes : other,
          fmt::format("{} {} of the family of {}",
                      device.text(),
                      is_member ? "is" : "is not known to be",
                      target.text()),
          {family->row, fact}};
}

Ruling exact_runs(const Catalog& catalog, const CodeTarget& target, const Version& device) {
  const bool runs = device == target.capability;
  return {runs ? Verdict::yes : Verdict::no,
          fmt::format("{} runs on {} alone", target.text(), target.capability.text()),
          {&catalog.fact_row("cuda.cubin_arch_specific")}};
}

// Binary code without a suffix: same major, and this minor or a higher one.
bool covers(const Version& target, const Version& device) {
  return device.part(0) == target.part(0) && device.part(1) >= target.part(1);
}

std::string list_text(std::span<const Version> versions) {
  std::vector<std::string> texts;
  for (const Version& version : versions)
    texts.emplace_back(version.text());
  return texts.empty() ? "none" : join(texts, ", ");
}

}  // namespace

std::string CodeTarget::text() const {
  const std::string_view suffix = reach == Reach::exact ? "a" : reach == Reach::family ? "f" : "";
  return fmt::format("{}{}", capability.text(), suffix);
}

std::optional<CodeTarget> parse_code_target(std::string_view text) {
  for (const std::string_view prefix : {"sm_", "compute_"}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  Reach reach = Reach::plain;
  if (text.ends_with('a')) reach = Reach::exact;
  if (text.ends_with('f')) reach = Reach::family;
  if (reach != Reach::plain) text.remove_suffix(1);
  if (text.size() < 2 || text.size() > 3 || !parse_number(text, 999)) return std::nullopt;
  const auto capability =
      Version::parse(fmt::format("{}.{}", text.substr(0, text.size() - 1), text.back()));
  if (!capability) return std::nullopt;
  return CodeTarget{*capability, reach};
}

Ruling cubin_runs(const Catalog& catalog, const CodeTarget& target, const Version& device) {
  if (target.reach == Reach::exact) return exact_runs(catalog, target, device);
  if (target.reach == Reach::family) return family_runs(catalog, target, device);
  const bool runs = covers(target.capability, device);
  return {runs ? Verdict::yes : Verdict::no,
          fmt::format("binary code for {} runs on {}.x from {} on; this is {}",
                      target.text(),
                      target.capability.part(0),
                      target.capability.text(),
                      device.text()),
          {&catalog.fact_row("cuda.cubin")}};
}

Ruling ptx_runs(const Catalog& catalog,
                const CodeTarget& target,
                const Version& made_by,
                const Version& device,
                const std::optional<Version>& driver_cuda) {
  const CatalogRow* const fact = &catalog.fact_row("cuda.ptx");
  if (target.reach != Reach::plain) {
    Ruling reaches = cubin_runs(catalog, target, device);
    if (reaches.verdict != Verdict::yes) return reaches;
  }
  if (device < target.capability) {
    return {
        Verdict::no,
        fmt::format(
            "PTX for {} is for that and later devices; this is {}", target.text(), device.text()),
        {fact}};
  }
  if (!driver_cuda) {
    return {Verdict::unknown,
            fmt::format("the driver must implement CUDA {} to compile this PTX", made_by.text()),
            {fact}};
  }
  const bool compiles = *driver_cuda > made_by || driver_cuda->same_minor(made_by);
  return {compiles ? Verdict::yes : Verdict::no,
          fmt::format("PTX of CUDA {} is compiled by drivers of CUDA {} and newer; this one is {}",
                      made_by.text(),
                      made_by.text(),
                      driver_cuda->text()),
          {fact, &catalog.fact_row("cuda.minor_version")}};
}

GpuCode code_of(const TorchBuild& build) {
  return {build.sm, build.ptx, build.cuda};
}

std::optional<GpuCode> arm_code_of(const TorchBuild& build) {
  if (build.arm_sm.empty() && build.arm_ptx.empty()) return std::nullopt;
  return GpuCode{build.arm_sm, build.arm_ptx, build.cuda};
}

bool has_binary_code(const GpuCode& code, const Version& device) {
  return std::any_of(
      code.sm.begin(), code.sm.end(), [&](const Version& sm) { return covers(sm, device); });
}

Ruling code_runs(const Catalog& catalog,
                 const GpuCode& code,
                 const Version& device,
                 const std::optional<Version>& driver_cuda) {
  const std::vector<const CatalogRow*> evidence{&catalog.fact_row("cuda.cubin"),
                                                &catalog.fact_row("cuda.ptx")};
  if (code.sm.empty() && code.ptx.empty()) {
    return {Verdict::unknown, "nothing is known of the GPU code inside", evidence};
  }
  for (const Version& sm : code.sm) {
    if (covers(sm, device)) return cubin_runs(catalog, {sm, Reach::plain}, device);
  }
  std::optional<Ruling> best;
  for (const Version& ptx : code.ptx) {
    if (device < ptx) continue;
    best = ptx_runs(catalog, {ptx, Reach::plain}, code.made_by, device, driver_cuda);
    if (best->verdict == Verdict::yes) break;
  }
  if (best) return *std::move(best);
  return {Verdict::no,
          fmt::format("there is no code for {}: binary code for {}; PTX for {}",
                      device.text(),
                      list_text(code.sm),
                      list_text(code.ptx)),
          evidence};
}

Ruling runtime_runs(const Catalog& catalog, const RuntimeRelease& release, const Version& device) {
  if (!release.min_cc) {
    return {Verdict::unknown,
            fmt::format("no document says what GPU {} {} needs", release.runtime, release.release),
            {release.row}};
  }
  const bool runs = device >= *release.min_cc;
  const Architecture* const known = catalog.find_architecture(device);
  return {runs ? Verdict::yes : Verdict::no,
          fmt::format("{} {} needs compute capability {}; this is {}{}",
                      release.runtime,
                      release.release,
                      release.min_cc->text(),
                      device.text(),
                      known == nullptr ? "" : fmt::format(" ({})", known->architecture)),
          {release.row}};
}

std::optional<Version> oldest_driver(const RuntimeRelease& release, const Version& device) {
  const bool is_old = release.old_gpu_cc && device <= *release.old_gpu_cc;
  return is_old ? release.old_gpu_driver : release.min_driver;
}

Ruling runtime_takes_driver(const RuntimeRelease& release,
                            const Version& driver,
                            const Version& device) {
  const auto oldest = oldest_driver(release, device);
  const auto is_older = oldest ? is_older_driver(driver, *oldest) : false;
  if (is_older == false) return {Verdict::yes, {}, {release.row}};
  const bool is_for_old = oldest != release.min_driver;
  return {is_older ? Verdict::no : Verdict::unknown,
          fmt::format("{} {} needs driver {}{}; this one is {}",
                      release.runtime,
                      release.release,
                      oldest->text(),
                      is_for_old ? fmt::format(" on compute capability {}", device.text()) : "",
                      driver.text()),
          {release.row}};
}

Ruling quantisation_runs(const Catalog& catalog, std::string_view method, const Version& device) {
  const QuantisationLimit* const known = catalog.find_quantisation(method);
  if (known == nullptr) {
    return {Verdict::unknown,
            fmt::format("nothing is known of `{}`", printable(method)),
            {&catalog.fact_row("vllm.fp8_bf16")}};
  }
  if (!known->min_cc) {
    return {Verdict::yes, fmt::format("{} runs on any GPU", known->title), {known->row}};
  }
  const bool runs = device >= *known->min_cc;
  const std::string_view note = known->row->at("note");
  return {runs ? Verdict::yes : Verdict::no,
          fmt::format("{} needs compute capability {}; this is {}{}{}",
                      known->title,
                      known->min_cc->text(),
                      device.text(),
                      runs || note.empty() ? "" : "; ",
                      runs ? "" : note),
          {known->row}};
}

Ruling bfloat16_runs(const Catalog& catalog, const ServingRuntime& runtime, const Version& device) {
  Ruling ruling = quantisation_runs(catalog, "bf16", device);
  const bool is_replaced = runtime.memory.bfloat16 == RuntimeMemory::Bfloat16::replaced;
  if (ruling.verdict == Verdict::yes || !is_replaced) return ruling;
  ruling.verdict = Verdict::yes;
  ruling.reason = fmt::format("{} computes in float16 where a GPU has no bfloat16", runtime.title);
  return ruling;
}

namespace {

// 12.8 of `12.1+ (built with 12.8)`; nullopt where the row does not say it of `major`.
std::optional<Version> built_with(const FrameworkRelease& release, unsigned major) {
  constexpr std::string_view mark = "(built with ";
  for (std::string_view text : split(release.row->at("cuda"), ',')) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) continue;
    text.remove_prefix(at + mark.size());
    const auto version = Version::parse(text.substr(0, text.find(')')));
    if (version && version->part(0) == major) return version;
  }
  return std::nullopt;
}

}  // namespace

Ruling framework_runs(const Catalog& catalog,
                      const FrameworkRelease& release,
                      std::size_t build,
                      const Version& device) {
  const Version& cuda = release.builds[build];
  if (build < release.min_cc.size() && device < release.min_cc[build]) {
    return {Verdict::no,
            fmt::format("{} {} for CUDA {} needs compute capability {}; this is {}",
                        release.framework,
                        release.release,
                        cuda.part(0),
                        release.min_cc[build].text(),
                        device.text()),
            {release.row}};
  }
  Ruling compiles = toolkit_supports_gpu(catalog, cuda, device);
  const Architecture* const known = catalog.find_architecture(device);
  const bool is_newer = known != nullptr && known->first_cuda > cuda;
  if (compiles.verdict != Verdict::no || !is_newer) return compiles;
  const auto toolkit = built_with(release, cuda.part(0));
  if (toolkit && *toolkit >= known->first_cuda)
    return toolkit_supports_gpu(catalog, *toolkit, device);
  return {Verdict::unknown,
          fmt::format("{} {} is older than {}: it runs there from PTX, if at all",
                      release.framework,
                      release.release,
                      known->architecture),
          {release.row, known->row, &catalog.fact_row("tensorflow.archs")}};
}

Ruling tensorrt_runs(const Catalog& catalog, const Version& tensorrt, const Version& device) {
  const TensorRtRelease* row = nullptr;
  for (const TensorRtRelease& other : catalog.tensorrt_releases()) {
    const bool is_known = !other.oss_sm.empty() && other.tensorrt <= tensorrt;
    if (is_known && (row == nullptr || other.tensorrt > row->tensorrt)) row = &other;
  }
  if (row == nullptr) {
    return {Verdict::unknown,
            fmt::format("nothing is known of TensorRT {}", tensorrt.text()),
            {&catalog.fact_row("cuda.cubin")}};
  }
  const Version& oldest = *std::min_element(row->oss_sm.begin(), row->oss_sm.end());
  return {device < oldest ? Verdict::no : Verdict::yes,
          fmt::format("TensorRT {} is for compute capability {} and up; this is {}",
                      tensorrt.text(),
                      oldest.text(),
                      device.text()),
          {row->row}};
}

}  // namespace mlpack
