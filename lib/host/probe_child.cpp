#include "lib/error.h"
#include "lib/file.h"
#include "lib/host/probe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace mlpack {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_text = std::size_t{1} << 20;

struct ProbeChild {
  pid_t process = -1;
  Fd pipe;
  ChildText text;
  bool has_ended = false;  // its writing
};

// What it prints is nobody's business, and a core of somebody else's library neither.
[[noreturn]] void be_child(int to, const std::function<void(const Say&)>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  for (const int number : {SIGINT, SIGTERM, SIGSEGV, SIGABRT, SIGBUS})
    std::signal(number, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (nothing >= 0) ::dup2(nothing, stream);
  try {
    work([to](const std::string& line) { write_all(to, as_bytes(line + "\n")); });
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

ProbeChild start_child(const std::function<void(const Say&)>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail(Fault::internal, "cannot make a pipe: {}", errno_text(errno));
  }
  ProbeChild child;
  child.pipe = Fd(ends[0]);
  const Fd writing(ends[1]);
  child.process = ::fork();
  if (child.process < 0) {
    fail(Fault::internal, "cannot start a process: {}", errno_text(errno));
  }
  if (child.process == 0) be_child(writing.get(), work);
  return child;
}

void read_some(ProbeChild& child) {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(child.pipe.get(), buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0 || child.text.text.size() > most_text) {
    child.has_ended = true;
  } else {
    child.text.text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

void read_children(std::vector<ProbeChild>& children, Clock::time_point end) {
  while (true) {
    std::vector<pollfd> polled;
    for (const ProbeChild& child : children)
      polled.push_back({child.has_ended ? -1 : child.pipe.get(), POLLIN, 0});
    const bool is_done = std::all_of(
        children.begin(), children.end(), [](const ProbeChild& child) { return child.has_ended; });
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (is_done || left.count() <= 0) return;
    ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
    for (std::size_t i = 0; i < children.size(); ++i)
      if (polled[i].revents != 0) read_some(children[i]);
  }
}

// A process that waits for a device may not even die: it is not waited for then.
void end_child(ProbeChild& child) {
  if (!child.has_ended) {
    child.text.outcome = Answer::Outcome::hung;
    ::kill(child.process, SIGKILL);
  }
  int status = 0;
  for (int tries = 0; tries < 50; ++tries) {
    const pid_t ended = ::waitpid(child.process, &status, child.has_ended ? 0 : WNOHANG);
    if (ended == child.process || (ended < 0 && errno != EINTR)) break;
    ::poll(nullptr, 0, 10);
  }
  if (child.has_ended && WIFSIGNALED(status)) {
    child.text.outcome = Answer::Outcome::crashed;
    child.text.code = WTERMSIG(status);
  }
}

}  // namespace

std::vector<ChildText> ask_children(const std::vector<std::function<void(const Say&)>>& works,
                                    double seconds) {
  const auto limit =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  const Clock::time_point end = Clock::now() + limit;
  std::vector<ProbeChild> children;
  for (const auto& work : works)
    children.push_back(start_child(work));
  read_children(children, end);
  std::vector<ChildText> texts;
  for (ProbeChild& child : children) {
    end_child(child);
    texts.push_back(std::move(child.text));
  }
  return texts;
}

}  // namespace mlpack
