#include "lib/check/host.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace mlpack {
namespace {

using Level = Finding::Level;
using Outcome = Answer::Outcome;

struct CodeText {
  int code;
  std::string_view text;
};

// What the codes mean that a host can be blamed for.
constexpr std::array nvml_codes{
    CodeText{4, "this user may not ask the driver"},
    CodeText{6, "it found no GPU"},
    CodeText{9, "the driver is not loaded"},
    CodeText{12, "a library of the driver is missing"},
    CodeText{15, "a GPU is lost"},
    CodeText{16, "a GPU has to be reset"},
    CodeText{17, "the operating system keeps a GPU from it"},
    CodeText{18, "the kernel's module and the library are of different versions"}};
constexpr std::array cuda_codes{
    CodeText{2, "there is no memory left"},
    CodeText{3, "it was not initialised"},
    CodeText{34, "it is the stub that is only for linking"},
    CodeText{46, "the GPUs are in use or may not be used"},
    CodeText{100, "it found no GPU"},
    CodeText{101, "a GPU cannot be used"},
    CodeText{802, "the system is not ready: the fabric manager has not done its work"},
    CodeText{803, "the kernel's module and the library are of different versions"},
    CodeText{804, "a compat package is used on a GPU that it is not for"},
    CodeText{805, "the MPS server cannot be reached"},
    CodeText{999, "something went wrong in the driver"}};

template <std::size_t count>
std::string meaning(const std::array<CodeText, count>& codes, int code) {
  for (const CodeText& each : codes)
    if (each.code == code) return std::string(each.text);
  return "see the documentation of the code";
}

class HostLibraryCheck {
 public:
  explicit HostLibraryCheck(const HostInput& input) : facts_(input.facts) {}

  Findings run() {
    if (!facts_.has_gpu()) return {};
    check_versions();
    check_missing();
    check_nvml();
    check_cuda();
    return findings_.take();
  }

 private:
  void check_versions() {
    const auto& module = facts_.driver.module_version;
    if (!module) return;
    std::map<std::string, std::vector<std::string>> others;
    bool has_same = false;
    for (const DriverLibrary& library : facts_.driver.libraries) {
      has_same = has_same || library.version == *module;
      if (library.version != *module)
        others[std::string(library.version.text())].push_back(library.path);
    }
    const bool says_so = facts_.nvml.answer.code == 18 || facts_.cuda.answer.code == 803;
    if (others.empty() || (has_same && !says_so)) {
      if (says_so) add_mismatch("another version");
      return;
    }
    add_mismatch(fmt::format("{} (`{}`)", others.begin()->first, others.begin()->second.front()));
  }

  void add_mismatch(const std::string& other) {
    is_mismatch_ = true;
    findings_.add("driver-mismatch",
                  Level::error,
                  fmt::format("the kernel runs driver {}, and its libraries are {}",
                              facts_.driver.module_version->text(),
                              other),
                  "after an update the old module stays loaded; NVML ends with 18, CUDA with 803",
                  {"reboot, so that the new module is loaded", {"sudo reboot"}});
  }

  void check_missing() {
    const bool is_asked = facts_.nvml.answer.outcome != Outcome::unasked;
    const bool is_absent = facts_.nvml.answer.outcome == Outcome::missing &&
                           facts_.cuda.answer.outcome == Outcome::missing;
    if (!facts_.driver.libraries.empty() || (is_asked && !is_absent)) return;
    if (facts_.system.kind == SystemFacts::Kind::wsl && !is_asked) return;
    if (facts_.system.kind == SystemFacts::Kind::jetson || !is_loaded()) return;
    findings_.add("driver-libraries-missing",
                  Level::error,
                  "the driver's libraries (libcuda, libnvidia-ml) are not there",
                  "the kernel's module is loaded, and containers get the libraries from the host",
                  {"install the libraries of the same version as the module"});
  }

  bool is_loaded() const {
    return facts_.driver.module_version || facts_.system.kind == SystemFacts::Kind::wsl;
  }

  void check_nvml() {
    const Answer& answer = facts_.nvml.answer;
    if (answer.outcome == Outcome::hung || answer.outcome == Outcome::crashed) {
      add_fatal("nvml-hangs", "nvml-crashes", "NVML", answer);
    } else if (answer.outcome == Outcome::failed && is_worth_telling(answer.code == 18)) {
      findings_.add("nvml-fails",
                    Level::error,
                    fmt::format("NVML ends with error {}", answer.code),
                    meaning(nvml_codes, answer.code),
                    {"look at what the kernel says", {"sudo dmesg | grep NVRM"}});
    } else if (answer.outcome == Outcome::unasked) {
      findings_.add("driver-not-asked",
                    Level::info,
                    "NVML was not asked",
                    "these are the files of a host; the state of its GPUs is not among them",
                    {"capture the host with `mlpack doctor --capture DIR`"});
    }
  }

  void check_cuda() {
    const Answer& answer = facts_.cuda.answer;
    if (answer.outcome == Outcome::hung || answer.outcome == Outcome::crashed) {
      add_fatal("cuda-hangs", "cuda-crashes", "CUDA", answer);
    } else if (answer.outcome == Outcome::failed && answer.code == 34) {
      findings_.add("cuda-stub",
                    Level::error,
                    "the loader finds the stub of libcuda before the driver's",
                    "the stub is for linking alone: every call ends with error 34",
                    {"take the folder `stubs` out of LD_LIBRARY_PATH and ld.so.conf"});
    } else if (answer.outcome == Outcome::failed && answer.code == 802) {
      return;  // the fabric's checks tell of it
    } else if (answer.outcome == Outcome::failed && is_worth_telling(answer.code == 803)) {
      findings_.add("cuda-fails",
                    Level::error,
                    fmt::format("CUDA ends with error {}", answer.code),
                    meaning(cuda_codes, answer.code),
                    {"look at what the kernel says", {"sudo dmesg | grep NVRM"}});
    }
  }

  // Without a module, or with another one, they cannot but fail.
  bool is_worth_telling(bool is_mismatch_code) const {
    return is_loaded() && !(is_mismatch_ && is_mismatch_code);
  }

  void add_fatal(const std::string& hangs,
                 const std::string& crashes,
                 std::string_view name,
                 const Answer& answer) {
    const bool is_hung = answer.outcome == Outcome::hung;
    findings_.add(
        is_hung ? hangs : crashes,
        Level::error,
        is_hung ? fmt::format("{} does not answer", name)
                : fmt::format("{} crashes with signal {}", name, answer.code),
        is_hung ? "a GPU or the driver is stuck; every program that uses it will be, too"
                : "its library does not fit the module, or is damaged",
        {"look at what the kernel says, and reboot", {"sudo dmesg | grep NVRM", "sudo reboot"}});
  }

  const HostFacts& facts_;
  HostFindings findings_;
  bool is_mismatch_ = false;
};

}  // namespace

Findings check_host_libraries(const HostInput& input) {
  return HostLibraryCheck(input).run();
}

}  // namespace mlpack
