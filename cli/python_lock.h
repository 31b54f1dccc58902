#pragma once

#include "cli/session.h"
#include "layers/debs.h"
#include "lib/python/index_settings.h"
#include "lib/python/lock.h"
#include "lib/spec/spec.h"

namespace mlpack {

/// What a spec's `python` names, read.
struct ReadPythonLock {
  PythonSelection selection;
  IndexSettings settings;  // of the spec, else the lock, else this machine
};

/// Reads the lock of the spec, or has what it leaves open resolved (resolve_python), and says what
/// of it is installed in an image with `facts`.
ReadPythonLock read_python_lock(const Spec& spec,
                                const PythonFacts& facts,
                                Session& session,
                                Offline offline);

}  // namespace mlpack
