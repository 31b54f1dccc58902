#pragma once

#include "cli/base.h"

namespace mlpack {

/// Adds what `python` of the spec asks for to `base`: the layers of its environment and of the
/// wheels that the lock names, and the variables PATH and VIRTUAL_ENV. Wheels that are not in the
/// store's cache are fetched. Everything that keeps the lock from being installed is told in one
/// Fault::incompatible.
void add_python(
    FoundBase& base, const Spec& spec, const Platform& platform, Session& session, Offline offline);

}  // namespace mlpack
