#include "cli/plan.h"
#include "layers/file_set.h"
#include "lib/model/model.h"
#include "lib/resolve/fit_args.h"
#include "lib/resolve/model_shape.h"
#include "lib/resolve/runtime_model.h"
#include "lib/resolve/runtime_plan.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

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

std::vector<PlannedFit> plan_fits(const Spec& spec,
                                  const Catalog& catalog,
                                  const RemoteWeightsByName& remote,
                                  Offline network,
                                  Session& session) {
  std::vector<PlannedFit> fits;
  const auto machines = machines_of(spec, catalog);
  if (machines.empty()) return fits;
  std::vector<FitQuestion> questions;
  for (const FleetGroup& group : machines)
    questions.push_back(question_of(catalog, spec, group));
  for (const Weights* weights : models_to_fit(spec)) {
    const auto shape = shape_of(*weights, remote, network, session);
    const bool is_no_model = shape && shape->weight_bytes == 0;
    if (is_no_model) continue;
    for (std::size_t i = 0; i < machines.size(); ++i) {
      Fit fit = shape ? fit_model(catalog, *shape, questions[i], others_of(questions, i))
                      : not_known(*weights);
      fits.push_back({weights->name, machines[i], std::move(fit)});
    }
  }
  return fits;
}

}  // namespace mlpack
