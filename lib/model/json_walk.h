#pragma once

#include "lib/model/cursor.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace mlpack {

/// Keys from the root; an array has `[]` for the key of its elements.
using JsonPath = std::vector<std::string>;
/// monostate: null, a boolean, a fraction or a negative number.
using JsonScalar = std::variant<std::monostate, std::uint64_t, std::string>;

/// Is told what a JSON document holds as it is read. What it throws ends the reading.
class JsonVisitor {
 public:
  enum class Kind { object, array };
  virtual ~JsonVisitor() = default;
  virtual void opened(const JsonPath& /*path*/, Kind /*kind*/) {}
  virtual void closed(const JsonPath& /*path*/) {}
  virtual void value(const JsonPath& path, JsonScalar value) = 0;
};

/// Reads the JSON object (RFC 8259) that `text` holds to its end. In memory are the keys of the
/// objects that are open, and nothing else. Damage calling the document `name`: no JSON, no object,
/// more than 64 levels, a key twice in one object.
void walk_json(Cursor& text, const std::string& name, JsonVisitor& visitor);

}  // namespace mlpack
