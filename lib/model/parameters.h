#pragma once

#include "lib/model/config.h"
#include "lib/model/tensor.h"

#include <cstdint>

namespace mlpack {

/// How many weights a tensor of a .safetensors file holds: its elements, but where the model is
/// quantised those that are packed in one, and none of scales, zero points and their like.
std::uint64_t parameters_of(const Tensor& tensor, const ModelConfig& config);

}  // namespace mlpack
