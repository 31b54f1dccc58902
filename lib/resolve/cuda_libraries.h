#pragma once

#include "lib/resolve/base_choice.h"
#include "lib/resolve/fixes.h"

#include <cstddef>
#include <optional>
#include <string>

namespace mlpack {

/// What packages of an answer load of CUDA and cuDNN, and nothing brings, or brings too old.
struct MissingLibraries {
  Ruling told;
  std::string by;                // the packages: `tensorflow 2.18.0`
  Version cuda;                  // from this release on
  std::optional<Version> cudnn;  // the same; nullopt: not known
  CudnnImage::For what;          // images that have all of it
  std::string older;             // `nvidia/cuda:… has 9.1.0.70`, which is older; empty: none is
};

/// What `answer` misses: neither extras, nor other wheels, nor the base bring it, as far as it is
/// known. nullopt: nothing.
std::optional<MissingLibraries> missing_libraries(const Question& question,
                                                  const Assignment& answer);

/// The images that have what is `missing` and run on the fleet, best first.
std::vector<CudnnImage> images_with(const Question& question, const MissingLibraries& missing);

}  // namespace mlpack
