#pragma once

#include "lib/spec/type.h"
#include "lib/spec/variables.h"
#include "lib/spec/yaml.h"

namespace mlpack {

/// Checks `root` against `type`, adds what is wrong to `problems`, and replaces `${NAME}` in the
/// texts where that is done. A text that is wrong becomes null, so that later rules pass it over.
/// Names that the catalog has are those of `catalog`.
void validate(YamlNode& root,
              const Type& type,
              const Variables& variables,
              const Catalog& catalog,
              Problems& problems);

/// A value as messages show it: "the number `3.10`", "a list", "`abc`".
std::string shown(const YamlNode& node);

}  // namespace mlpack
