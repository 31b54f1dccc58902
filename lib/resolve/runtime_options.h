#pragma once

#include "lib/resolve/option_vetoes.h"
#include "lib/resolve/problem.h"

#include <span>

namespace mlpack {

/// The releases of the serving runtime that is asked for, with what stands against each; `pythons`
/// are those that an image may have.
Component runtime_component(std::span<const Version> pythons, const Vetoes& vetoes);

}  // namespace mlpack
