#pragma once

#include "cli/session.h"
#include "lib/python/index_settings.h"
#include "lib/python/lock.h"
#include "lib/spec/spec.h"

namespace mlpack {

/// What a spec's `python` names, read.
struct ReadPythonLock {
  PythonSelection selection;
  IndexSettings settings;  // of the spec, else the lock, else this machine
};

/// Reads the lock of the spec and says what of it is installed in an image with `facts`.
/// Fault::usage for what has to be resolved first.
ReadPythonLock read_python_lock(const Spec& spec, const PythonFacts& facts, const World& world);

}  // namespace mlpack
