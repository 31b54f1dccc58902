#include "lib/error.h"

#include <system_error>

namespace mlpack {

Error::Error(Fault fault, std::string message, std::string hint, std::vector<Where> where)
    : fault_(fault),
      message_(std::move(message)),
      hint_(std::move(hint)),
      where_(std::move(where)) {}

void Error::add_place(Where where) {
  const bool is_placeable = fault_ == Fault::usage || fault_ == Fault::input ||
                            fault_ == Fault::refused || fault_ == Fault::incompatible ||
                            fault_ == Fault::gate;
  if (!is_placeable || !where_.empty() || where.line == 0) return;
  where.message = message_;
  where_.push_back(std::move(where));
}

std::string errno_text(int number) {
  return std::generic_category().message(number);
}

}  // namespace mlpack
