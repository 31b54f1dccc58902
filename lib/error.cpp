#include "lib/error.h"

#include "lib/errno_fault.h"

#include <sys/resource.h>

#include <cerrno>
#include <system_error>

namespace mlpack {

Error::Error(Fault fault, std::string message, std::string hint, std::vector<Where> where)
    : fault_(fault),
      message_(std::move(message)),
      hint_(std::move(hint)),
      where_(std::move(where)) {
  for (Where& place : where_)
    if (place.message.empty()) place.message = message_;
}

void Error::add_place(Where where) {
  const bool is_placeable = fault_ == Fault::usage || fault_ == Fault::input ||
                            fault_ == Fault::refused || fault_ == Fault::incompatible ||
                            fault_ == Fault::gate;
  if (!is_placeable || !where_.empty() || where.line == 0) return;
  where.message = message_;
  where_.push_back(std::move(where));
}

// Of a limit on open files it says which that is, and how to raise it: mlpack took what it may.
std::string errno_text(int number) {
  std::string text = std::generic_category().message(number);
  rlimit limit = {};
  if (number == EMFILE && ::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    text += fmt::format(" (at most {} at a time: the hard limit, `ulimit -Hn`, is too low)",
                        limit.rlim_cur);
  }
  return text;
}

Fault fault_of(int number, Fault otherwise) {
  return number == EMFILE || number == ENFILE ? Fault::disk : otherwise;
}

}  // namespace mlpack
