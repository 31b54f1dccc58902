#pragma once

#include "lib/catalog/runtimes.h"
#include "lib/resolve/plan.h"
#include "lib/resolve/runtime_model.h"
#include "lib/resolve/weights_facts.h"
#include "lib/spec/spec.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The row of the runtime that `spec` names; nullptr where it names none.
const ServingRuntime* runtime_of(const Spec& spec);

/// The ports of the image: those of the spec, by their names or else in the order of the runtime's,
/// and the runtime's for the rest, which depend on whether `user` is root. As many of the spec's as
/// have no place there follow.
std::vector<Port> runtime_ports(const ServingRuntime& row, const Spec& spec, std::string_view user);

/// What the spec says of health, and the runtime for the rest.
Health runtime_health(const ServingRuntime& row, const Spec& spec);

/// GPUs per container, which `--tensor-parallel-size` and its like are told of. 1 where the fleet
/// does not say. Fault::incompatible where rows differ.
unsigned gpus_of_every_row(const Spec& spec);

/// Fills `plan`, whose account is made, with what the runtime needs: entrypoint and command (unless
/// `run` replaces it), environment, ports, labels, writable folders, the weights' places and a
/// configuration file. Errors have the place of `runtime`.
void plan_runtime(const ServingRuntime& row,
                  const Spec& spec,
                  const BaseFacts& base,
                  const RuntimeFacts& facts,
                  Plan& plan);

}  // namespace mlpack
