#include "cli/plan.h"
#include "layers/file_set.h"
#include "lib/model/model.h"
#include "lib/resolve/model_shape.h"
#include "lib/resolve/runtime_args.h"
#include "lib/resolve/runtime_model.h"
#include "lib/resolve/runtime_plan.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

constexpr std::uint64_t most_tokens = std::uint64_t{1} << 28;

std::optional<std::uint64_t> number_of(const std::optional<std::string>& text, std::uint64_t most) {
  return text ? parse_number(*text, most) : std::nullopt;
}

// `0.85` as 850.
std::optional<std::uint64_t> permille_of(const std::optional<std::string>& text) {
  if (!text || !text->starts_with("0.")) return std::nullopt;
  const std::string digits = (text->substr(2) + "000").substr(0, 3);
  return parse_number(digits, 999);
}

// What the runtime is told, as far as it decides about memory.
void ask_as_told(const Catalog& catalog,
                 const ServingRuntime& row,
                 const Spec& spec,
                 FitQuestion& question) {
  const auto said = [&](std::string_view key) {
    return key.empty() ? std::nullopt : said_argument(row, spec.runtime->value, key);
  };
  // Of those that pass their arguments on, that is what vLLM calls it.
  const auto context = said(row.context);
  question.context = number_of(context ? context : said("max-model-len"), most_tokens);
  if (question.context == std::uint64_t{0}) question.context.reset();
  // The image's command divides the model over all GPUs, where it is known how that is done.
  const bool divides =
      memory_overhead(catalog, question.runtime).split == MemoryOverhead::Split::tensor;
  if (divides && !row.tensor_parallel.empty()) {
    question.sizes = parallel_sizes(row, spec);
    question.parallel = question.sizes.tensor.value_or(question.sizes.tensors_of(question.count));
  }
  question.utilisation_permille = permille_of(said("gpu-memory-utilization"));
  constexpr std::array<std::string_view, 3> cache_keys{"kv-cache-dtype", "cache-type-k", "ctk"};
  for (const std::string_view key : cache_keys) {
    const auto type = said(key);
    if (type) question.cache = parse_cache_type(*type).value_or(question.cache);
  }
}

FitQuestion question_of(const Catalog& catalog, const Spec& spec, const FleetGroup& machines) {
  FitQuestion question;
  question.gpu = machines.gpu;
  question.count = machines.count;
  const ServingRuntime* const row = runtime_of(spec);
  if (row == nullptr) return question;
  question.runtime = row->name;
  ask_as_told(catalog, *row, spec, question);
  return question;
}

std::vector<FleetGroup> machines_of(const Spec& spec, const Catalog& catalog) {
  std::vector<FleetGroup> machines;
  for (const auto& [row, place] : spec.fleet) {
    const auto match = row.is_cpu() ? std::nullopt : catalog.find_gpu(row.gpu);
    if (!match) continue;
    FleetGroup group{match->gpu, row.count, std::nullopt, spec.where(place)};
    if (!row.driver.empty()) group.driver = Version::parse(row.driver);
    machines.push_back(group);
  }
  return machines;
}

// Models that a container may load: what the runtime serves, else every entry.
std::vector<const Weights*> models_to_fit(const Spec& spec) {
  if (spec.runtime) {
    const Weights* const served = model_weights(spec);
    return served == nullptr ? std::vector<const Weights*>() : std::vector{served};
  }
  std::vector<const Weights*> models;
  for (const auto& item : spec.weights)
    models.push_back(&item.value);
  return models;
}

// nullopt where nobody can look into the files now.
std::optional<ModelShape> shape_of(const Weights& weights,
                                   const RemoteWeightsByName& remote,
                                   Offline network,
                                   Session& session) {
  if (weights.kind == SourceKind::oci) return std::nullopt;
  std::vector<RecipeEntry> entries;
  if (weights.kind == SourceKind::path) {
    TreeInput input;
    input.source = weights.source;
    input.target = weights.target;
    input.include = weights.include;
    input.exclude = weights.exclude;
    input.links = TreeInput::Links::follow;
    entries = walk(input);
  } else {
    const auto found = remote.find(weights.name);
    if (found == remote.end()) return std::nullopt;
    entries = found->second.entries;
  }
  const bool is_out_of_reach =
      network == Offline::yes &&
      std::any_of(entries.begin(), entries.end(), [](const RecipeEntry& entry) {
        return std::holds_alternative<RemoteContent>(entry.content);
      });
  if (is_out_of_reach) return std::nullopt;
  const std::string target = parse_target(weights.target, "the target");
  const bool is_file = entries.size() == 1 && entries.front().path == target;
  const auto files =
      model_files(entries, is_file ? std::string() : target, session.open_remote_parts(network));
  return model_shape(read_model(files).summary);
}

// What is asked of all rows but `index`.
std::vector<FitQuestion> others_of(std::vector<FitQuestion> questions, std::size_t index) {
  questions.erase(questions.begin() + static_cast<std::ptrdiff_t>(index));
  return questions;
}

Fit not_known(const Weights& weights) {
  Fit fit;
  fit.reason = fmt::format("nobody looked into the files of `{}`, which are not on this disk",
                           printable(weights.name));
  return fit;
}

}  // namespace

std::vector<PlannedFit> plan_fits(const PlanInputs& inputs,
                                  const RemoteWeightsByName& remote,
                                  Session& session) {
  std::vector<PlannedFit> fits;
  const auto machines = machines_of(inputs.spec, inputs.catalog);
  if (machines.empty()) return fits;
  std::vector<FitQuestion> questions;
  for (const FleetGroup& group : machines)
    questions.push_back(question_of(inputs.catalog, inputs.spec, group));
  for (const Weights* weights : models_to_fit(inputs.spec)) {
    const auto shape = shape_of(*weights, remote, inputs.network, session);
    const bool is_no_model = shape && shape->weight_bytes == 0;
    if (is_no_model) continue;
    for (std::size_t i = 0; i < machines.size(); ++i) {
      Fit fit = shape ? fit_model(inputs.catalog, *shape, questions[i], others_of(questions, i))
                      : not_known(*weights);
      fits.push_back({weights->name, machines[i], std::move(fit)});
    }
  }
  return fits;
}

}  // namespace mlpack
