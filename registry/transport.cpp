#include "registry/transport.h"

#include "lib/text.h"

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

bool same_name(std::string_view left, std::string_view right) {
  return to_lower(left) == to_lower(right);
}

}  // namespace

void Headers::add(std::string name, std::string_view value) {
  fields_.emplace_back(std::move(name), std::string(trim(value)));
}

std::optional<std::string> Headers::find(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (same_name(field, name)) {
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string> Headers::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [field, value] : fields_) {
    if (same_name(field, name)) {
      values.push_back(value);
    }
  }
  return values;
}

BodyText read_body(Body& body, std::size_t limit) {
  BodyText result;
  std::array<std::byte, 16384> buffer;
  while (const std::size_t count = body.read(buffer)) {
    const std::size_t taken = std::min(count, limit - result.text.size());
    result.text.append(reinterpret_cast<const char*>(buffer.data()), taken);
    if (taken < count) {
      result.truncated = true;
      return result;
    }
  }
  result.failure = body.failure();
  return result;
}

}  // namespace mlpack
