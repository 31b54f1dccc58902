#pragma once

#include <functional>
#include <optional>
#include <string>

namespace mlpack {

/// Looks a variable of the process's environment up; unset is nullopt. Handed down from `main`, so
/// that nothing here reads the environment by itself.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

}  // namespace mlpack
