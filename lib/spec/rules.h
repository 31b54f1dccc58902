#pragma once

#include "lib/spec/yaml.h"

#include <string>

/// What fields of a spec mean for each other.
namespace mlpack::rules {

/// Checks a tree that `validate` went over: texts that were wrong are null there, and no rule
/// complains about them again.
void check(const YamlNode& root, Problems& problems);

/// The same rules in JSON Schema, as far as it can say them: lists of schemas.
std::string spec_schema();
std::string python_schema();

/// The name that weights without one have: the last part of their source; empty where that is no
/// name.
std::string default_weights_name(std::string_view source);

}  // namespace mlpack::rules
