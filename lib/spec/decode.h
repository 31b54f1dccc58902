#pragma once

#include "lib/spec/spec.h"
#include "lib/spec/yaml.h"

namespace mlpack {

/// Turns a tree without problems into a Spec: nothing is checked any more.
Spec decode(const YamlNode& root, const fs::path& file);

}  // namespace mlpack
