#include "registry/environment.h"

#include "lib/text.h"

namespace mlpack {

std::optional<std::string> set_value(const Environment& environment, const std::string& name) {
  const std::optional<std::string> value = environment(name);
  if (!value || trim(*value).empty()) return std::nullopt;
  return std::string(trim(*value));
}

}  // namespace mlpack
