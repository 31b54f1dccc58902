#pragma once

#include "cli/arguments.h"

#include <string>

namespace mlpack {

/// The text of `mlpack --help` (`info` being the root of the tree) or `mlpack COMMAND --help`, at
/// most 80 columns wide.
std::string help_text(const CommandInfo& info);

/// `mlpack build [OPTIONS] [SPEC]...`
std::string usage_line(const CommandInfo& info);

}  // namespace mlpack
