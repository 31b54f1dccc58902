#include "lib/check/check.h"
#include "lib/check/process.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace mlpack {
namespace {

using namespace std::string_view_literals;
using Level = Finding::Level;

constexpr std::array compilers{"gcc"sv, "cc"sv, "clang"sv};
// Servers that compile kernels of Triton whenever they start, if they are not told otherwise.
constexpr std::array compiling{"vllm"sv, "sglang"sv};
constexpr std::array eager_flags{"--enforce-eager"sv, "--disable-cuda-graph"sv};

class PythonCheck {
 public:
  explicit PythonCheck(const CheckInput& input) : input_(input) {}

  Findings run() {
    for (const auto& [path, file] : input_.files.all())
      note(path);
    for (const auto& [place, names] : packages_) {
      check_onnxruntime(place, names);
      check_triton(place, names);
      check_flashinfer(place, names);
    }
    check_bytecode();
    return std::move(findings_);
  }

 private:
  using Names = std::set<std::string, std::less<>>;

  // `…/site-packages/onnxruntime_gpu-1.20.0.dist-info/METADATA`
  void note(const std::string& path) {
    if (path.ends_with("/Python.h")) has_headers_ = true;
    if (path.ends_with(".pyc")) note_bytecode(path);
    if (!path.ends_with(".dist-info/METADATA")) return;
    const std::size_t end = path.rfind('/');
    const std::size_t begin = path.rfind('/', end - 1) + 1;
    std::string name = to_lower(path.substr(begin, path.find('-', begin) - begin));
    packages_[path.substr(0, begin)].insert(std::move(name));
  }

  // `lib/python3.12/…/__pycache__/x.cpython-311.pyc`: only Python 3.11 would read it.
  void note_bytecode(const std::string& path) {
    constexpr std::string_view folder = "/python3.";
    constexpr std::string_view tag = ".cpython-3";
    const std::size_t at = path.find(folder);
    const std::size_t tagged = path.rfind(tag);
    if (at == std::string::npos || tagged == std::string::npos || tagged < at) return;
    const std::size_t minor = at + folder.size();
    const std::string here = path.substr(minor, path.find('/', minor) - minor);
    const std::size_t other = tagged + tag.size();
    const std::string there = path.substr(other, path.find_first_of(".-", other) - other);
    if (!parse_number(here, 99) || !parse_number(there, 99) || here == there) return;
    auto& [count, first] = bytecode_[{path.substr(0, minor + here.size()), there}];
    if (count++ == 0) first = path;
  }

  void check_bytecode() {
    for (const auto& [key, found] : bytecode_) {
      const auto& [place, minor] = key;
      Finding& finding = add("bytecode-of-other-python",
                             Level::warning,
                             fmt::format("`/{}` has {} compiled {} of Python 3.{}",
                                         printable(place),
                                         found.first,
                                         found.first == 1 ? "module" : "modules",
                                         minor));
      finding.why =
          "its Python does not read them: it compiles every module again, at each start "
          "where it may not write";
      finding.fix = "take them out, or compile with the Python that runs (`python -m compileall`)";
      finding.file = found.second;
    }
  }

  Finding& add(std::string id, Level level, std::string what) {
    Finding& finding = findings_.emplace_back();
    finding.id = std::move(id);
    finding.level = level;
    finding.what = std::move(what);
    return finding;
  }

  void check_onnxruntime(const std::string& place, const Names& names) {
    if (!names.contains("onnxruntime") || !names.contains("onnxruntime_gpu")) return;
    Finding& finding =
        add("onnxruntime-twice",
            Level::error,
            fmt::format("`/{}` has onnxruntime beside onnxruntime-gpu", printable(place)));
    finding.why =
        "both are the module `onnxruntime`: the one that came last wins, and models may "
        "run on the CPU without a word";
    finding.fix = "install one of them";
    finding.file = place;
  }

  bool is_there(const std::string& name) const {
    const FileFacts* const file = find_program(input_, name);
    return file != nullptr && (file->mode & 0111U) != 0;
  }

  bool has_compiler() const {
    const std::string chosen = input_.config.env_value("CC").value_or("");
    const std::string program = chosen.substr(0, chosen.find(' '));
    if (!program.empty()) return is_there(program);
    return std::any_of(compilers.begin(), compilers.end(), [&](std::string_view name) {
      return is_there(std::string(name));
    });
  }

  // Triton builds a launcher in C for every kernel that it compiles (triton, runtime/build.py).
  void check_triton(const std::string& place, const Names& names) {
    const bool is_used = names.contains("torch") && names.contains("triton");
    const std::vector<std::string> words = command_words(input_.config);
    const bool is_eager = std::any_of(words.begin(), words.end(), [](const std::string& word) {
      return std::find(eager_flags.begin(), eager_flags.end(), word) != eager_flags.end();
    });
    if (!is_used || is_eager || !input_.may_have_gpu()) return;
    std::vector<std::string> missing;
    if (!has_compiler()) missing.emplace_back("compiler of C");
    if (!has_headers_) missing.emplace_back("Python.h");
    if (missing.empty()) return;
    const bool is_needed = std::any_of(
        compiling.begin(), compiling.end(), [&](auto name) { return names.contains(name); });
    Finding& finding = add("compiler-missing",
                           is_needed ? Level::error : Level::warning,
                           fmt::format("`/{}` has Triton, and the image has no {}",
                                       printable(place),
                                       join(missing, " and no ")));
    finding.why = is_needed
                      ? "its server compiles kernels when it starts, and builds a launcher in C "
                        "for each"
                      : "torch.compile() and kernels of Triton build a launcher in C, and fail";
    finding.fix = "add gcc, libc6-dev and python3-dev, or start the server without compiling";
    finding.file = place;
  }

  void check_flashinfer(const std::string& place, const Names& names) {
    const bool has_kernels =
        names.contains("flashinfer_jit_cache") || names.contains("flashinfer_cubin");
    if (!names.contains("flashinfer_python") || has_kernels || !input_.may_have_gpu()) return;
    const std::string home = input_.config.env_value("CUDA_HOME").value_or("/usr/local/cuda");
    if (is_there("nvcc") || is_there(home + "/bin/nvcc")) return;
    Finding& finding = add(
        "flashinfer-without-kernels",
        Level::warning,
        fmt::format("`/{}` has FlashInfer, and neither its kernels nor nvcc", printable(place)));
    finding.why = "it compiles them when they are first used, and fails";
    finding.fix = "add flashinfer-jit-cache or flashinfer-cubin, or the compiler of CUDA";
    finding.file = place;
  }

  const CheckInput& input_;
  bool has_headers_ = false;
  std::map<std::string, Names> packages_;  // by folder
  // By folder and minor version: how many, and the first.
  std::map<std::pair<std::string, std::string>, std::pair<std::size_t, std::string>> bytecode_;
  Findings findings_;
};

}  // namespace

Findings check_python(const CheckInput& input) {
  return PythonCheck(input).run();
}

}  // namespace mlpack
