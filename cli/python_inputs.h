#pragma once

#include "lib/digest.h"
#include "lib/lock/agree.h"
#include "lib/lock/lock.h"
#include "lib/spec/spec.h"

#include <map>
#include <string>

namespace mlpack {

/// The sha256 of the files that `python` of the spec is read from, by their paths from the spec's
/// folder: those that it names, those that they name, wheels on disk, of folders of sources the
/// pyproject.toml and the wheels that were built, of a uv.lock those of its projects, and, where
/// something is resolved, the settings of uv that hold there.
std::map<std::string, Digest> python_files(const Spec& spec);

/// What `wheels`, chosen for the spec, were found in beside those: wheels on disk, and the
/// pyproject.toml of the folders in which they were built.
std::map<std::string, Digest> used_python_files(const Spec& spec, const LockedPython& wheels);

/// What all this is now, for a lock.
LockSubject lock_subject(const Spec& spec, const Lock& lock);

}  // namespace mlpack
