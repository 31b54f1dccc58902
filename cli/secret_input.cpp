#include "cli/secret_input.h"

#include "lib/file.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace mlpack {
namespace {

constexpr std::size_t most_bytes = 64 << 10;

std::string read_line(int fd, const Stop& stop) {
  std::string line;
  char c = 0;
  while (true) {
    const ssize_t got = ::read(fd, &c, 1);
    if (got < 0 && errno == EINTR) {
      stop.check();
      continue;
    }
    if (got < 0) fail(Fault::input, "cannot read the password: {}", errno_text(errno));
    if (got == 0 || c == '\n') break;
    line += c;
    if (line.size() > most_bytes) fail(Fault::usage, "the password is longer than 64 KiB");
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

// The terminal shows nothing of what is typed until this ends.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd) {
    ::tcgetattr(fd_, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  ~NoEcho() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  int fd_;
  termios before_{};
};

void show(const Fd& terminal, const std::string& text) {
  // A prompt that cannot be shown does not keep anybody from typing.
  static_cast<void>(!::write(terminal.get(), text.data(), text.size()));
}

}  // namespace

std::string read_secret_from_stdin(const Stop& stop) {
  return read_line(STDIN_FILENO, stop);
}

std::string ask_for_secret(const std::string& prompt, const Stop& stop) {
  const Fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal || ::isatty(terminal.get()) != 1) {
    throw Error(Fault::usage,
                "there is no terminal to ask for the password on",
                "give it with `--password-stdin`");
  }
  const NoEcho silence(terminal.get());
  show(terminal, prompt);
  const std::string secret = read_line(terminal.get(), stop);
  show(terminal, "\n");
  return secret;
}

}  // namespace mlpack
