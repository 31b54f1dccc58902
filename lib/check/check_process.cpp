#include "lib/check/check.h"
#include "lib/check/process.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace mlpack {
namespace {

using namespace std::string_view_literals;
using Level = Finding::Level;

constexpr std::array path_lists{
    "LD_LIBRARY_PATH"sv, "LD_PRELOAD"sv, "LIBRARY_PATH"sv, "PATH"sv, "PYTHONPATH"sv};
constexpr std::array single_paths{"CUDA_HOME"sv, "CUDA_PATH"sv, "CUDA_ROOT"sv, "VIRTUAL_ENV"sv};
// Where libraries keep what they make while they run (documentation of each).
constexpr std::array caches{"CUDA_CACHE_PATH"sv,
                            "FLASHINFER_WORKSPACE_BASE"sv,
                            "NUMBA_CACHE_DIR"sv,
                            "OUTLINES_CACHE_DIR"sv,
                            "TORCHINDUCTOR_CACHE_DIR"sv,
                            "TORCH_EXTENSIONS_DIR"sv,
                            "TRITON_CACHE_DIR"sv,
                            "VLLM_CACHE_ROOT"sv,
                            "XDG_CACHE_HOME"sv};
constexpr std::array shells{"ash"sv, "bash"sv, "dash"sv, "sh"sv};

// What of ELF runs on a processor, by its name in platforms; amd64 and arm64 run the 32-bit
// programs of their families.
struct ProcessorCode {
  std::string_view architecture;
  unsigned machine;
  unsigned narrow;
  ElfFacts::Order order;
};
constexpr std::array processor_codes{
    ProcessorCode{"386", 3, 3, ElfFacts::Order::little},
    ProcessorCode{"amd64", 62, 3, ElfFacts::Order::little},
    ProcessorCode{"arm", 40, 40, ElfFacts::Order::little},
    ProcessorCode{"arm64", 183, 40, ElfFacts::Order::little},
    ProcessorCode{"loong64", 258, 258, ElfFacts::Order::little},
    ProcessorCode{"mips64le", 8, 8, ElfFacts::Order::little},
    ProcessorCode{"ppc64le", 21, 21, ElfFacts::Order::little},
    ProcessorCode{"riscv64", 243, 243, ElfFacts::Order::little},
    ProcessorCode{"s390x", 22, 22, ElfFacts::Order::big},
};

// Whether `program` does not run on `architecture`; of others than these nothing is said.
bool is_foreign(const ElfFacts& program, std::string_view architecture) {
  const auto* const code = std::find_if(
      processor_codes.begin(), processor_codes.end(), [&](const ProcessorCode& candidate) {
        return candidate.architecture == architecture;
      });
  if (code == processor_codes.end() || program.machine == 0) return false;
  return (program.machine != code->machine && program.machine != code->narrow) ||
         program.order != code->order;
}

// A path without what the loader itself puts something in place of (ld.so(8)).
std::string without_tokens(std::string text) {
  for (const std::string_view token : {"${ORIGIN}"sv, "${LIB}"sv, "${PLATFORM}"sv}) {
    for (std::size_t at = text.find(token); at != text.npos; at = text.find(token))
      text.erase(at, token.size());
  }
  return text;
}

class ProcessCheck {
 public:
  explicit ProcessCheck(const CheckInput& input) : input_(input) {}

  Findings run() {
    check_program();
    check_folder();
    check_user();
    for (const std::string_view name : path_lists)
      check_list(name);
    for (const std::string_view name : single_paths)
      check_single(name);
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

  void check_program() {
    const StartedProgram started = started_program(input_);
    if (started.words.empty()) {
      return add("no-command",
                 Level::error,
                 "the image says neither an entrypoint nor a command",
                 "a container of it starts only when a command is given to it",
                 "say what to start with `run` or `entrypoint`");
    }
    const std::string name = printable(started.words.front());
    if (started.file == nullptr) {
      return add("entrypoint-missing",
                 Level::error,
                 fmt::format("`{}` is not in the image", name),
                 "a container of it ends before it begins: no such file or directory",
                 "correct the entrypoint or PATH, or add the package that has the program");
    }
    if (!may_execute(input_.files, *started.file, account_)) return add_denied(*started.file);
    check_interpreter(started);
    check_env(started);
    check_shell(started);
  }

  // `env NAME=VALUE PROGRAM`; of its options nothing is said.
  void check_env(const StartedProgram& started) {
    if (!started.file->path.ends_with("/env")) return;
    const auto word = std::find_if(
        started.words.begin() + 1, started.words.end(), [](const std::string& candidate) {
          return candidate.find('=') == candidate.npos;
        });
    if (word == started.words.end() || word->starts_with('-')) return;
    if (find_program(input_, *word) != nullptr) return;
    add("entrypoint-missing",
        Level::error,
        fmt::format("`{}`, which env is to start, is not in the image", printable(*word)),
        "a container of it ends at once: no such file or directory",
        "correct the command or PATH, or add the package that has the program");
  }

  void check_interpreter(const StartedProgram& started) {
    for (const auto& [name, file] : started.interpreters) {
      if (file != nullptr && may_execute(input_.files, *file, account_)) continue;
      if (file != nullptr) return add_denied(*file);
      return add("interpreter-missing",
                 Level::error,
                 fmt::format("`{}`, which is to run `/{}`, is not in the image",
                             printable(name),
                             printable(started.file->path)),
                 "the kernel does not find it: no such file or directory",
                 "add the package that has it, or correct the first line of the script");
    }
    if (started.malformed != nullptr) return add_malformed(*started.malformed);
    if (started.is_endless) return add_endless(*started.file);
    const FileFacts* const program = started.program;
    if (program == nullptr || !program->content || !program->content->elf) return;
    if (is_foreign(*program->content->elf, input_.config.platform.architecture)) {
      return add("entrypoint-foreign",
                 Level::error,
                 fmt::format("`/{}` was made for another processor than {}",
                             printable(program->path),
                             printable(input_.config.platform.architecture)),
                 "the kernel does not run it: exec format error",
                 "take its build for the platform of the image, or set `platform`");
    }
    if (program->content->elf->is_cut) return add_cut(*program);
    const std::string& loader = program->content->elf->interpreter;
    if (loader.empty()) return;
    const FileFacts* const file = input_.files.file(loader);
    if (file != nullptr && !may_execute(input_.files, *file, account_)) return add_denied(*file);
    if (file != nullptr) return;
    add("interpreter-missing",
        Level::error,
        fmt::format("`{}`, which is to load `/{}`, is not in the image",
                    printable(loader),
                    printable(program->path)),
        "the program was made for another C library (glibc or musl), or for another processor",
        "take a base image with that library, or another build of the program");
  }

  void add_denied(const FileFacts& file) {
    const bool is_for_nobody = (file.mode & 0111U) == 0;
    const std::string who = is_for_nobody ? "" : fmt::format(" by the user {}", account_.uid);
    std::string why = fmt::format("its mode is {:04o}", file.mode);
    if (!is_for_nobody) why += fmt::format(", its owner {}:{}", file.uid, file.gid);
    add("entrypoint-not-executable",
        Level::error,
        fmt::format("`/{}` may not be executed{}", printable(file.path), who),
        why + (is_for_nobody ? "" : ", and that of the folders above it counts as well") +
            "; a container of it ends with permission denied",
        is_for_nobody ? "set the execute bits: `mode: \"0755\"`"
                      : "open it and the folders above it for all (`mode: \"0755\"`), or name "
                        "another user");
  }

  void add_endless(const FileFacts& file) {
    add("interpreter-chain",
        Level::error,
        fmt::format("the interpreters of `/{}` are scripts themselves, and so on",
                    printable(file.path)),
        "the kernel goes past five scripts to a program, and ends in an error: too many levels of "
        "symbolic links",
        "name a program in the first line of the script");
  }

  void add_cut(const FileFacts& file) {
    add("entrypoint-not-a-program",
        Level::error,
        fmt::format("`/{}` is cut: parts of it that are loaded are missing", printable(file.path)),
        "the kernel ends it as soon as it comes there: bus error or segmentation fault",
        "put the whole program there: what made or downloaded it did not finish");
  }

  void add_malformed(const FileFacts& file) {
    const std::string path = printable(file.path);
    add("entrypoint-not-a-program",
        Level::error,
        file.size == 0
            ? fmt::format("`/{}` is empty", path)
            : fmt::format("`/{}` is neither a program in ELF nor a script with `#!`", path),
        "the kernel does not run it, and no shell does in its place: exec format error",
        file.size == 0 ? "put the program there: what makes or downloads it did not"
                       : "begin it with `#!` and its interpreter, nothing before that, or start "
                         "its interpreter: `run: [/bin/sh, FILE]`");
  }

  // PID 1 gets no signal that it does not ask for, and shells ask for none.
  void check_shell(const StartedProgram& started) {
    const std::string_view path = started.file->path;
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const bool is_shell = std::find(shells.begin(), shells.end(), name) != shells.end();
    const bool is_line = started.words.size() == 3 && started.words[1] == "-c";
    if (!is_shell || !is_line || trim(started.words[2]).starts_with("exec ")) return;
    add("shell-is-first",
        Level::info,
        fmt::format("`{} -c` is what is started", printable(started.words.front())),
        "a shell that does not replace itself keeps the signal to end from the server",
        "write the command as a list, or begin it with `exec`");
  }

  // One that is not there is made by the runtime.
  void check_folder() {
    const std::string& folder = input_.config.working_dir;
    const auto real = input_.files.real_path(folder);
    if (!real || input_.files.is_folder(*real)) return;
    add("workdir-wrong",
        Level::error,
        fmt::format("the working folder `{}` is a file", printable(folder)),
        "a container of it does not start: not a directory",
        "name a folder with `workdir`");
  }

  void add_unknown(std::string_view what, const std::string& name, std::string_view file) {
    add("user-unknown",
        Level::error,
        fmt::format("the {} `{}` has no line in {}", what, printable(name), file),
        fmt::format("a container of it does not start: unable to find the {}", what),
        fmt::format("use a number, or add the {}", what));
  }

  void check_user() {
    const Account& account = account_;
    if (!account.unknown_user.empty()) {
      return add_unknown("user", account.unknown_user, "/etc/passwd");
    }
    if (!account.unknown_group.empty()) {
      return add_unknown("group", account.unknown_group, "/etc/group");
    }
    if (account.uid == 0) {
      return add("user-root",
                 Level::info,
                 "the image runs as root",
                 "clusters that restrict their pods refuse it, and what breaks out of it is root",
                 "name another user: `user: \"65532:65532\"`");
    }
    if (!account.has_line) {
      add("user-without-passwd",
          Level::warning,
          fmt::format("the user {} has no line in /etc/passwd", account.uid),
          "getpwuid() fails, which PyTorch's compiler and others call",
          "add a line with that number");
    }
    check_home(account);
    for (const std::string_view name : caches)
      check_cache(account, name);
  }

  // The folder may be made when it is needed, where the one above may be written to.
  void check_cache(const Account& account, std::string_view name) {
    const std::string value = input_.config.env_value(name).value_or("");
    if (!value.starts_with('/') || value.starts_with("/tmp/") || value.starts_with("/dev/shm")) {
      return;
    }
    std::string folder = value;
    auto real = input_.files.real_path(folder);
    while (!real && !folder.empty()) {
      folder.resize(folder.rfind('/'));
      real = input_.files.real_path(folder);
    }
    if (real && may_write(input_.files, *real, account)) return;
    add("cache-not-writable",
        Level::warning,
        fmt::format(
            "`{}` is `{}`, where the user {} may not write", name, printable(value), account.uid),
        "what is compiled is not kept, or the program ends",
        "set it to a folder of the user's, or make one with `writable`");
  }

  void check_home(const Account& account) {
    const std::string home = input_.config.env_value("HOME").value_or(account.home);
    const std::string shown = home.empty() ? "/" : home;
    const auto real = input_.files.real_path(shown);
    if (real && may_write(input_.files, *real, account)) return;
    add("home-not-writable",
        Level::warning,
        fmt::format("the home `{}` of the user {} {}",
                    printable(shown),
                    account.uid,
                    real ? "is not the user's to write to" : "is not in the image"),
        "what keeps caches there (compiled kernels, downloads) fails or does its work again",
        "set HOME to a folder of the user's, or make one with `writable`");
  }

  void check_list(std::string_view name) {
    const auto value = input_.config.env_value(name);
    if (!value || value->empty()) return;
    const auto parts =
        split(*value, name == "LD_PRELOAD" && value->find(':') == value->npos ? ' ' : ':');
    const bool has_empty =
        std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); });
    if (has_empty) {
      add("path-with-empty-part",
          Level::warning,
          fmt::format("`{}` has an empty part: `{}`", name, printable(*value)),
          "an empty part stands for the working folder, whatever lies there",
          fmt::format("write `{}` without the colon that is too much", name));
    }
    const std::string given = name.starts_with("LD_") ? without_tokens(*value) : *value;
    if (given.find("${") != std::string::npos || given.find("$PATH") != std::string::npos) {
      add("path-not-expanded",
          Level::warning,
          fmt::format("`{}` names a variable: `{}`", name, printable(*value)),
          "nothing replaces it in a container",
          "write its value");
    }
  }

  void check_single(std::string_view name) {
    const auto value = input_.config.env_value(name);
    if (!value || value->empty()) return;
    const auto real = value->starts_with('/') ? input_.files.real_path(*value) : std::nullopt;
    if (real && value->find(':') == std::string::npos) return;
    add("path-wrong",
        Level::warning,
        fmt::format("`{}` is `{}`, which is no folder of the image", name, printable(*value)),
        "compilers that look for CUDA or Python there do not find it",
        fmt::format("set `{}` to one folder that is there, or not at all", name));
  }

  const CheckInput& input_;
  const Account account_ = account_of(input_);
  Findings findings_;
};

}  // namespace

Findings check_process(const CheckInput& input) {
  return ProcessCheck(input).run();
}

}  // namespace mlpack
