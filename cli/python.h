#pragma once

#include "cli/base.h"
#include "cli/python_pins.h"

namespace mlpack {

/// A spec with `python`, and for what image.
struct PythonTask {
  const Spec& spec;
  const Platform& platform;
  const PythonPins& pins;
  Offline offline = Offline::no;
};

/// Adds what `python` of the spec asks for to `base`: the layers of its environment and of the
/// wheels that the lock names, and the variables PATH and VIRTUAL_ENV. Wheels that are not in the
/// store's cache are fetched. Everything that keeps the lock from being installed is told in one
/// Fault::incompatible.
void add_python(FoundBase& base, const PythonTask& task, Session& session);

/// Chooses the wheels of an image whose packages were chosen but not laid out, for its lock.
/// No wheel is downloaded.
void choose_python(FoundBase& base, const PythonTask& task, Session& session);

/// What an environment adds to the config of the image; nothing with `install: base`.
void set_python_variables(const Spec& spec, ImageConfig& config);

}  // namespace mlpack
