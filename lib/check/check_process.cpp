#include "lib/check/check.h"
#include "lib/check/process.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
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

// The account that a container runs as.
struct Account {
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::string home;  // empty: none is known
  bool has_line = false;
  bool is_known = true;  // false: a name without a line
};

Account account_of(const CheckInput& input) {
  const std::string& user = input.config.user;
  const std::string name = user.substr(0, user.find(':'));
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  Account account;
  const auto uid = name.empty() ? std::optional<std::uint64_t>(0) : parse_number(name, most);
  for (const PasswdLine& line : passwd_lines(input.files)) {
    if (uid ? line.uid != *uid : line.name != name) continue;
    account = {line.uid, line.gid, line.home, true, true};
    break;
  }
  if (!account.has_line) {
    account.uid = uid.value_or(0);
    account.is_known = uid.has_value();
  }
  const std::size_t colon = user.find(':');
  if (colon != std::string::npos) {
    account.gid = parse_number(user.substr(colon + 1), most).value_or(account.gid);
  }
  return account;
}

// Whether a program with that e_machine (ELF) does not run on `architecture`; of others than these
// two nothing is said. Both run the 32-bit programs of their family.
bool is_foreign(unsigned machine, std::string_view architecture) {
  enum Machine : unsigned { none = 0, i386 = 3, arm = 40, x86_64 = 62, aarch64 = 183 };
  if (machine == none) return false;
  if (architecture == "amd64") return machine != x86_64 && machine != i386;
  if (architecture == "arm64") return machine != aarch64 && machine != arm;
  return false;
}

class ProcessCheck {
 public:
  explicit ProcessCheck(const CheckInput& input) : input_(input) {}

  Findings run() {
    check_program();
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
    if ((started.file->mode & 0111U) == 0) {
      return add("entrypoint-not-executable",
                 Level::error,
                 fmt::format("`/{}` may not be executed", printable(started.file->path)),
                 fmt::format("its mode is {:04o}; a container of it ends with permission denied",
                             started.file->mode),
                 "set the execute bits: `mode: \"0755\"`");
    }
    check_interpreter(started);
    check_shell(started);
  }

  void check_interpreter(const StartedProgram& started) {
    for (const std::string& interpreter : started.interpreters) {
      const FileFacts* const file = find_program(input_, interpreter);
      if (file != nullptr && (file->mode & 0111U) != 0) continue;
      return add("interpreter-missing",
                 Level::error,
                 fmt::format("`{}`, which is to run `/{}`, is not in the image",
                             printable(interpreter),
                             printable(started.file->path)),
                 "the kernel does not find it: no such file or directory",
                 "add the package that has it, or correct the first line of the script");
    }
    if (started.malformed != nullptr) return add_malformed(*started.malformed);
    const FileFacts* const program = started.program;
    if (program == nullptr || !program->content || !program->content->elf) return;
    if (is_foreign(program->content->elf->machine, input_.config.platform.architecture)) {
      return add("entrypoint-foreign",
                 Level::error,
                 fmt::format("`/{}` was made for another processor than {}",
                             printable(program->path),
                             printable(input_.config.platform.architecture)),
                 "the kernel does not run it: exec format error",
                 "take its build for the platform of the image, or set `platform`");
    }
    const std::string& loader = program->content->elf->interpreter;
    if (loader.empty() || input_.files.file(loader) != nullptr) return;
    add("interpreter-missing",
        Level::error,
        fmt::format("`{}`, which is to load `/{}`, is not in the image",
                    printable(loader),
                    printable(program->path)),
        "the program was made for another C library (glibc or musl), or for another processor",
        "take a base image with that library, or another build of the program");
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

  void check_user() {
    const Account account = account_of(input_);
    if (!account.is_known) {
      return add(
          "user-unknown",
          Level::error,
          fmt::format("the user `{}` has no line in /etc/passwd", printable(input_.config.user)),
          "a container of it does not start: unable to find the user",
          "use a number, or add the user");
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
    if (real && may_write(input_.files, *real, account.uid, account.gid)) return;
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
    if (real && may_write(input_.files, *real, account.uid, account.gid)) return;
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
    if (value->find("${") != std::string::npos || value->find("$PATH") != std::string::npos) {
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
  Findings findings_;
};

}  // namespace

Findings check_process(const CheckInput& input) {
  return ProcessCheck(input).run();
}

}  // namespace mlpack
