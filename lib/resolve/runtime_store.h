#pragma once

#include "lib/catalog/runtimes.h"
#include "lib/resolve/plan.h"
#include "lib/resolve/runtime_model.h"
#include "lib/resolve/weights_facts.h"
#include "lib/spec/spec.h"

namespace mlpack {

/// What Ollama's store is to hold of `model` and of what the Modelfile in `facts` says. Warns in
/// `model`. Fault::usage for what cannot be in it.
PlannedStore plan_store(const ServingRuntime& row,
                        const Spec& spec,
                        const RuntimeFacts& facts,
                        ServedModel& model);

}  // namespace mlpack
