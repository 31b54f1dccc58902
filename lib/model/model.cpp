#include "lib/model/model.h"

#include "lib/model/choices.h"
#include "lib/model/cursor.h"
#include "lib/model/damage.h"
#include "lib/model/findings.h"
#include "lib/model/folder.h"
#include "lib/model/parameters.h"
#include "lib/model/safetensors.h"
#include "lib/model/secret_files.h"
#include "lib/model/shards.h"
#include "lib/model/summary.h"
#include "lib/model/torch.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace mlpack {
namespace {

std::string head_of(const ReadAt& file) {
  const std::uint64_t length = std::min<std::uint64_t>(file.size(), head_bytes);
  return Cursor(file, 0, length).text(length);
}

// Such as `size 4976698672` in the pointer.
std::string true_size(std::string_view pointer) {
  for (const std::string_view line : split(pointer, '\n')) {
    if (!line.starts_with("size ")) continue;
    const auto size = parse_number(trim(line.substr(5)), std::numeric_limits<std::uint64_t>::max());
    if (size) return fmt::format("{} bytes that", *size);
  }
  return "bytes that";
}

// Whose suffix says that torch wrote them.
bool is_torch_name(std::string_view path) {
  return path.ends_with(".pt") || path.ends_with(".pth") || name_in(path) == "pytorch_model.bin";
}

// Bytes 24 to 27: TensorRT's version, where the format's own is 0.
std::string tensorrt_detail(std::string_view head) {
  if (head.size() < 28) throw Damage("is cut", fmt::format("it has {} bytes", head.size()));
  if (head.substr(4, 4) != std::string_view("\0\0\0\0", 4)) return {};
  const auto part = [&](std::size_t at) { return static_cast<unsigned char>(head[at]); };
  return fmt::format("TensorRT {}.{}.{}.{}", part(24), part(25), part(26), part(27));
}

// A JSON or text that is only looked at from both ends.
void check_ends(const ReadAt& file, std::string_view head) {
  const std::string_view start = trim(head);
  const std::uint64_t size = file.size();
  const std::uint64_t from = size - std::min<std::uint64_t>(size, 256);
  const std::string tail = Cursor(file, from, size).text(size - from);
  const bool opens = start.starts_with('{') || start.starts_with('[');
  if (!opens) throw Damage("is not JSON", "it begins with neither `{` nor `[`");
  const std::string_view end = trim(tail);
  if (end.ends_with('}') || end.ends_with(']')) return;
  throw Damage("is cut", "it is JSON that does not end with `}` or `]`");
}

class Reader {
 public:
  Reader(const std::vector<ModelFile>& files, Doubles doubles) : doubles_(doubles) {
    for (const ModelFile& file : files)
      files_.emplace(file.path, &file);
  }

  ModelReport read() {
    if (doubles_ == Doubles::leave_out) choose();
    std::vector<const ModelFile*> weights;
    for (const auto& [path, file] : files_)
      if (!read_small(*file)) weights.push_back(file);
    for (const ModelFile* file : weights)
      guarded(*file,
              [&](const ReadAt& bytes) { read_weights(bytes, findings_.files.at(file->path)); });
    check_indexes(findings_);
    check_numbers(findings_);
    check_splits(findings_);
    check_external_data(findings_);
    return report();
  }

 private:
  void choose() {
    std::vector<std::string> paths;
    paths.reserve(files_.size());
    for (const auto& [path, file] : files_)
      paths.push_back(path);
    choices_ = choose_weights(paths);
    for (const ModelChoice& choice : choices_) {
      for (const std::string& path : choice.left_out)
        files_.erase(path);
    }
  }

  // Opens the file; what is wrong with it becomes a problem.
  template <class Work>
  void guarded(const ModelFile& file, const Work& work) {
    try {
      work(*file.open());
    } catch (const Damage& damage) {
      findings_.add_problem(file.path, damage.state(), damage.why(), damage.hint());
    }
  }

  // False where it holds weights, which come after all that describes them.
  bool read_small(const ModelFile& file) {
    ModelFileFacts& facts = findings_.files[file.path];
    facts.path = file.path;
    facts.size = file.size;
    bool is_small = true;
    guarded(file, [&](const ReadAt& bytes) {
      const std::string head = head_of(bytes);
      facts.format = format_of(file.path, head, bytes.size());
      require_sound(file.path, facts.format, head);
      is_small = !holds_weights(facts.format) && facts.format != FileFormat::zip;
      if (is_small) read_description(bytes, facts, head);
    });
    if (facts.format == FileFormat::unknown && is_torch_name(file.path)) {
      findings_.warnings.push_back(in_backticks(file.path) + " is of no format that is known");
    }
    auto secret = find_secret(file);
    if (!secret && is_small) secret = find_token(file);
    if (secret) findings_.problems.push_back(std::move(*secret));
    return is_small;
  }

  static void require_sound(const std::string& path, FileFormat format, std::string_view head) {
    if (head.empty() && is_weight_name(path)) throw Damage("is empty", "it has 0 bytes");
    if (head.size() < 4 && is_weight_name(path)) {
      throw Damage("is cut", fmt::format("it has {} bytes", head.size()));
    }
    if (format == FileFormat::lfs_pointer) {
      throw Damage("is a git-lfs pointer",
                   "it stands for " + true_size(head) + " were not downloaded",
                   "run `git lfs pull` where it was cloned, or download it");
    }
    if (format == FileFormat::html_page) {
      throw Damage(
          "is a web page", "it begins with `<`", "download it again, logged in if need be");
    }
    if (format == FileFormat::ggml) {
      throw Damage("is GGML", "it came before GGUF, and nothing loads it", "convert it to GGUF");
    }
    const bool is_other = format != FileFormat::safetensors && path.ends_with(".safetensors");
    if (is_other || (format != FileFormat::gguf && path.ends_with(".gguf"))) {
      const std::string_view wanted = is_other ? "a safetensors file" : "a GGUF file";
      throw Damage(fmt::format("is not {}", wanted),
                   fmt::format("it holds {}", format_name(format)),
                   "rename it for what it is, or exclude it");
    }
  }

  void read_description(const ReadAt& bytes, const ModelFileFacts& facts, std::string_view head) {
    const std::string& path = facts.path;
    const std::string name(name_in(path));
    const bool is_json = name.ends_with(".json");
    switch (facts.format) {
      case FileFormat::weight_index:
        findings_.indexes.emplace(path, read_weight_index(bytes));
        break;
      case FileFormat::model_config:
        findings_.configs.emplace(path, read_model_config(bytes));
        break;
      case FileFormat::quantisation_config:
        if (const auto found = read_quantisation_config(name, bytes)) {
          findings_.quantisations.emplace(path, *found);
        }
        break;
      case FileFormat::pipeline_config:
        findings_.pipelines.emplace(path, read_pipeline_class(bytes));
        break;
      case FileFormat::adapter_config:
        findings_.adapters.emplace(path, read_adapter_config(bytes));
        break;
      case FileFormat::generation_config:
      case FileFormat::tokenizer:
        if (is_json) check_ends(bytes, head);
        break;
      default:
        break;
    }
  }

  void read_weights(const ReadAt& bytes, ModelFileFacts& facts) {
    if (facts.format == FileFormat::safetensors) read_safetensors_file(bytes, facts);
    if (facts.format == FileFormat::gguf) read_gguf_file(bytes, facts);
    if (facts.format == FileFormat::onnx) read_onnx_file(bytes, facts);
    if (facts.format == FileFormat::zip) read_zip_file(bytes, facts);
    if (facts.format == FileFormat::tensorrt) facts.detail = tensorrt_detail(head_of(bytes));
  }

  void read_safetensors_file(const ReadAt& bytes, ModelFileFacts& facts) {
    const Safetensors found = read_safetensors(bytes);
    const ModelConfig config = config_for(facts.path);
    std::uint64_t parameters = 0;
    for (const auto& [tensor, shape, begin] : found.tensors) {
      add_capped(parameters, parameters_of(tensor, config));
      facts.dtypes[tensor.dtype] += tensor.bytes;  // they fit in the file
    }
    facts.parameters = parameters;
    facts.tensors = found.tensors.size();
    check_tensors(findings_, facts.path, found);
  }

  void read_gguf_file(const ReadAt& bytes, ModelFileFacts& facts) {
    Gguf gguf = read_gguf(bytes);
    std::uint64_t parameters = 0;
    for (const Tensor& tensor : gguf.tensors) {
      add_capped(parameters, tensor.elements);
      add_capped(facts.dtypes[tensor.dtype], tensor.bytes);
    }
    facts.parameters = parameters;
    facts.tensors = gguf.tensors.size();
    facts.detail = fmt::format("version {}", gguf.version);
    if (gguf.version == 1) {
      findings_.warnings.push_back(in_backticks(facts.path) +
                                   " is GGUF of version 1, which llama.cpp no longer loads");
    }
    gguf.tensors.clear();
    findings_.ggufs.emplace(facts.path, std::move(gguf));
  }

  void read_onnx_file(const ReadAt& bytes, ModelFileFacts& facts) {
    Onnx onnx;
    try {
      onnx = read_onnx(bytes);
    } catch (const Damage&) {
      if (facts.path.ends_with(".onnx")) throw;
      facts.format = FileFormat::unknown;  // it only began like one
      return;
    }
    facts.tensors = onnx.tensors;
    facts.parameters = onnx.parameters;
    facts.dtypes = onnx.dtypes;
    const auto opset = onnx.opsets.find("");
    facts.detail = opset == onnx.opsets.end() ? fmt::format("IR version {}", onnx.ir_version)
                                              : fmt::format("opset {}", opset->second);
    findings_.onnx.emplace(facts.path, std::move(onnx));
  }

  void read_zip_file(const ReadAt& bytes, ModelFileFacts& facts) {
    if (!is_weight_name(facts.path)) return;
    const TorchArchive archive = read_torch_archive(bytes);
    if (archive.format == FileFormat::unknown) return;
    facts.format = archive.format;
    facts.detail = fmt::format("{} storages", archive.storages);
  }

  // Of the nearest folder that has one.
  ModelConfig config_for(const std::string& path) const {
    std::string folder(folder_of(path));
    while (true) {
      const auto found = findings_.configs.find(folder + "config.json");
      if (found != findings_.configs.end()) return with_quantisation(folder, found->second);
      if (folder.empty()) return with_quantisation(folder, {});
      folder.pop_back();
      folder = folder_of(folder);
    }
  }

  ModelConfig with_quantisation(const std::string& folder, ModelConfig config) const {
    for (const auto& [path, quantisation] : findings_.quantisations) {
      if (!config.quantisation && folder_of(path) == folder) config.quantisation = quantisation;
    }
    return config;
  }

  ModelReport report() {
    ModelReport report;
    report.summary = summarise(findings_);
    for (auto& [path, facts] : findings_.files)
      report.files.push_back(std::move(facts));
    report.problems = std::move(findings_.problems);
    std::stable_sort(report.problems.begin(),
                     report.problems.end(),
                     [](const ModelProblem& a, const ModelProblem& b) { return a.file < b.file; });
    report.choices = std::move(choices_);
    report.warnings = std::move(findings_.warnings);
    return report;
  }

  const Doubles doubles_;
  std::map<std::string, const ModelFile*> files_;
  Findings findings_;
  std::vector<ModelChoice> choices_;
};

}  // namespace

Error as_error(const ModelProblem& problem) {
  return {problem.fault,
          fmt::format("{} {}: {}", in_backticks(problem.file), problem.what, problem.why),
          problem.next};
}

ModelReport read_model(const std::vector<ModelFile>& files, Doubles doubles) {
  return Reader(files, doubles).read();
}

}  // namespace mlpack
