#include "lib/error.h"

#include <cerrno>
#include <system_error>

namespace mlpack {

Error::Error(Fault fault, std::string message, std::string hint, std::vector<Where> where)
    : fault_(fault),
      message_(std::move(message)),
      hint_(std::move(hint)),
      where_(std::move(where)) {}

Fault fault_of_errno(int number) noexcept {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EFBIG:
      return Fault::disk;
    default:
      return Fault::input;
  }
}

std::string errno_text(int number) {
  return std::generic_category().message(number);
}

}  // namespace mlpack
