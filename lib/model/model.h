#pragma once

#include "lib/error.h"
#include "lib/model/config.h"
#include "lib/model/format.h"
#include "lib/model/read_at.h"
#include "lib/oci/recipe.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// A file of a model: where it lies in the model's folder, and its bytes. `open` is called up to
/// three times for each file, and only the front of what it gives is read: of safetensors and GGUF
/// the header (at most 100 MiB), of JSON all (at most 64 MiB), of ONNX what lies between the
/// tensors, of everything else 512 bytes; and of zip archives and tokenizers the end.
struct ModelFile {
  std::string path;  // `a/b`, relative to the folder
  std::uint64_t size = 0;
  OpenReadAt open;
};

/// The file at `place` as a ModelFile.
ModelFile model_file(std::string path, const fs::path& place, std::uint64_t size);

/// Opens a file of a remote source, of that many bytes, to look at parts of it.
using OpenRemoteReadAt =
    std::function<std::unique_ptr<ReadAt>(const RemoteContent&, std::uint64_t size)>;

/// Those of `entries` below the folder `target` (`models/base`, `` for all) that are files of the
/// user's, bytes in memory or, where `open_remote` is given, in the network, with paths relative to
/// it. A file that changed is Fault::input.
std::vector<ModelFile> model_files(const std::vector<RecipeEntry>& entries,
                                   const std::string& target,
                                   const OpenRemoteReadAt& open_remote = {});

/// What was found out about one file.
struct ModelFileFacts {
  std::string path;
  FileFormat format = FileFormat::unknown;
  std::uint64_t size = 0;
  std::string detail;  // such as `version 3`, `TensorRT 10.3.0.26`; often empty
  std::uint64_t tensors = 0;
  std::optional<std::uint64_t> parameters;      // where the format says them without being run
  std::map<std::string, std::uint64_t> dtypes;  // bytes of tensors by dtype
};

/// What makes a model unfit to be packaged. A sentence of it is "`file` what: why".
struct ModelProblem {
  std::string file;  // its path
  std::string what;  // such as "is cut"
  std::string why;
  std::string next;            // what to do, as the hint of an Error
  Fault fault = Fault::input;  // gate: a secret
};
/// "`file` what: why", the hint, and the class.
Error as_error(const ModelProblem& problem);

/// One set of weights that is there twice: which files are not worth packaging.
struct ModelChoice {
  std::vector<std::string> left_out;  // paths, sorted
  std::string message;                // says what is kept, what is left out, and why
};

/// A LoRA adapter or one of its kin.
struct ModelAdapter {
  std::string path;                   // its folder, `` for the top; of GGUF the file
  std::string kind;                   // `LORA`
  std::string base;                   // the model that it is for, by name
  std::optional<std::uint64_t> rank;  // the largest
  std::uint64_t bytes = 0;
  std::uint64_t parameters = 0;
};

/// The model as a whole, without its adapters. What no file says is empty or nullopt. Where there
/// are weights in several formats, tensors, parameters and dtypes are of the first of `formats`.
struct ModelSummary {
  std::vector<FileFormat> formats;  // of the weights
  std::string architecture;         // `LlamaForCausalLM`; of GGUF `llama`
  std::string model_type;
  std::optional<std::uint64_t> parameters;
  std::optional<Quantisation> quantisation;
  std::string dtype;  // that its configuration has it computed in; empty: it does not say
  std::optional<std::uint64_t> context_length;
  bool is_context_limit = false;  // it is the last position, and nothing stretches it
  std::optional<std::uint64_t> layers;
  std::optional<std::uint64_t> heads;
  std::optional<std::uint64_t> kv_heads;
  std::optional<std::uint64_t> hidden_size;
  std::optional<std::uint64_t> experts;  // of a layer
  CacheShape cache;
  std::uint64_t bytes = 0;  // of all files of weights
  std::size_t files = 0;    // of weights: the shards
  std::uint64_t tensors = 0;
  std::map<std::string, std::uint64_t> dtypes;
  std::vector<ModelAdapter> adapters;
};

struct ModelReport {
  std::vector<ModelFileFacts> files;  // by path; without those that are left out
  ModelSummary summary;
  std::vector<ModelProblem> problems;  // by file; none: the model can be packaged
  std::vector<ModelChoice> choices;
  std::vector<std::string> warnings;  // whole sentences, such as "`a` is named by no index"
};

/// Whether one of two sets of the same weights is looked at, or both.
enum class Doubles { leave_out, keep };

/// Looks at the files of one model and says what it is and whether it is whole. What a file holds
/// never makes it throw; an Error is that a file could not be opened or read. The result depends on
/// the paths and bytes alone, not on the order of `files`.
ModelReport read_model(const std::vector<ModelFile>& files, Doubles doubles = Doubles::leave_out);

}  // namespace mlpack
