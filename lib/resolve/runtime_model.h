#pragma once

#include "lib/catalog/runtimes.h"
#include "lib/resolve/plan.h"
#include "lib/resolve/weights_facts.h"
#include "lib/spec/spec.h"

#include <string>
#include <vector>

namespace mlpack {

/// What a runtime is told to serve.
struct ServedModel {
  const Weights* weights = nullptr;   // nullptr: none of the spec's
  std::string name;                   // as clients ask for it
  std::string path;                   // in the image: what the runtime is given
  std::string folder;                 // of the model, where it is one of a repository; else empty
  std::string target;                 // where the weights go instead of their own target; or empty
  std::string projector;              // of a multimodal GGUF model; else empty
  std::vector<std::string> prepared;  // of a repository: `NAME:VERSION`
  std::vector<Warning> warnings;
};

/// The weights that `runtime` of `spec` serves: those of `model`, else the only ones that are no
/// adapters; nullptr where there are none.
const Weights* model_weights(const Spec& spec);

/// Looks at how the model's files lie and says what the runtime is to be told of them. Fault::usage
/// and Fault::input where the runtime cannot serve them as they are.
ServedModel served_model(const ServingRuntime& row, const Spec& spec, const RuntimeFacts& facts);

/// The model of a runtime that wants MODEL/VERSION/FILE; `model` has its weights.
void place_in_repository(const ServingRuntime& row,
                         const Spec& spec,
                         const WeightsFacts* facts,
                         ServedModel& model);

/// The one file in GGUF among `files` (paths without a leading slash) that stands for the model:
/// the first of its shards. Sets the projector, too. Fault::usage where it is not one model.
void choose_gguf(const ServingRuntime& row,
                 const std::vector<std::string>& files,
                 ServedModel& model);

/// `target` without a slash at its end.
std::string folder_of_target(const std::string& target);

}  // namespace mlpack
