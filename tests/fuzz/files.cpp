#include "layers/wheel_record.h"
#include "layers/wheel_zip.h"
#include "lib/check/pickle.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/model/config.h"
#include "lib/model/damage.h"
#include "lib/model/gguf.h"
#include "lib/model/onnx.h"
#include "lib/model/safetensors.h"
#include "lib/model/torch.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wheel_builder.h"
#include "tests/unit/model/builders.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace mlpack::fuzz {
namespace {

using namespace std::string_literals;

/// Calls `read` with the bytes as a file, of which it may say that it is damaged.
template <class Read>
void read_file_of(std::string_view bytes, const Read& read) {
  try {
    read(TextReadAt(std::string(bytes)));
  } catch (const Damage&) {
  }
}

void read_safetensors_file(std::string_view bytes) {
  read_file_of(bytes, [&](const ReadAt& file) {
    const Safetensors header = read_safetensors(file);
    require(header.data <= bytes.size(), "the data starts in the file");
  });
}

std::vector<std::string> safetensors_seeds() {
  return {test::small_safetensors(),
          test::safetensors(
              {{"a.weight", "F8_E4M3", {2, 3}, 6}, {"b", "I64", {}, 8}, {"c", "F4", {4}, 2}})};
}

void read_gguf_file(std::string_view bytes) {
  read_file_of(bytes, [](const ReadAt& file) { read_gguf(file); });
  read_file_of(bytes, [](const ReadAt& file) { read_gguf_layout(file); });
}

std::vector<std::string> gguf_seeds() {
  return {test::small_gguf(),
          test::GgufBuilder(2)
              .text("general.architecture", "llama")
              .texts("tokenizer.ggml.tokens", {"a", "b"})
              .numbers("llama.attention.head_count_kv", {1, 2})
              .tensor("a", {32, 2}, 2, 36)
              .bytes()};
}

void read_onnx_file(std::string_view bytes) {
  read_file_of(bytes, [](const ReadAt& file) { read_onnx(file); });
}

std::vector<std::string> onnx_seeds() {
  return {test::onnx_model({test::onnx_tensor(3), test::onnx_external(4, "a.data", "16")})};
}

void read_torch_file(std::string_view bytes) {
  read_file_of(bytes, [](const ReadAt& file) {
    const TorchArchive archive = read_torch_archive(file);
    for (const TorchArchive::Pickle& pickle : archive.pickles)
      pickle_place(file, pickle);
  });
  read_file_of(bytes, [](const ReadAt& file) { read_pickles(file); });
}

/// What Python's pickle writes of `os.system` called with a text, in protocol 2.
std::string pickle_seed() {
  return "\x80\x02"
         "cos\nsystem\nq\0X\x02\0\0\0lsq\x01\x85q\x02Rq\x03."s;
}

std::vector<std::string> torch_seeds() {
  return {test::zip(
      {{"m/data.pkl", pickle_seed()}, {"m/version", "3\n"}, {"m/data/0", std::string(8, '\0')}})};
}

void read_pickle(std::string_view bytes) {
  read_file_of(bytes, [&](const ReadAt& file) { pickle_imports(file, 0, bytes.size()); });
}

std::vector<std::string> pickle_seeds() {
  return {pickle_seed(), "\x80\x04\x95\x11\0\0\0\0\0\0\0\x8c\x02os\x8c\x06system\x93."s};
}

void read_model_json(std::string_view bytes) {
  read_file_of(bytes, [](const ReadAt& file) { read_model_config(file); });
  read_file_of(bytes, [](const ReadAt& file) { read_adapter_config(file); });
  read_file_of(bytes,
               [](const ReadAt& file) { read_quantisation_config("quant_config.json", file); });
  read_file_of(bytes, [](const ReadAt& file) { read_pipeline_class(file); });
}

std::vector<std::string> model_json_seeds() {
  return {
      R"({"architectures":["LlamaForCausalLM"],"model_type":"llama","num_hidden_layers":2,"num_attention_heads":4,
    "num_key_value_heads":2,"hidden_size":64,"layer_types":["sliding_attention","full_attention"],"sliding_window":8,
    "max_position_embeddings":NaN,"quantization_config":{"quant_method":"awq","bits":4,"group_size":128}})",
      R"({"peft_type":"LORA","r":8,"rank_pattern":{"a":16},"base_model_name_or_path":"a/b"})"};
}

void read_wheel(std::string_view bytes) {
  static const test::TempDir folder;
  const fs::path path = folder / "a-1-py3-none-any.whl";
  write_file(path, bytes);
  const ZipFile zip(path, "a-1-py3-none-any.whl");
  constexpr std::uint64_t most = std::uint64_t{1} << 20;
  for (const ZipMember& member : zip.members()) {
    if (member.kind == ZipMember::Kind::file && member.size <= most) zip.read(member, most);
  }
}

std::vector<std::string> wheel_seeds() {
  return {test::WheelBuilder("a-1-py3-none-any.whl").add("a/__init__.py", "x = 1\n").bytes()};
}

void read_record(std::string_view bytes) {
  parse_record(bytes, "a wheel");
}

std::vector<std::string> record_seeds() {
  return {test::record_of("a/b.py", "x") + "\n\"a,b\",,\na-1.dist-info/RECORD,,\n"};
}

constexpr std::array file_readers{Target{"safetensors", read_safetensors_file, safetensors_seeds},
                                  Target{"gguf", read_gguf_file, gguf_seeds},
                                  Target{"onnx", read_onnx_file, onnx_seeds},
                                  Target{"torch", read_torch_file, torch_seeds},
                                  Target{"pickle", read_pickle, pickle_seeds},
                                  Target{"model-json", read_model_json, model_json_seeds},
                                  Target{"wheel", read_wheel, wheel_seeds},
                                  Target{"record", read_record, record_seeds}};

}  // namespace

std::span<const Target> file_targets() {
  return file_readers;
}

}  // namespace mlpack::fuzz
