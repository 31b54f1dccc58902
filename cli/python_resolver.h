#pragma once

#include "cli/python_resolve.h"
#include "registry/helper.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// A run of a program that resolves. `files` are written into an empty folder before; what `words`
/// and `result` name relative to it begins with `{}/`, which becomes its path.
struct ResolverCommand {
  std::vector<std::string> words;  // without the program
  std::string input;               // on its standard input
  std::vector<std::pair<std::string, std::string>> files = {};
  std::string result = {};  // the file that it writes; empty: its standard output
};

/// The program that is called `name`, as its first words.
using ResolverProgram = std::vector<std::string>;

ResolverCommand uv_command(const PythonQuestion& question);
/// In variables, where nobody else sees them: they may hold credentials.
std::vector<std::string> uv_variables(const IndexSettings& settings);

/// Fault::usage for what pip cannot read: a pyproject.toml or a uv.lock.
ResolverCommand pip_command(const PythonQuestion& question);
std::vector<std::string> pip_variables(const IndexSettings& settings, const TorchWish& torch);
/// pip's report (`--report`) as a pylock.toml. Fault::usage where pip's own Python would choose for
/// another one than the image's, as markers are the running Python's.
std::string pylock_of_report(const std::string& report, const PythonFacts& facts);

/// Packages that were asked for or that `said`, the words of a resolver, names, and that have no
/// wheel for the image: a line each, with the versions that have one.
std::vector<Where> packages_without_wheels(const OpenPython& open,
                                           const std::string& said,
                                           Session& session);

}  // namespace mlpack
