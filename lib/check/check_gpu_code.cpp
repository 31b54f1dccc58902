#include "lib/check/check.h"
#include "lib/check/cuda_facts.h"
#include "lib/check/loader.h"
#include "lib/check/used_files.h"
#include "lib/resolve/rules_code.h"
#include "lib/resolve/rules_driver.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

namespace mlpack {
namespace {

using namespace std::string_view_literals;
using Level = Finding::Level;

std::optional<Version> version_of_sm(unsigned sm) {
  return Version::parse(fmt::format("{}.{}", sm / 10, sm % 10));
}

CodeTarget::Reach reach_of_code(const ElfGpuCode& code) {
  if (code.reach == ElfGpuCode::Reach::exact) return CodeTarget::Reach::exact;
  return code.reach == ElfGpuCode::Reach::family ? CodeTarget::Reach::family
                                                 : CodeTarget::Reach::plain;
}

std::string targets_text(const ElfFacts& elf) {
  std::vector<std::string> texts;
  for (const ElfGpuCode& code : elf.gpu_code) {
    const auto version = version_of_sm(code.sm);
    if (!version || code.content == ElfGpuCode::Content::stub) continue;
    const char* const kind = code.kind == ElfGpuCode::Kind::ptx   ? "PTX "
                             : code.kind == ElfGpuCode::Kind::lto ? "LTO "
                                                                  : "";
    texts.push_back(kind + CodeTarget{*version, reach_of_code(code)}.text());
  }
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return join(texts, ", ");
}

// What one library has for one machine.
enum class Fit {
  runs,
  compiled,           // by the driver, when it is first used
  compiled_by_newer,  // the driver is too old to compile it
  driver_unknown,     // the driver would have to compile it
  made_at_run_time,   // no code fits, and it makes its own
  specialised,        // no code fits, all of it is for single GPUs or families
  no_code
};

struct FitText {
  std::string_view id;
  Level level;
  std::string_view what;
  std::string_view why;
  std::string_view fix;
};

// In the order of Fit.
constexpr std::string_view other_build = "install a build with code for that GPU";
constexpr std::array<FitText, 7> fit_texts{{
    {},
    {"gpu-code-compiled",
     Level::warning,
     "the driver compiles code of {files} for {gpu}",
     "the first start takes longer",
     other_build},
    {"gpu-code-too-new",
     Level::error,
     "the driver cannot compile the code of {files} for {gpu}",
     "its PTX is of a newer CUDA than the driver's, which ends in error 222",
     "use a newer driver, or a build with code for that GPU"},
    {"gpu-code-driver-unknown",
     Level::info,
     "the driver has to compile code of {files} for {gpu}",
     "whether it can depends on its version",
     "say the oldest driver with `--driver`, or with `driver` in `fleet`"},
    {"gpu-code-made",
     Level::warning,
     "there is no code for {gpu} in {files}",
     "it can make some when it runs",
     other_build},
    {"gpu-code-specialised",
     Level::warning,
     "there is no code for {gpu} in {files}",
     "all of it is for single GPUs or families, so that it may not be used on others",
     "make sure that the program does without it there"},
    {"gpu-code-missing",
     Level::error,
     "there is no code for {gpu} in {files}",
     "CUDA fails with error 209: no kernel image is available",
     "install a build with code for that GPU, or take the GPU out of the fleet"},
}};

// Libraries of NVIDIA that frameworks are linked with, and use for a feature alone that they have
// on some GPUs only: sparse matrices, profiling, memory of several machines.
constexpr std::array feature_libraries{"libcusparseLt.so"sv,
                                       "libcheckpoint.so"sv,
                                       "libpcsamplingutil.so"sv,
                                       "libnvshmem"sv,
                                       "libcufile"sv};

bool is_feature_library(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::any_of(feature_libraries.begin(),
                     feature_libraries.end(),
                     [&](std::string_view known) { return name.starts_with(known); });
}

// What becomes of a program where the code of a library does not fit.
enum class Need { all, feature, unknown };

std::string_view need_text(Need need) {
  if (need == Need::feature) return "; but programs can do without it";
  return need == Need::unknown ? "; but nothing that is started is known to load it" : "";
}

// Libraries of one machine of which the same is to be said.
using FitGroup = std::tuple<const CheckMachine*, Fit, Need>;

class CodeCheck {
 public:
  explicit CodeCheck(const CheckInput& input)
      : input_(input),
        compat_(cuda_facts(input.catalog, input.files, input.config).compat),
        searched_(searched_folders(input)) {}

  Findings run() {
    for (const auto& [path, file] : input_.files.read()) {
      if (!file->content->elf || !has_kernels(*file->content->elf)) continue;
      for (const CheckMachine& machine : input_.fleet) {
        if (machine.gpu == nullptr) continue;
        const Fit found = fit(*file->content->elf, machine);
        by_fit_[{&machine, found, need_of(found, *file)}].push_back(file);
      }
    }
    for (const auto& [group, files] : by_fit_)
      add(group, files);
    return std::move(findings_);
  }

 private:
  static bool is_launchable(const ElfGpuCode& code) {
    return code.linkage == ElfGpuCode::Linkage::launchable &&
           code.content == ElfGpuCode::Content::code;
  }
  static bool has_kernels(const ElfFacts& elf) {
    return std::any_of(elf.gpu_code.begin(), elf.gpu_code.end(), is_launchable);
  }

  // Of what is no error anyhow it does not matter.
  Need need_of(Fit fit, const FileFacts& file) {
    if (fit == Fit::runs || fit_texts[static_cast<std::size_t>(fit)].level != Level::error) {
      return Need::all;
    }
    if (is_feature_library(file.path)) return Need::feature;
    if (!used_) {
      Loader loader(input_, Loader::Cache::made_by_toolkit);
      used_.emplace(input_, loader);
    }
    return used_->contains(file) ? Need::all : Need::unknown;
  }

  // The CUDA version of the toolkit that wrote it.
  std::optional<Version> maker_of(const ElfGpuCode& code) const {
    const CatalogTable* const table = input_.catalog.find_table("ptx_versions");
    const std::string name = fmt::format("{}.{}", code.isa_major, code.isa_minor);
    if (table == nullptr) return std::nullopt;
    for (const CatalogRow& row : table->rows)
      if (row.name == name) return Version::parse(row.at("cuda"));
    return std::nullopt;
  }

  Fit fit(const ElfFacts& elf, const CheckMachine& machine) const {
    const Version& device = machine.gpu->compute_capability;
    Fit best = Fit::no_code;
    bool is_special = true;
    bool has_lto = false;
    for (const ElfGpuCode& code : elf.gpu_code) {
      const auto version = version_of_sm(code.sm);
      if (!is_launchable(code) || !version) continue;
      is_special = is_special && code.reach != ElfGpuCode::Reach::plain;
      has_lto = has_lto || (code.kind == ElfGpuCode::Kind::lto && *version <= device);
      const CodeTarget target{*version, reach_of_code(code)};
      if (code.kind == ElfGpuCode::Kind::binary &&
          cubin_runs(input_.catalog, target, device).verdict == Verdict::yes) {
        return Fit::runs;
      }
      if (code.kind == ElfGpuCode::Kind::ptx)
        best = std::min(best, fit_of_ptx(code, target, machine));
    }
    if (best != Fit::no_code) return best;
    const bool makes_code = std::any_of(elf.needed.begin(), elf.needed.end(), [](const auto& name) {
      return name.starts_with("libnvrtc.so") || name.starts_with("libnvJitLink.so");
    });
    if (makes_code || has_lto) return Fit::made_at_run_time;
    return is_special ? Fit::specialised : Fit::no_code;
  }

  // The CUDA version whose PTX is compiled there. A libcuda of the image's own is used where the
  // loader finds it, or the container toolkit, which looks in its usual folder.
  std::optional<Version> compiler_of(const CheckMachine& machine) const {
    if (!machine.driver) return std::nullopt;
    auto best = native_cuda(input_.catalog, *machine.driver);
    for (const CompatLibrary& library : compat_) {
      if (!takes(library, machine)) continue;
      const auto found = ptx_compiler(input_.catalog, *machine.driver, *machine.gpu, library.cuda);
      if (!found) return std::nullopt;
      if (!best || *found > *best) best = found;
    }
    return best;
  }

  bool takes(const CompatLibrary& library, const CheckMachine& machine) const {
    const auto& branches = library.branches;
    const bool says_no =
        !branches.empty() &&
        std::find(branches.begin(), branches.end(), machine.driver->part(0)) == branches.end();
    return !says_no && (library.folder.ends_with("/compat") || searched_.contains(library.folder));
  }

  Fit fit_of_ptx(const ElfGpuCode& code,
                 const CodeTarget& target,
                 const CheckMachine& machine) const {
    const auto maker = maker_of(code);
    const Version& device = machine.gpu->compute_capability;
    const auto driver = compiler_of(machine);
    if (!maker) {
      const bool reaches = target.reach == CodeTarget::Reach::plain && device >= target.capability;
      return reaches ? Fit::driver_unknown : Fit::no_code;
    }
    const Verdict verdict = ptx_runs(input_.catalog, target, *maker, device, driver).verdict;
    if (verdict == Verdict::yes) return Fit::compiled;
    if (verdict == Verdict::unknown) return Fit::driver_unknown;
    // No for the device, or for the driver: which of both an endless driver tells.
    const auto any = Version::parse("999999.0");
    return ptx_runs(input_.catalog, target, *maker, device, any).verdict == Verdict::yes
               ? Fit::compiled_by_newer
               : Fit::no_code;
  }

  void add(const FitGroup& group, const std::vector<const FileFacts*>& files) {
    const auto& [place, fit, need] = group;
    const CheckMachine& machine = *place;
    if (fit == Fit::runs) return;
    const std::string gpu =
        fmt::format("{} ({})", machine.gpu->name, machine.gpu->compute_capability.text());
    const std::string first = fmt::format("`/{}`", printable(files.front()->path));
    const std::string names =
        files.size() == 1 ? first : fmt::format("{} and {} more", first, files.size() - 1);
    const FitText& text = fit_texts[static_cast<std::size_t>(fit)];
    Finding& finding = findings_.emplace_back();
    finding.id = text.id;
    finding.level = need == Need::all ? text.level : Level::warning;
    finding.is_unknown = fit == Fit::driver_unknown;
    finding.file = files.front()->path;
    finding.what =
        fmt::format(fmt::runtime(text.what), fmt::arg("files", names), fmt::arg("gpu", gpu));
    finding.why = fmt::format("{} has code for {}; {}{}",
                              first,
                              targets_text(*files.front()->content->elf),
                              text.why,
                              need_text(need));
    finding.fix = text.fix;
  }

  const CheckInput& input_;
  std::vector<CompatLibrary> compat_;
  std::set<std::string> searched_;  // by the loader, real
  std::map<FitGroup, std::vector<const FileFacts*>> by_fit_;
  std::optional<UsedFiles> used_;
  Findings findings_;
};

}  // namespace

Findings check_gpu_code(const CheckInput& input) {
  return CodeCheck(input).run();
}

}  // namespace mlpack
