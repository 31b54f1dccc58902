#pragma once

#include "cli/python_needs.h"
#include "cli/python_pins.h"
#include "cli/session.h"
#include "layers/debs.h"
#include "lib/python/index_settings.h"
#include "lib/python/lock.h"
#include "lib/spec/spec.h"

#include <string>

namespace mlpack {

/// What a spec's `python` names, read.
struct ReadPythonLock {
  PythonSelection selection;
  IndexSettings settings;   // of the spec, else the lock, else this machine
  AskedExtras extras = {};  // of what was asked for by name
  enum class From { pins, files, resolver } from = From::files;
};

/// For whom wheels are chosen, and what is known of them.
struct PythonQuestion {
  const Spec& spec;
  const PythonFacts& facts;
  const PythonPins& pins;
  TorchWish torch = {};
};

/// What of the wheels that `pins` lock is installed, where they are for this Python; else reads the
/// lock of the spec, or has what it leaves open resolved (resolve_python).
ReadPythonLock read_python_lock(const PythonQuestion& question, Session& session, Offline offline);

}  // namespace mlpack
