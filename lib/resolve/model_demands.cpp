#include "lib/resolve/model_demands.h"

#include "lib/resolve/releases.h"
#include "lib/resolve/runtime_args.h"
#include "lib/resolve/runtime_plan.h"
#include "lib/text.h"

namespace mlpack {
namespace {

// What a command says of a flag of its runtime, in small letters; empty: nothing.
std::string said_flag(const ServingRuntime& row, const Spec& spec, std::string_view flag) {
  if (flag.empty()) return {};
  return to_lower(said_argument(row, spec.runtime->value, flag).value_or(""));
}

// Releases before `half_since` take a model's own bfloat16 for granted.
std::string asks_for_bfloat16(const ServingRuntime& row, const Spec& spec, std::string_view dtype) {
  if (row.memory.bfloat16 != RuntimeMemory::Bfloat16::needed) return {};
  const std::string said = said_flag(row, spec, row.memory.dtype);
  if (said == "bfloat16") return "dtype bfloat16";
  const auto& version = spec.runtime->value.version;
  const bool is_release = version.find_first_of("0123456789") == 0;
  const bool is_older = is_release && compare_releases(version, row.memory.half_since) < 0;
  const bool is_left_open = said.empty() || said == "auto";
  return is_left_open && is_older && dtype == "bfloat16" ? "bfloat16 weights" : std::string();
}

}  // namespace

void add_model_demands(Demands& demands,
                       const Catalog& catalog,
                       const Spec& spec,
                       const DemandSources& sources) {
  demands.quantisation = sources.quantisation;
  if (!spec.weights.empty()) demands.quantisation_where = spec.where(spec.weights.front().place);
  const ServingRuntime* const row = spec.runtime ? runtime_of(spec) : nullptr;
  if (row == nullptr) return;
  const Where runtime = spec.where(spec.runtime->place);
  const std::string method = said_flag(*row, spec, row->memory.quantisation);
  if (demands.quantisation.empty() && catalog.find_quantisation(method) != nullptr) {
    demands.quantisation = method;
    demands.quantised_by = Demands::QuantisedBy::args;
    demands.quantisation_where = runtime;
  }
  const bool is_less = !method.empty() || !said_flag(*row, spec, row->memory.offload).empty();
  demands.weight_bytes = is_less ? 0 : sources.weight_bytes;
  demands.bfloat16 = asks_for_bfloat16(*row, spec, sources.dtype);
  const bool is_said = demands.bfloat16.starts_with("dtype");
  demands.bfloat16_where = is_said ? runtime : demands.quantisation_where;
}

}  // namespace mlpack
