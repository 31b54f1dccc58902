#pragma once

#include <cstdint>
#include <string>

namespace mlpack {

/// What a header says of one tensor.
struct Tensor {
  std::string name;
  std::string dtype;  // as its format calls it: `BF16`, `Q4_K`
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
};

}  // namespace mlpack
