#include "registry/helper.h"

#include "lib/errno_fault.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

namespace mlpack {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How soon a stop is seen: the signal goes to our group alone, not to the program.
constexpr milliseconds slice{100};

void check_stop(const HelperLimits& limits) {
  if (limits.stop != nullptr) limits.stop->check();
}

// One end of a socket pair for us, the other for the program. Sockets, because writing to one that
// nobody reads any more can be an error instead of a signal.
struct Channel {
  Fd ours;
  Fd theirs;
};

Channel make_channel() {
  std::array<int, 2> ends = {};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    const int reason = errno;
    fail(fault_of(reason, Fault::internal), "cannot make a socket pair: {}", errno_text(reason));
  }
  return {Fd(ends[0]), Fd(ends[1])};
}

class SpawnActions {
 public:
  SpawnActions() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    // A group of its own, so that all it started can be killed with it.
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
  }
  ~SpawnActions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  posix_spawn_file_actions_t* actions() { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_ = {};
  posix_spawnattr_t attributes_ = {};
};

// Those of this process, but for what `variables` say.
std::vector<char*> environment_with(const std::vector<std::string>& variables) {
  std::vector<char*> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool is_replaced =
        std::any_of(variables.begin(), variables.end(), [&](const std::string& variable) {
          return std::string_view(variable).substr(0, variable.find('=')) == name;
        });
    if (!is_replaced) all.push_back(*entry);
  }
  for (const std::string& variable : variables)
    all.push_back(const_cast<char*>(variable.c_str()));
  all.push_back(nullptr);
  return all;
}

// A running program; killed and waited for when destroyed.
class Process {
 public:
  Process(const std::vector<std::string>& command, const Fd& io, const HelperTask& task) {
    SpawnActions spawn;
    ::posix_spawn_file_actions_adddup2(spawn.actions(), io.get(), 0);
    ::posix_spawn_file_actions_adddup2(spawn.actions(), io.get(), 1);
    const std::string errors = task.errors.empty() ? "/dev/null" : task.errors.string();
    ::posix_spawn_file_actions_addopen(
        spawn.actions(), 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (!task.folder.empty()) {
      ::posix_spawn_file_actions_addchdir_np(spawn.actions(), task.folder.c_str());
    }
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command) {
      arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    std::vector<char*> variables = environment_with(task.variables);
    const int error = ::posix_spawn(&pid_,
                                    arguments[0],
                                    spawn.actions(),
                                    spawn.attributes(),
                                    arguments.data(),
                                    variables.data());
    if (error != 0) {
      fail(
          fault_of(error, task.fault), "cannot start `{}`: {}", command.front(), errno_text(error));
    }
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Whether it has ended, before anybody waited for it.
  bool has_ended() const {
    siginfo_t state = {};
    const int end = WEXITED | WNOHANG | WNOWAIT;
    return ::waitid(P_PID, static_cast<id_t>(pid_), &state, end) == 0 && state.si_pid == pid_;
  }

  // The exit status, once it has ended; nullopt where it has not by `deadline`.
  std::optional<int> wait(Clock::time_point deadline, const HelperLimits& limits) {
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      check_stop(limits);
      if (Clock::now() >= deadline) {
        return std::nullopt;
      }
      std::this_thread::sleep_for(milliseconds(2));
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = 0;
};

[[noreturn]] void fail_limit(const std::string& program,
                             const HelperTask& task,
                             const std::string& what) {
  const std::string hint =
      task.hint.empty()
          ? fmt::format("it may wait for somebody to unlock it; run `{} list` to see", program)
          : task.hint;
  throw Error(task.fault, fmt::format("{} `{}` {}", task.kind, program, what), hint);
}

// What is small goes into the socket at once; a program that does not read it does not want it.
void send_input(const Fd& io,
                const std::string& input,
                const std::string& program,
                const HelperTask& task) {
  std::size_t sent = 0;
  while (sent < input.size()) {
    const ssize_t count =
        ::send(io.get(), input.data() + sent, input.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      fail_limit(program,
                 task,
                 fmt::format("would have to read {} bytes, which is too much", input.size()));
    }
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  ::shutdown(io.get(), SHUT_WR);
}

int wait_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp(left, milliseconds(0), slice).count());
}

struct Terms {
  const HelperLimits& limits;
  const HelperTask& task;
  const Process& process;
};

std::string read_output(const Fd& io,
                        const std::string& program,
                        const Terms& terms,
                        Clock::time_point deadline) {
  const HelperLimits& limits = terms.limits;
  std::string output;
  std::array<char, 4096> buffer = {};
  for (;;) {
    check_stop(limits);
    if (Clock::now() >= deadline) {
      fail_limit(program, terms.task, fmt::format("has not answered in {} s", limits.seconds));
    }
    pollfd watched = {io.get(), POLLIN, 0};
    // A daemon that it started may hold the other end open for good.
    const bool has_ended = terms.process.has_ended();
    if (::poll(&watched, 1, wait_ms(deadline)) == 0) {
      if (has_ended) return output;
      continue;
    }
    const ssize_t count = ::recv(io.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) {
      return output;
    }
    output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > limits.output) {
      fail_limit(program, terms.task, "printed more than " + human_size(limits.output));
    }
  }
}

}  // namespace

HelperResult run_helper(const std::vector<std::string>& command,
                        const std::string& input,
                        const HelperLimits& limits,
                        const HelperTask& task) {
  const Clock::time_point deadline =
      Clock::now() + milliseconds(static_cast<std::int64_t>(limits.seconds * 1000));
  const std::string program = fs::path(command.front()).filename().string();
  Channel channel = make_channel();
  Process process(command, channel.theirs, task);
  channel.theirs = Fd();
  send_input(channel.ours, input, program, task);
  HelperResult result;
  result.output = read_output(channel.ours, program, {limits, task, process}, deadline);
  const std::optional<int> status = process.wait(deadline, limits);
  if (!status) {
    fail_limit(program, task, fmt::format("has not ended in {} s", limits.seconds));
  }
  result.status = *status;
  return result;
}

std::optional<std::string> find_program(const std::string& name, const std::string& path) {
  for (const std::string_view folder : split(path, ':')) {
    const fs::path candidate = fs::path(folder) / name;
    if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate.string();
    }
  }
  return std::nullopt;
}

}  // namespace mlpack
