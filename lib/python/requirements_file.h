#pragma once

#include "lib/error.h"
#include "lib/python/lock.h"
#include "lib/python/requirement.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace mlpack {

/// A line of a requirements file.
struct RequirementLine {
  PythonRequirement requirement;
  std::vector<Digest> sha256;  // of `--hash`
  Where where;
  std::string text = {};  // of the requirement, as written; of a wheel's URL with its name in front
};

/// A wheel, or a folder of sources, on disk: `./app`, `-e ./app`, `wheels/x-1.0-py3-none-any.whl`.
struct LocalRequirement {
  fs::path path;
  std::vector<Digest> sha256;  // of `--hash`; may be empty
  std::string marker;          // as written; empty: always
  Where where;
  std::string name = {};  // of `NAME @ file://…`, normalised; else empty
};

/// requirements.txt as pip has it, with the files that it names.
struct RequirementsFile {
  std::vector<RequirementLine> requirements;
  std::vector<RequirementLine> constraints;  // of `-c`
  std::vector<LocalRequirement> local;
  std::string index_url;  // the last `--index-url`; empty: none
  std::vector<std::string> extra_index_urls;
  std::vector<std::string> find_links;  // URLs as they are, folders resolved against their file's
  enum class Index { used, none } index = Index::used;  // none: `--no-index`
  enum class Prereleases { as_needed, allowed } prereleases = Prereleases::as_needed;  // `--pre`
};

/// Reads other files and the variables that options name.
struct RequirementsReader {
  /// The text of a file; throws what is wrong with it.
  std::function<std::string(const fs::path&)> read;
  /// The value of `${NAME}` in the URL of an index; what is unset stays as it is, as with pip.
  std::function<std::optional<std::string>(const std::string&)> variable;
};

/// Reads `path` and all that it names by `-r` and `-c`. Comments, continued lines, extras, markers,
/// direct references, paths and the options above are understood; with `--require-hashes` every
/// line has a sha256; `--only-binary` and `--prefer-binary` are passed over. Throws one
/// Error(Fault::input) whose where() lists every problem. No message holds a URL's credentials.
RequirementsFile read_requirements(const fs::path& path, const RequirementsReader& reader);

/// Whether every requirement names one version, or a URL, and a sha256: then nothing is resolved.
/// What is on disk locks itself, but says nothing of what else it needs.
bool is_locked(const RequirementsFile& file);

/// What of a locked file is installed in an image with the Python `facts`: those whose marker
/// holds, but for those on disk. Two lines for one package that disagree are a problem.
PythonSelection select_requirements(const RequirementsFile& file, const PythonFacts& facts);

}  // namespace mlpack
