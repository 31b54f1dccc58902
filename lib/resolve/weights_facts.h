#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// What a runtime wants to know of the files of one entry of `weights`.
struct WeightsFacts {
  std::string name;                   // of the entry
  std::vector<std::string> files;     // in the image, `models/base/config.json`, sorted
  std::string source;                 // what the only file is called where it comes from
  std::optional<std::uint64_t> rank;  // of a LoRA adapter: the largest
  // Of files called config.pbtxt: where they lie, and the name that they give the model.
  std::vector<std::pair<std::string, std::string>> model_names;
  std::vector<std::string> modules;  // folders that modules.json names: `1_Pooling`
};

/// What was read of the user's files before anything is decided.
struct RuntimeFacts {
  std::vector<WeightsFacts> weights;  // those whose files are known
  std::string config;                 // the text of `runtime.config`, where it is read

  const WeightsFacts* find(const std::string& name) const;
};

}  // namespace mlpack
