#pragma once

#include "cli/arguments.h"

#include <string>

namespace mlpack {

enum class Shell { bash, zsh, fish };

/// A script that completes mlpack's commands, options and their values in `shell`.
std::string completion_script(const CommandInfo& root, Shell shell);

}  // namespace mlpack
