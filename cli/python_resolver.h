#pragma once

#include "cli/python_resolve.h"
#include "registry/helper.h"

#include <memory>
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

/// Folders and URLs for a variable with a list: what would end one of them is written as `%20`.
std::vector<std::string> listed_places(const std::vector<std::string>& places);

ResolverCommand uv_command(const PythonQuestion& question);
/// In variables, where nobody else sees them: they may hold credentials.
std::vector<std::string> uv_variables(const IndexSettings& settings);

/// Fault::usage for a pyproject.toml or a uv.lock, which pip cannot read.
ResolverCommand pip_command(const PythonQuestion& question);
/// Fault::usage for a folder of sources, which pip would build, and for an index in a file of
/// requirements beside another one of the spec: pip takes the file's.
void check_for_pip(const RequirementsFile& file, const Python& python);
/// pip takes versions that are wished for as rules. Of such pins those that `requirements` allow.
std::vector<LockedWheel> allowed_pins(std::vector<LockedWheel> pins,
                                      const std::vector<std::string>& requirements,
                                      const PythonFacts& facts);
/// Those that all allow which are not pinned, and are as in `report`, pip's answer without pins.
std::vector<LockedWheel> pins_beside(std::vector<LockedWheel> pins,
                                     const std::string& report,
                                     const PythonFacts& facts);
std::vector<std::string> pip_variables(const IndexSettings& settings, const TorchWish& torch);
/// pip's report (`--report`) as a pylock.toml. Fault::usage where pip's own Python would choose for
/// another one than the image's, as markers are the running Python's: of the packages, and of the
/// requirements that were asked for.
std::string pylock_of_report(const std::string& report,
                             const PythonFacts& facts,
                             const std::vector<std::string>& asked);

/// The requirements that a spec and its files name, as written.
std::vector<std::string> asked_requirements(const OpenPython& open);

/// Why packages have no wheel for an image.
struct MissingWheels {
  std::vector<Where> where;  // a line for each package
  std::string hint;          // what helps; empty where there is no line
  /// Of an index that did not answer, where none of the others knows a package; nullptr: none.
  std::shared_ptr<const Error> index_trouble;
};

/// Packages that were asked for or that `said`, the words of a resolver, names, and that have no
/// wheel for the image, with the versions that have one.
MissingWheels packages_without_wheels(const OpenPython& open,
                                      const std::string& said,
                                      Session& session);

}  // namespace mlpack
