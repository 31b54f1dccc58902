#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/demands.h"

#include <string>
#include <vector>

namespace mlpack {

// The image that `base: auto` means. References are whole (`docker.io/…`), and say nothing of what
// can be reached: the same spec gives the same base anywhere.

/// The smallest official CUDA image of `cuda`: the newest release, on the newest Ubuntu that it is
/// made for. Empty where none is known.
std::string cuda_image_reference(const Catalog& catalog, const Version& cuda);

/// The same on each Ubuntu, newest first, as people name them:
/// `nvidia/cuda:12.4.1-base-ubuntu22.04`.
std::vector<std::string> cuda_images_of(const Catalog& catalog, const Version& cuda);

/// An official image with the libraries of CUDA and cuDNN.
struct CudnnImage {
  /// compilers: with the compilers of CUDA and its other tools, such as CUPTI.
  enum class For { programs, compilers };
  const CudaImage* image;
  Version ubuntu;
  std::string name;  // `nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04`
};

/// Those of the CUDA major of `cuda`, from `cuda` on, with a cuDNN of the same major that is not
/// older than `cudnn`: of the oldest minor version of CUDA first.
std::vector<CudnnImage> cudnn_images(const Catalog& catalog,
                                     const Version& cuda,
                                     const Version& cudnn,
                                     CudnnImage::For what);

/// Whether an official image of `cuda` is known.
bool has_cuda_image(const Catalog& catalog, const Version& cuda);

/// The slim official Python image of `python`, also of one that is not made any more.
std::string python_image_reference(const Catalog& catalog, const Version& python);

/// The official image of a release of a runtime for the machines of `demands`: that of the
/// runtime's own row where the release is known to be in its repository, or where no machine has a
/// GPU; else what the row of the release names. Empty where that is not one reference.
std::string runtime_image_reference(const RuntimeRelease& release, const Demands& demands);

}  // namespace mlpack
