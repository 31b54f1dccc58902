#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mlpack {

/// What a file of a model is.
enum class FileFormat {
  unknown,
  safetensors,
  gguf,
  ggml,  // what came before GGUF
  onnx,
  torch,         // torch.save, as a zip archive
  torch_pickle,  // torch.save before 1.6, or another pickle
  torchscript,
  torch_export,
  torchserve,
  tensorrt,      // a plan, also called an engine
  weight_index,  // *.safetensors.index.json and *.bin.index.json
  model_config,  // config.json, or params.json of Mistral's and Meta's
  generation_config,
  quantisation_config,
  pipeline_config,  // model_index.json of diffusers
  adapter_config,   // of PEFT, beside adapter_model.safetensors
  tokenizer,
  lfs_pointer,
  html_page,
  zip,
};
/// As people call it: `safetensors`, `GGUF`, `TensorRT plan`.
std::string_view format_name(FileFormat format);

/// Whether a file of this format holds tensors.
bool holds_weights(FileFormat format);

/// Whether files of that name hold weights: by its suffix.
bool is_weight_name(std::string_view name);

/// How many bytes of a file format_of wants to see.
inline constexpr std::size_t head_bytes = 512;

/// By content first, name second: `head` is the front of the file (all of it where it is shorter),
/// `size` that of the file. Only the magic of a
/// format is looked at; a zip archive is `zip` until its directory is read.
FileFormat format_of(std::string_view path, std::string_view head, std::uint64_t size);

}  // namespace mlpack
