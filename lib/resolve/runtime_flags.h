#pragma once

#include "lib/resolve/runtime_args.h"
#include "lib/resolve/runtime_model.h"
#include "lib/resolve/weights_facts.h"
#include "lib/spec/spec.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What the words of a command are made of. `values` fill the patterns of the row.
struct RuntimeWish {
  const ServingRuntime& row;
  const Spec& spec;
  const RuntimeFacts& facts;
  const ServedModel& model;
  const std::map<std::string, std::string>& values;
};

/// The words behind the program, in the order in which the documentation has them: what is served
/// (at `model_place`) and its name, where it listens, flags that are always there, GPUs, adapters,
/// the configuration file at `config`, `args`. What `args` says too is left to it.
RuntimeCommand command_words(const RuntimeWish& wish,
                             std::string_view model_place,
                             const std::vector<Port>& ports,
                             const std::string& config);

}  // namespace mlpack
