#include "cli/app.h"
#include "cli/signals.h"
#include "cli/streams.h"
#include "registry/curl_transport.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace mlpack {
namespace {

std::optional<std::string> variable(const std::string& name) {
  // Nothing here sets variables, so reading them is safe from any thread.
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

TerminalFacts terminal_facts() {
  TerminalFacts facts;
  facts.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  facts.term = variable("TERM").value_or("");
  facts.ci = variable("CI").value_or("false") != "false";
  facts.no_color = variable("NO_COLOR").has_value();
  facts.clicolor_force = variable("CLICOLOR_FORCE").value_or("0") != "0";
  return facts;
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::int64_t milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// A file that is opened must not take the place of a standard stream that the caller closed.
// Writing to such a stream stays an error.
void fill_standard_streams() {
  int fd = 0;
  while (fd >= STDIN_FILENO && fd <= STDERR_FILENO)
    fd = ::open("/dev/null", O_RDONLY);
  if (fd > STDERR_FILENO) ::close(fd);
}

// Each transfer has some files open, and shells often allow far fewer than may be had.
void raise_limit_of_files() {
  constexpr rlim_t enough = 4096;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= enough) return;
  limit.rlim_cur = std::min(limit.rlim_max, enough);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int main_of(const std::vector<std::string>& words) {
  fill_standard_streams();
  raise_limit_of_files();
  Stop stop;
  const SignalGuard guard(stop);
  FdSink out(STDOUT_FILENO, "stdout");
  MessageSink err(STDERR_FILENO);
  return run_app(words,
                 Surroundings{out,
                              err,
                              stop,
                              variable,
                              terminal_facts(),
                              terminal_width,
                              milliseconds,
                              std::thread::hardware_concurrency(),
                              [&stop](const fs::path& ca) {
                                return std::make_unique<CurlTransport>(curl_options(variable, ca),
                                                                       stop);
                              }});
}

}  // namespace
}  // namespace mlpack

int main(int count, char** words) {
  return mlpack::main_of({words + 1, words + count});
}
