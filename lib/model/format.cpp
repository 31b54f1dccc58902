#include "lib/model/format.h"

#include "lib/model/folder.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <string>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

struct Name {
  FileFormat format;
  std::string_view text;
};

constexpr std::array names{
    Name{FileFormat::unknown, "unknown"},
    Name{FileFormat::safetensors, "safetensors"},
    Name{FileFormat::gguf, "GGUF"},
    Name{FileFormat::ggml, "GGML"},
    Name{FileFormat::onnx, "ONNX"},
    Name{FileFormat::torch, "PyTorch"},
    Name{FileFormat::torch_pickle, "PyTorch pickle"},
    Name{FileFormat::torchscript, "TorchScript"},
    Name{FileFormat::torch_export, "PyTorch export"},
    Name{FileFormat::torchserve, "TorchServe archive"},
    Name{FileFormat::tensorrt, "TensorRT plan"},
    Name{FileFormat::weight_index, "weight index"},
    Name{FileFormat::model_config, "model config"},
    Name{FileFormat::generation_config, "generation config"},
    Name{FileFormat::quantisation_config, "quantisation config"},
    Name{FileFormat::pipeline_config, "pipeline config"},
    Name{FileFormat::adapter_config, "adapter config"},
    Name{FileFormat::tokenizer, "tokenizer"},
    Name{FileFormat::lfs_pointer, "git-lfs pointer"},
    Name{FileFormat::html_page, "web page"},
    Name{FileFormat::zip, "zip archive"},
};

constexpr std::array weight_suffixes{
    ".safetensors"sv, ".gguf"sv, ".bin"sv, ".pt"sv,  ".pth"sv,    ".onnx"sv, ".onnx_data"sv,
    ".onnx.data"sv,   ".plan"sv, ".trt"sv, ".mar"sv, ".engine"sv, ".ckpt"sv, ".h5"sv,
    ".msgpack"sv,     ".npz"sv,  ".pt2"sv, ".ort"sv, ".tflite"sv, ".pb"sv,
};

// By name alone: what is in them is JSON or a text or protobuf that no reader of ours knows.
constexpr std::array named{
    Name{FileFormat::model_config, "config.json"},
    Name{FileFormat::model_config, "params.json"},
    Name{FileFormat::generation_config, "generation_config.json"},
    Name{FileFormat::quantisation_config, "quantize_config.json"},
    Name{FileFormat::quantisation_config, "quant_config.json"},
    Name{FileFormat::quantisation_config, "hf_quant_config.json"},
    Name{FileFormat::pipeline_config, "model_index.json"},
    Name{FileFormat::adapter_config, "adapter_config.json"},
    Name{FileFormat::tokenizer, "tokenizer.json"},
    Name{FileFormat::tokenizer, "tokenizer_config.json"},
    Name{FileFormat::tokenizer, "tokenizer.model"},
    Name{FileFormat::tokenizer, "tekken.json"},
    Name{FileFormat::tokenizer, "special_tokens_map.json"},
    Name{FileFormat::tokenizer, "added_tokens.json"},
    Name{FileFormat::tokenizer, "vocab.json"},
    Name{FileFormat::tokenizer, "vocab.txt"},
    Name{FileFormat::tokenizer, "merges.txt"},
    Name{FileFormat::tokenizer, "spiece.model"},
    Name{FileFormat::tokenizer, "sentencepiece.bpe.model"},
    Name{FileFormat::tokenizer, "chat_template.json"},
    Name{FileFormat::tokenizer, "chat_template.jinja"},
};

struct Magic {
  FileFormat format;
  std::string_view bytes;
};

constexpr std::array magics{
    Magic{FileFormat::lfs_pointer, "version https://git-lfs.github.com/spec/v1"},
    Magic{FileFormat::gguf, "GGUF"},
    Magic{FileFormat::ggml, "lmgg"},
    Magic{FileFormat::ggml, "fmgg"},
    Magic{FileFormat::ggml, "tjgg"},
    Magic{FileFormat::ggml, "algg"},
    Magic{FileFormat::tensorrt, "ftrt"},
    Magic{FileFormat::zip, "PK\x03\x04"},
    // Protocol 2, then the number that torch.save wrote before 1.6.
    Magic{FileFormat::torch_pickle, "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19"},
};

constexpr std::array page_starts{
    "!doctype"sv, "html"sv, "head"sv, "body"sv, "?xml"sv, "error"sv, "!--"sv};

bool is_page(std::string_view name, std::string_view head) {
  if (!is_weight_name(name) && !name.ends_with(".json") && !name.ends_with(".model")) return false;
  const std::string start = to_lower(trim(head));
  return std::any_of(page_starts.begin(), page_starts.end(), [&](std::string_view word) {
    return start.starts_with('<') && start.substr(1).starts_with(word);
  });
}

// A u64 of a length that fits, and a JSON object behind it.
bool is_safetensors(std::string_view head, std::uint64_t size) {
  if (head.size() < 9 || head[8] != '{') return false;
  std::uint64_t length = 0;
  for (std::size_t i = 8; i > 0; --i)
    length = length << 8U | static_cast<unsigned char>(head[i - 1]);
  return length >= 2 && length <= 100'000'000 && length <= size - 8;
}

bool is_pickle(std::string_view name, std::string_view head) {
  const bool may_be = name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".pth") ||
                      name.ends_with(".ckpt") || name.ends_with(".pkl");
  return may_be && head.size() > 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5;
}

// There is no magic: `ir_version`, then a field that models have.
bool is_onnx(std::string_view name, std::string_view head) {
  if (name.ends_with(".onnx")) return true;
  constexpr std::string_view next_tags = "\x12\x1A\x22\x28\x32\x3A\x42";
  return is_weight_name(name) && head.size() > 3 && head[0] == '\x08' && head[1] >= 3 &&
         head[1] <= 32 && next_tags.find(head[2]) != std::string_view::npos;
}

FileFormat format_by_name(std::string_view name) {
  if (name.ends_with(".safetensors")) return FileFormat::safetensors;
  if (name.ends_with(".gguf")) return FileFormat::gguf;
  const bool is_index = name.find(".safetensors.index.") != std::string_view::npos ||
                        name.find(".bin.index.") != std::string_view::npos;
  if (is_index && name.ends_with(".json")) return FileFormat::weight_index;
  const auto* const found = std::find_if(
      named.begin(), named.end(), [&](const Name& known) { return known.text == name; });
  return found == named.end() ? FileFormat::unknown : found->format;
}

}  // namespace

std::string_view format_name(FileFormat format) {
  const auto* const found = std::find_if(
      names.begin(), names.end(), [&](const Name& name) { return name.format == format; });
  return found == names.end() ? "unknown" : found->text;
}

bool holds_weights(FileFormat format) {
  return format >= FileFormat::safetensors && format <= FileFormat::tensorrt;
}

bool is_weight_name(std::string_view name) {
  return std::any_of(weight_suffixes.begin(), weight_suffixes.end(), [&](std::string_view suffix) {
    return name.ends_with(suffix);
  });
}

FileFormat format_of(std::string_view path, std::string_view head, std::uint64_t size) {
  const std::string_view name = name_in(path);
  for (const Magic& magic : magics) {
    if (head.substr(0, magic.bytes.size()) == magic.bytes) return magic.format;
  }
  if (is_page(name, head)) return FileFormat::html_page;
  if (is_safetensors(head, size)) return FileFormat::safetensors;
  if (is_pickle(name, head)) return FileFormat::torch_pickle;
  const FileFormat named_so = format_by_name(name);
  if (named_so != FileFormat::unknown) return named_so;
  return is_onnx(name, head) ? FileFormat::onnx : FileFormat::unknown;
}

}  // namespace mlpack
