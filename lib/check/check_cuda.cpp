#include "lib/check/check.h"
#include "lib/check/cuda_facts.h"
#include "lib/check/loader.h"
#include "lib/resolve/rules_driver.h"
#include "lib/resolve/rules_library.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlpack {
namespace {

using Level = Finding::Level;

std::string machine_text(const CheckMachine& machine) {
  return machine.driver
             ? fmt::format("{} with driver {}", machine.gpu->name, machine.driver->text())
             : std::string(machine.gpu->name);
}

class CudaCheck {
 public:
  explicit CudaCheck(const CheckInput& input)
      : input_(input), facts_(cuda_facts(input.catalog, input.files, input.config)) {}

  Findings run() {
    check_majors(facts_.cuda, "CUDA", "cuda-majors");
    check_majors(facts_.cudnn, "cuDNN", "cudnn-majors");
    check_majors(facts_.nccl, "NCCL", "nccl-majors");
    check_majors(facts_.tensorrt, "TensorRT", "tensorrt-majors");
    check_twice();
    searched_ = searched_folders(input_);
    check_stubs();
    check_capabilities();
    check_fleet();
    for (const CheckMachine& machine : input_.fleet) {
      if (machine.gpu == nullptr) continue;
      check_compat(machine);
      check_driver(machine);
      check_cudnn(machine);
    }
    return std::move(findings_);
  }

 private:
  void add(std::string id, Level level, std::string what, std::string why, std::string fix) {
    Finding& finding = findings_.emplace_back();
    finding.id = std::move(id);
    finding.level = level;
    finding.what = std::move(what);
    finding.why = std::move(why);
    finding.fix = std::move(fix);
  }

  // Two in one Python environment are loaded into one process; one in the system beside it mostly
  // is not.
  void check_majors(const std::vector<MajorLibrary>& libraries,
                    std::string_view what,
                    const std::string& id) {
    std::map<std::uint64_t, std::string> first;
    std::map<std::string, std::set<std::uint64_t>> by_place;
    for (const MajorLibrary& library : libraries) {
      first.emplace(library.major, library.path);
      by_place[library.place].insert(library.major);
    }
    if (first.size() < 2) return;
    const bool is_mixed = std::any_of(by_place.begin(), by_place.end(), [](const auto& entry) {
      return entry.second.size() > 1;
    });
    std::vector<std::string> places;
    for (const auto& [major, path] : first)
      places.push_back(fmt::format("{} (`/{}`)", major, printable(path)));
    add(id,
        is_mixed ? Level::error : Level::warning,
        fmt::format("the image has {} of several majors: {}", what, join(places, " and ")),
        "libraries made for different ones do not work together in one process",
        fmt::format("install builds for one major of {}", what));
  }

  // Of one soname, which a wheel of NVIDIA's brings and the image has elsewhere too.
  void check_twice() {
    std::map<std::string_view, const FileFacts*> of_wheels;
    for (const auto& [path, file] : input_.files.read()) {
      if (is_of_wheel(path) && has_soname(*file)) of_wheels[file->content->elf->soname] = file;
    }
    std::map<std::string_view, const FileFacts*> others;
    for (const auto& [path, file] : input_.files.read()) {
      if (is_of_wheel(path) || is_stub(path) || !has_soname(*file)) continue;
      const std::string_view soname = file->content->elf->soname;
      if (of_wheels.contains(soname)) others.emplace(soname, file);
    }
    if (others.empty()) return;
    std::uint64_t bytes = 0;
    for (const auto& [soname, file] : others)
      bytes += file->size;
    const FileFacts& first = *others.begin()->second;
    add("cuda-libraries-twice",
        Level::info,
        fmt::format(
            "wheels bring {} librar{} of NVIDIA that the image has a second time, {}: `/{}` "
            "is one",
            others.size(),
            others.size() == 1 ? "y" : "ies",
            human_size(bytes),
            printable(first.path)),
        "PyTorch and its like load those of the wheels; the others are carried for nothing, unless "
        "another program needs them",
        "build on an image without them: one of Python alone, or `nvidia/cuda` with `base` in its "
        "tag");
    findings_.back().file = first.path;
  }

  static bool is_of_wheel(std::string_view path) {
    return path.find("-packages/nvidia/") != std::string_view::npos;
  }
  static bool is_stub(std::string_view path) {
    return path.find("/stubs/") != std::string_view::npos;
  }
  static bool has_soname(const FileFacts& file) {
    return file.content && file.content->elf && !file.content->elf->soname.empty();
  }

  void check_fleet() {
    if (!facts_.version || !input_.fleet.empty()) return;
    add("fleet-unknown",
        Level::info,
        fmt::format("the image has CUDA {}, and no GPU is named", facts_.version->text()),
        "what it runs on was not compared",
        "name the GPUs with `--gpu`, or a spec with a fleet with `--fleet`");
    findings_.back().is_unknown = true;
  }

  void check_stubs() {
    for (const std::string& folder : facts_.stub_folders) {
      if (!searched_.contains(folder)) continue;
      add("stub-on-path",
          Level::error,
          fmt::format("the loader looks in `/{}`, which holds a stub of libcuda",
                      printable(folder)),
          "the stub is loaded in place of the driver, and every call of CUDA fails with error 34",
          "take the folder out of LD_LIBRARY_PATH and ld.so.conf; it is for linking alone");
    }
  }

  // What the container toolkit brings of the driver: libcuda is `compute`.
  void check_capabilities() {
    const auto value = input_.config.env_value("NVIDIA_DRIVER_CAPABILITIES");
    if (!value || value->empty() || !facts_.version) return;
    const auto names = split(*value, ',');
    const bool has_compute = std::any_of(names.begin(), names.end(), [](std::string_view name) {
      return trim(name) == "compute" || trim(name) == "all";
    });
    if (has_compute) return;
    add("driver-capabilities",
        Level::error,
        fmt::format("`NVIDIA_DRIVER_CAPABILITIES` is `{}`, without `compute`", printable(*value)),
        "the container toolkit leaves libcuda out, and CUDA finds no driver",
        "make it `compute,utility`, or leave it out");
  }

  void check_compat(const CheckMachine& machine) {
    if (!machine.driver) return;
    const auto native = native_cuda(input_.catalog, *machine.driver);
    for (const CompatLibrary& library : facts_.compat) {
      const bool is_searched = searched_.contains(library.folder);
      const bool is_hooked = library.folder.ends_with("/compat");
      if (!native || !library.cuda || (!is_searched && !is_hooked)) continue;
      if (*library.cuda > *native) {
        check_newer(machine, library, is_searched);
      } else if (is_searched && library.branch != 0 && library.branch < machine.driver->part(0)) {
        add("compat-803",
            Level::error,
            fmt::format("`/{}` is older than the driver of {}",
                        printable(library.path),
                        machine_text(machine)),
            "it is loaded in place of the driver's own, and CUDA fails with error 803",
            "take its folder out of LD_LIBRARY_PATH and ld.so.conf, or the package out of the "
            "image");
      }
    }
  }

  void check_newer(const CheckMachine& machine, const CompatLibrary& library, bool is_searched) {
    using Forward = Gpu::ForwardCompat;
    const Level level = is_searched ? Level::error : Level::warning;
    if (machine.gpu->forward_compat == Forward::no) {
      return add("compat-804",
                 level,
                 fmt::format("`/{}` is not for {}", printable(library.path), machine_text(machine)),
                 "forward compatibility is for data-centre GPUs; CUDA fails with error 804",
                 "leave the compat package out, and take a CUDA that the driver has itself");
    }
    const auto& taken = library.branches;
    const bool says_no =
        !taken.empty() &&
        std::find(taken.begin(), taken.end(), machine.driver->part(0)) == taken.end();
    const Ruling ruling =
        forward_compatibility(input_.catalog, *library.cuda, *machine.driver, *machine.gpu);
    if (!says_no && (!taken.empty() || ruling.verdict != Verdict::no)) return;
    add("compat-803",
        level,
        fmt::format(
            "`/{}` does not take the driver of {}", printable(library.path), machine_text(machine)),
        says_no ? "its branch is not among those that the library names; CUDA fails with error 803"
                : ruling.reason,
        "use a newer driver, or an image for an older CUDA");
  }

  void check_driver(const CheckMachine& machine) {
    if (!facts_.version) return;
    if (!machine.driver) {
      Finding& finding = findings_.emplace_back();
      finding.id = "driver-unknown";
      finding.level = Level::info;
      finding.what = fmt::format("nothing is said of the driver of {}", machine.gpu->name);
      const auto floor = driver_floor(input_.catalog, *facts_.version, *machine.gpu);
      finding.why = floor ? fmt::format("CUDA {} needs driver {} or newer",
                                        facts_.version->text(),
                                        floor->driver.text())
                          : fmt::format("CUDA {} needs a driver", facts_.version->text());
      finding.fix = "say the oldest one with `--driver`, or with `driver` in `fleet`";
      finding.is_unknown = true;
      return;
    }
    const CompatInImage compat = facts_.compat.empty() ? CompatInImage::no : CompatInImage::yes;
    const Ruling ruling =
        driver_runs_cuda(input_.catalog, *facts_.version, *machine.driver, *machine.gpu, compat);
    if (ruling.verdict == Verdict::yes) return;
    const bool is_no = ruling.verdict == Verdict::no;
    add("driver-too-old",
        is_no ? Level::error : Level::info,
        fmt::format("CUDA {} {} on {}",
                    facts_.version->text(),
                    is_no ? "does not run" : "is not known to run",
                    machine_text(machine)),
        ruling.reason,
        "use a newer driver, or an image for an older CUDA");
    findings_.back().is_unknown = !is_no;
  }

  // Where it is no code of its own that does not fit, it is a part of the image at most.
  void check_cudnn(const CheckMachine& machine) {
    if (!facts_.cudnn_version || !facts_.version) return;
    const Ruling ruling = cudnn_runs(
        input_.catalog, *facts_.cudnn_version, *facts_.version, machine.gpu->compute_capability);
    if (ruling.verdict != Verdict::no) return;
    add("cudnn-gpu",
        Level::warning,
        fmt::format("cuDNN {} is not for {}", facts_.cudnn_version->text(), machine.gpu->name),
        ruling.reason + "; what uses it fails, convolutions of frameworks first",
        "install a build with an older cuDNN, or take the GPU out of the fleet");
  }

  const CheckInput& input_;
  CudaFacts facts_;
  std::set<std::string> searched_;  // by the loader, real
  Findings findings_;
};

}  // namespace

Findings check_cuda(const CheckInput& input) {
  return CudaCheck(input).run();
}

}  // namespace mlpack
