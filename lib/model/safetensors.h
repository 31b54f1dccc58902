#pragma once

#include "lib/model/read_at.h"
#include "lib/model/tensor.h"

#include <vector>

namespace mlpack {

/// The tensors of a .safetensors file, in the order of their bytes. Only its header is read, which
/// has at most 100,000,000 bytes. Damage where the file is no such file, is cut, or breaks the
/// rules of https://github.com/huggingface/safetensors#format: the tensors cover the data exactly,
/// each takes as many bytes as its shape and dtype say (of a dtype that is not known, any number),
/// no name appears twice.
std::vector<Tensor> read_safetensors(const ReadAt& file);

}  // namespace mlpack
