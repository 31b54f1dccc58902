#pragma once

#include "lib/python/lock_contents.h"
#include "lib/python/marker.h"
#include "lib/resolve/demands.h"
#include "lib/resolve/option_vetoes.h"

#include <span>
#include <string_view>

namespace mlpack {

/// The Python of an image, as far as it is known: `3.12`, `3.12.4`.
Version python_of(const MarkerEnvironment& image);

/// The file `name` with what it says of the Pythons of `images`, which its contents were read for.
/// Of packages without a wheel for the processor it says nothing.
PythonFile python_file(std::string_view name,
                       const LockContents& contents,
                       std::span<const MarkerEnvironment> images);

/// Writes what the file has against the Python that is pinned, and that of the base.
void judge_python_file(Problem& problem, const Vetoes& vetoes);

}  // namespace mlpack
