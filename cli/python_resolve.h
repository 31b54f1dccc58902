#pragma once

#include "cli/python_lock.h"
#include "lib/python/requirements_file.h"

#include <string>

namespace mlpack {

/// What has to be resolved. `inputs` tells states of the files that are read apart, `file` is what
/// those of requirements say. Relative paths in a result are as those of a file at `result`.
struct OpenPython {
  const PythonQuestion& question;
  const IndexSettings& settings;
  const std::string& inputs;
  const RequirementsFile& file;
  const fs::path& result;
};

/// A pylock.toml of what the spec's `python` leaves open, for an image with the facts of the
/// question: of requirements without hashes, `packages`, a pyproject.toml or a uv.lock. It is made
/// by `uv` (`uv pip compile`, `uv export`), and where there is none by `pip`. The preferred
/// versions of the question's pins stay where the rest allows it. What was resolved once is kept in
/// the store by the texts and settings that it was made of, so that an unchanged spec gives an
/// unchanged image where no lock can be written.
///
/// Faults: usage (there is no resolver, or it knows no such machine), incompatible with what it
/// says where it finds no solution, and all packages that have no wheel; input (offline, and never
/// resolved).
std::string resolve_python(const OpenPython& open, Session& session, Offline offline);

/// The folder that uv works in, and the one that it writes a result with preferences to: what it
/// names in either is relative to that.
fs::path folder_of_resolver(const Spec& spec);
fs::path folder_of_run(const Store& store);

}  // namespace mlpack
