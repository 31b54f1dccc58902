#pragma once

#include <functional>
#include <optional>
#include <string>

namespace mlpack {

/// Looks a variable of the process's environment up; unset is nullopt. Handed down from `main`, so
/// that nothing here reads the environment by itself.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The variable without blanks around it; nullopt where it is unset or blank.
std::optional<std::string> set_value(const Environment& environment, const std::string& name);

}  // namespace mlpack
