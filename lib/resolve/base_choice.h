#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/demands.h"

#include <string>

namespace mlpack {

// The image that `base: auto` means. References are whole (`docker.io/…`), and say nothing of what
// can be reached: the same spec gives the same base anywhere.

/// The smallest official CUDA image of `cuda`: the newest release, on the newest Ubuntu that it is
/// made for. Empty where none is known.
std::string cuda_image_reference(const Catalog& catalog, const Version& cuda);

/// The official image with the libraries of the oldest CUDA version of the same major from `cuda`
/// on, and a cuDNN of this major, on the newest Ubuntu. Empty where none is known.
std::string cudnn_image_reference(const Catalog& catalog, const Version& cuda, unsigned cudnn);

/// Whether an official image of `cuda` is known.
bool has_cuda_image(const Catalog& catalog, const Version& cuda);

/// The slim official Python image of `python`, also of one that is not made any more.
std::string python_image_reference(const Catalog& catalog, const Version& python);

/// The official image of a release of a runtime for the machines of `demands`: that of the
/// runtime's own row where the release is known to be in its repository, or where no machine has a
/// GPU; else what the row of the release names. Empty where that is not one reference.
std::string runtime_image_reference(const RuntimeRelease& release, const Demands& demands);

}  // namespace mlpack
