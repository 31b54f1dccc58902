#include "cli/stack.h"

#include "cli/python_lines.h"
#include "lib/model/model.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/runtime_image.h"
#include "lib/resolve/runtime_model.h"
#include "lib/resolve/stack_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

// The quantisation that the model's own configuration names, as far as the catalog knows it.
std::string quantisation_of(const Catalog& catalog, const Spec& spec) {
  constexpr std::array names{
      "config.json", "quantize_config.json", "quant_config.json", "hf_quant_config.json"};
  for (const auto& [weights, place] : spec.weights) {
    if (weights.kind != SourceKind::path) continue;
    std::vector<ModelFile> files;
    for (const char* const name : names) {
      const fs::path path = fs::path(weights.source) / name;
      std::error_code failed;
      if (!fs::is_regular_file(path, failed)) continue;
      const std::uint64_t size = fs::file_size(path, failed);
      if (!failed) files.push_back(model_file(name, path, size));
    }
    const auto quantisation = read_model(files).summary.quantisation;
    if (quantisation && catalog.find_quantisation(quantisation->method) != nullptr) {
      return quantisation->method;
    }
  }
  return {};
}

// What config.json says that it is to be computed in.
std::string dtype_of(const Weights& model) {
  const fs::path path = fs::path(model.source) / "config.json";
  std::error_code failed;
  if (!fs::is_regular_file(path, failed)) return {};
  const std::uint64_t size = fs::file_size(path, failed);
  if (failed) return {};
  return read_model({model_file("config.json", path, size)}).summary.dtype;
}

// The same weights may be there once more, consolidated; of models in GGUF one is served.
std::uint64_t bytes_of(const Weights& model) {
  if (!model.include.empty() || !model.exclude.empty()) return 0;
  std::uint64_t shards = 0;
  std::uint64_t largest = 0;
  std::error_code failed;
  auto entry = fs::directory_iterator(model.source, failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    const bool is_shard = name.ends_with(".safetensors") && !name.starts_with("consolidated");
    if (!is_shard && !name.ends_with(".gguf")) continue;
    const std::uint64_t size = entry->is_regular_file(failed) ? entry->file_size(failed) : 0;
    if (failed) break;
    if (is_shard)
      shards += size;
    else
      largest = std::max(largest, size);
  }
  if (failed) return 0;
  return std::max(shards, largest);
}

// Of the model that the runtime serves, where it is on this disk.
void read_served(const Spec& spec, DemandSources& sources) {
  const Weights* const model = spec.runtime ? model_weights(spec) : nullptr;
  if (model == nullptr || model->kind != SourceKind::path) return;
  sources.dtype = dtype_of(*model);
  sources.weight_bytes = bytes_of(*model);
}

const Choice* choice_in(const Stack& stack, std::string_view what) {
  const auto found = std::find_if(stack.choices.begin(),
                                  stack.choices.end(),
                                  [&](const Choice& choice) { return choice.what == what; });
  return found == stack.choices.end() ? nullptr : &*found;
}

bool is_version(const Demand& fact) {
  return fact.kind == Demand::Kind::package_version;
}

// Why a wheel was chosen is known where it would be chosen again.
void tell_why(const Stack& asked, const Demands& demands, Stack& installed) {
  for (Choice& choice : installed.choices) {
    const Choice* const other = choice_in(asked, choice.what);
    const auto is_it = [&](const PackageDemand& package) { return package.name == choice.what; };
    if (other != nullptr && other->chosen == choice.chosen) {
      choice.because = other->because;
    } else if (std::any_of(demands.packages.begin(), demands.packages.end(), is_it)) {
      choice.because.resize(1);
      choice.because.front().reason =
          other == nullptr
              ? "that is what is locked"
              : fmt::format("that is what is locked; {} goes with the rest, too", other->chosen);
    }
  }
}

// Whose word a version is that the spec does not say itself, and how to get rid of it.
void tell_of_lock(SpecStack& found, InstalledWheels::From from) {
  const bool is_pinned = from == InstalledWheels::From::lock;
  found.resolution.together.clear();
  for (Conflict& conflict : found.resolution.conflicts) {
    auto& facts = conflict.facts;
    if (std::none_of(facts.begin(), facts.end(), is_version)) continue;
    for (Demand& fact : facts) {
      if (is_version(fact)) fact.text += is_pinned ? " as locked" : " as resolved";
    }
    if (!is_pinned) continue;
    conflict.fixes.insert(conflict.fixes.begin(), Fix{"let `mlpack lock` choose it anew", 0, {}});
  }
}

// The stack with `python`, where there is one.
std::optional<SpecStack> stack_with(const Catalog& catalog,
                                    Demands demands,
                                    const Version& python) {
  demands.python = python;
  const std::vector<Demand> list = list_demands(demands);
  // Of what has no answer, a conflict costs far more.
  if (!best_answer(make_problem(catalog, demands, list), all_of(list))) return std::nullopt;
  SpecStack found{demands, solve(catalog, demands)};
  found.demands.python.reset();
  return found;
}

// What keeps `python` out, where that is no matter of the Python itself.
std::optional<SpecStack> refusal_of(const Catalog& catalog,
                                    Demands demands,
                                    const Version& python) {
  const bool is_refused = demands.python_file && demands.python_file->refusal(python) != nullptr;
  if (is_refused) return std::nullopt;
  SpecStack found{std::move(demands), {}};
  found.resolution = solve(catalog, found.demands);
  return found.resolution.stack ? std::nullopt : std::optional(std::move(found));
}

std::set<Version, std::greater<>> open_pythons(const Catalog& catalog, const Demands& demands) {
  std::set<Version, std::greater<>> pythons;
  if (demands.undecided.empty() || demands.python) return pythons;
  for (const Frame& frame : make_problem(catalog, demands, list_demands(demands)).frames) {
    if (frame.python) pythons.insert(*frame.python);
  }
  return pythons;
}

// Markers that ask for the Python version are answered for the newest that goes with the rest;
// where none does, what keeps the newest out is told.
SpecStack stack_asked_for(const Catalog& catalog, const Spec& spec, DemandSources& sources) {
  SpecStack asked{demands_of(catalog, spec, sources), {}};
  std::optional<std::pair<Version, SpecStack>> lacking;  // libraries of CUDA
  std::optional<SpecStack> refused;
  for (const Version& python : open_pythons(catalog, asked.demands)) {
    sources.python = python;
    const Demands demands = demands_of(catalog, spec, sources);
    if (demands.undecided.size() == asked.demands.undecided.size()) break;
    auto found = stack_with(catalog, demands, python);
    if (!found && !refused) refused = refusal_of(catalog, demands, python);
    if (!found) continue;
    if (found->resolution.stack->libraries == Stack::Libraries::there) return *found;
    if (!lacking) lacking = {python, *found};
  }
  sources.python = lacking ? std::optional(lacking->first) : std::nullopt;
  if (lacking) return lacking->second;
  if (refused) return *refused;
  asked.resolution = solve(catalog, asked.demands);
  return asked;
}

// The wheels fit the Python and the C library that there are, whatever the tables say of others.
SpecStack stack_of_wheels(const Catalog& catalog, Demands demands, const SpecStack& asked) {
  demands.for_processors = asked.demands.for_processors;
  SpecStack found{demands, {}};
  const Stack& chosen = *asked.resolution.stack;
  demands.python.reset();
  demands.python_file.reset();
  demands.auto_base = Demands::Auto::slim;
  if (!chosen.base_packages.empty())
    demands.base = base_demand(catalog, BaseReference{chosen.base}, std::nullopt);
  if (demands.base) {
    demands.base->python.reset();
    demands.base->distro = nullptr;
  }
  found.resolution = solve(catalog, demands);
  if (!found.resolution.stack) return found;
  Stack& stack = *found.resolution.stack;
  stack.python = chosen.python;
  stack.base = chosen.base;
  stack.base_packages = chosen.base_packages;
  stack.base_because = chosen.base_because;
  tell_why(chosen, found.demands, stack);
  return found;
}

// What the base lacks, where the spec does not ask for it itself.
void add_packages_of_base(Spec& spec, const Stack& stack) {
  auto& packages = spec.system_packages;
  for (const std::string& name : stack.base_packages) {
    const auto is_it = [&](const auto& package) { return package.value == name; };
    if (std::none_of(packages.begin(), packages.end(), is_it))
      packages.push_back({name, spec.python ? spec.python->place : spec.base.place});
  }
}

}  // namespace

SpecStack find_stack(const Catalog& catalog,
                     const Spec& spec,
                     const std::optional<ImageConfig>& base,
                     const std::string& as_of,
                     const InstalledWheels& installed) {
  require_release(catalog, spec);
  AskedLines lines = asked_lines(catalog, spec, base);
  DemandSources sources{std::move(lines.requirements),
                        locked_lines(spec),
                        base,
                        quantisation_of(catalog, spec),
                        as_of,
                        std::move(lines.constraints),
                        std::move(lines.index_url),
                        lines.builds,
                        lines.wheels};
  sources.extra_index_urls = std::move(lines.extra_index_urls);
  sources.hashed = std::move(lines.hashed);
  sources.python_file = std::move(lines.python_file);
  read_served(spec, sources);
  const SpecStack asked = stack_asked_for(catalog, spec, sources);
  const bool is_known = installed.wheels != nullptr && spec.python && asked.demands.runtime.empty();
  if (!is_known || !asked.resolution.stack) return asked;
  sources.requirements = installed_lines(spec, *installed.wheels, sources.requirements);
  sources.locked.clear();
  sources.constraints.clear();
  sources.wheels = DemandSources::Wheels::seen;
  SpecStack found = stack_of_wheels(catalog, demands_of(catalog, spec, sources), asked);
  // What another tool locked, mlpack does not choose.
  tell_of_lock(found, spec.python->value.lock ? InstalledWheels::From::resolver : installed.from);
  return found;
}

std::vector<std::string> pinned_in_conflicts(const SpecStack& found) {
  std::vector<std::string> names;
  for (const Conflict& conflict : found.resolution.conflicts) {
    for (const Demand& fact : conflict.facts) {
      const std::string name = is_version(fact) ? found.demands.packages[fact.subject].name : "";
      const bool is_new = std::find(names.begin(), names.end(), name) == names.end();
      if (is_new && !name.empty()) names.push_back(name);
    }
  }
  return names;
}

const Stack& require_stack(const SpecStack& found) {
  if (!found.resolution.stack) throw conflict_error(found.resolution);
  return *found.resolution.stack;
}

bool needs_stack(const Spec& spec) {
  return spec.cuda || spec.runtime || spec.python || !spec.fleet.empty();
}

bool names_base(const Spec& spec) {
  return !std::holds_alternative<BaseAuto>(spec.base.value);
}

bool waits_for_base(const Spec& spec, const SpecStack& found) {
  const auto& base = found.demands.base;
  return names_base(spec) && base && !base->cuda && base->distro == nullptr && !base->compat;
}

Spec with_base(Spec spec, const Stack& stack) {
  if (!names_base(spec) && !stack.base.empty()) {
    spec.base.value = BaseReference{stack.base};
    add_packages_of_base(spec, stack);
  }
  return spec;
}

}  // namespace mlpack
