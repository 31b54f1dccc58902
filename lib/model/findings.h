#pragma once

#include "lib/model/gguf.h"
#include "lib/model/model.h"
#include "lib/model/onnx.h"
#include "lib/model/weight_index.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// What the files of a model say, before it is put together. All maps are by path.
struct Findings {
  std::map<std::string, ModelFileFacts> files;
  std::map<std::string, WeightIndex> indexes;
  std::map<std::string, ModelConfig> configs;
  std::map<std::string, Quantisation> quantisations;  // of files of their own
  std::map<std::string, std::string> pipelines;
  std::map<std::string, AdapterConfig> adapters;
  std::map<std::string, Gguf> ggufs;  // without their tensors
  std::map<std::string, Onnx> onnx;
  std::set<std::string> missing;  // files that a problem has named already
  std::vector<ModelProblem> problems;
  std::vector<std::string> warnings;

  void add_problem(std::string file, std::string what, std::string why, std::string next) {
    problems.push_back({std::move(file), std::move(what), std::move(why), std::move(next)});
  }
};

}  // namespace mlpack
