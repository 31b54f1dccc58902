#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What a script is read with.
struct ShellFacts {
  std::vector<std::string> arguments;                   // $1 …
  std::map<std::string, std::string> variables;         // that are set when it starts
  std::function<bool(const std::string&)> exists = {};  // files that are there for certain
};

/// One call of a command, as found by `read_shell`: a word whose value cannot be told without
/// running the script is nullopt.
using ShellCall = std::vector<std::optional<std::string>>;

/// The calls of `command` that the POSIX shell script may make, in order. Nothing is run:
/// variables, functions, `for` loops over words, `echo` in command substitutions and simple
/// conditions are followed; where a condition cannot be told, both sides are read. nullopt where
/// the text is not such a script, or reading it takes too many steps.
std::optional<std::vector<ShellCall>> read_shell(std::string_view script,
                                                 const std::string& command,
                                                 const ShellFacts& facts);

}  // namespace mlpack
