#include "cli/streams.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace mlpack {
namespace {

bool is_standard_input(const std::string& name) {
  return name == "-" || name == "/dev/stdin";
}

bool is_fifo(const std::string& name) {
  std::error_code failed;
  return fs::is_fifo(fs::status(name, failed));
}

// A FIFO is waited for until somebody writes to it.
Fd open_given(const std::string& name, const Stop& stop) {
  if (is_standard_input(name)) return Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  while (true) {
    Fd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (fd || errno != EINTR) return fd;
    stop.check();
  }
}

}  // namespace

void MessageSink::write(Bytes bytes) {
  static_cast<void>(write_all(fd_, bytes));
}

bool is_given_once(const std::string& name) {
  return is_standard_input(name) || is_fifo(name);
}

std::string read_given(const std::string& name, std::uint64_t limit, const Stop& stop) {
  if (!is_given_once(name)) return read_file(name, limit);
  const std::string shown =
      is_standard_input(name) ? "the standard input" : "`" + printable(name) + "`";
  const Fd fd = open_given(name, stop);
  std::string text;
  std::string buffer(std::size_t{64} << 10, '\0');
  while (fd) {
    stop.check();
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    text.append(buffer, 0, static_cast<std::size_t>(count));
    if (text.size() > limit) {
      fail(Fault::input, "{} is larger than the {} bytes accepted here", shown, limit);
    }
  }
  fail(Fault::input, "cannot read {}: {}", shown, errno_text(errno));
}

}  // namespace mlpack
