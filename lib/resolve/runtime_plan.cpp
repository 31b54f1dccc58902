#include "lib/resolve/runtime_plan.h"

#include "lib/resolve/account.h"
#include "lib/resolve/filled.h"
#include "lib/resolve/runtime_args.h"
#include "lib/resolve/runtime_flags.h"
#include "lib/resolve/runtime_notes.h"
#include "lib/resolve/runtime_store.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlpack {
namespace {

using Words = std::vector<std::string>;
using Values = std::map<std::string, std::string>;

// How the image starts the runtime: a form, and how many of its words the base's entrypoint is.
struct Start {
  const RuntimeForm& form;
  std::size_t kept;
};

bool begins_with(std::span<const std::string_view> words, const Words& first) {
  return first.size() <= words.size() && std::equal(first.begin(), first.end(), words.begin());
}

Start start_for(const ServingRuntime& row, const Spec& spec, const ImageConfig& base) {
  if (!spec.entrypoint && !base.entrypoint.empty()) {
    for (const RuntimeForm& form : row.forms) {
      if (begins_with(form.program, base.entrypoint)) return {form, base.entrypoint.size()};
    }
  }
  return {row.forms.front(), 0};
}

void set_command(const Spec& spec, const Start& start, const Words& words, ImageConfig& config) {
  Words all(start.form.program.begin(), start.form.program.end());
  all.insert(all.end(), words.begin(), words.end());
  const auto rest = all.begin() + static_cast<std::ptrdiff_t>(start.kept);
  config.entrypoint = spec.entrypoint.value_or(Words(all.begin(), rest));
  config.cmd = Words(rest, all.end());
}

// Where the user's files may go: a home that the image has, else /tmp.
std::string home_of(const Plan& plan) {
  if (!plan.account.home.empty()) return plan.account.home;
  if (is_root(plan.config.user)) return "/root";
  return plan.config.env_value("HOME").value_or("/tmp");
}

Values values_of(const Plan& plan, const ServedModel& model, const std::vector<Port>& ports) {
  const std::string home = home_of(plan);
  Values values{{"home", home},
                {"cache", home + "/.cache"},
                {"port", std::to_string(ports.front().number)},
                {"prepared", join(model.prepared, " ")}};
  if (model.weights != nullptr) {
    values["model"] = model.path;
    values["name"] = model.name;
  }
  return values;
}

bool is_filled(const std::string& text) {
  return text.find('{') == std::string::npos;
}

// What is said of a model is not said where there is none.
void set_environment(const ServingRuntime& row, const Values& values, ImageConfig& config) {
  for (const RuntimeVariable& variable : row.env) {
    const std::string value = filled(variable.value, values);
    if (is_filled(value)) config.set_env(std::string(variable.name), value);
  }
}

void set_labels(const ServingRuntime& row,
                const Spec& spec,
                const ServedModel& model,
                const std::vector<Port>& ports,
                ImageConfig& config) {
  const auto set = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) config.labels[std::string(key)] = value;
  };
  set(label::runtime, row.name);
  set(label::runtime_version, spec.runtime->value.version);
  set(label::model, model.name);
  const bool several = std::any_of(spec.fleet.begin(), spec.fleet.end(), [](const auto& machines) {
    return machines.value.count > 1;
  });
  set(label::shm, several ? row.shm_several_gpus : row.shm_one_gpu);
  for (std::size_t i = 0; i < row.ports.size(); ++i) {
    if (row.ports[i].name != row.metrics_port) continue;
    set(label::metrics, fmt::format("{}{}", ports[i].number, row.metrics_path));
  }
}

// A named user of the base has no number that folders could belong to.
void add_writable(const ServingRuntime& row, Plan& plan) {
  const bool has_number = plan.account.uid != 0 || is_root(plan.config.user);
  auto& writable = plan.account.writable;
  for (const std::string_view folder : row.writable) {
    const bool is_there = std::find(writable.begin(), writable.end(), folder) != writable.end();
    if (has_number && !is_there) writable.emplace_back(folder);
  }
}

void move_weights(const ServedModel& model, Plan& plan) {
  if (model.target.empty()) return;
  for (PlannedContent& content : plan.weights) {
    if (content.name == model.name) content.tree.target = model.target;
  }
}

void add_config_file(const Spec& spec, const std::string& target, Plan& plan) {
  PlannedContent content{target,
                         {*spec.runtime->value.config, target, {}, {}, {}, {}},
                         spec.layers.compression,
                         spec.where(spec.runtime->place)};
  plan.files.push_back(std::move(content));
}

// Where the runtime's own file goes; empty: into no layer.
std::string place_config(const ServingRuntime& row, const Spec& spec, const ServedModel& model) {
  if (!spec.runtime->value.config) return {};
  switch (row.config.use) {
    case RuntimeConfig::Use::none:
      throw Error(Fault::usage,
                  fmt::format("{} has no configuration file of its own", row.title),
                  "write `args`, or put the file into `files`");
    case RuntimeConfig::Use::flag:
    case RuntimeConfig::Use::positional:
      return "/etc/mlpack/" + spec.runtime->value.config->filename().string();
    case RuntimeConfig::Use::beside_model:
      if (!model.folder.empty()) return fmt::format("{}/{}", model.folder, row.config.name);
      throw Error(
          Fault::usage,
          fmt::format(
              "`{}` is a repository of models, which have a {} each", model.name, row.config.name),
          "put the file into the folder of its model");
    case RuntimeConfig::Use::modelfile:
      return {};
  }
  return {};
}

// The model as the environment knows it, where the command is the spec's own.
ServedModel unserved_model(const Spec& spec) {
  ServedModel model;
  model.weights = model_weights(spec);
  if (model.weights == nullptr) return model;
  model.name = model.weights->name;
  model.path = folder_of_target(model.weights->target);
  return model;
}

void plan_started(const ServingRuntime& row,
                  const Spec& spec,
                  const BaseFacts& base,
                  const RuntimeFacts& facts,
                  Plan& plan) {
  const auto ports = runtime_ports(row, spec, plan.config.user);
  const bool own_command = spec.run.has_value();
  ServedModel model = own_command ? unserved_model(spec) : served_model(row, spec, facts);
  const Values values = values_of(plan, model, ports);
  set_environment(row, values, plan.config);
  set_labels(row, spec, model, ports, plan.config);
  add_writable(row, plan);
  plan.config.stop_signal = row.stop_signal;
  const std::string config_place = place_config(row, spec, model);
  if (!config_place.empty()) add_config_file(spec, config_place, plan);
  if (!own_command) {
    const Start start = start_for(row, spec, base.config);
    const RuntimeCommand command =
        command_words({row, spec, facts, model, values}, start.form.model, ports, config_place);
    set_command(spec, start, command.words, plan.config);
    for (const auto& [name, value] : command.env)
      plan.config.set_env(name, value);
    move_weights(model, plan);
    if (row.serves == ServingRuntime::Serves::store)
      plan.store = plan_store(row, spec, facts, model);
  }
  for (const auto& warnings :
       {model.warnings, runtime_warnings(row, spec, base, plan.config, ports)}) {
    plan.warnings.insert(plan.warnings.end(), warnings.begin(), warnings.end());
  }
}

}  // namespace

const WeightsFacts* RuntimeFacts::find(const std::string& name) const {
  const auto found = std::find_if(weights.begin(), weights.end(), [&](const WeightsFacts& facts) {
    return facts.name == name;
  });
  return found == weights.end() ? nullptr : &*found;
}

const ServingRuntime* runtime_of(const Spec& spec) {
  return spec.runtime ? find_runtime(spec.runtime->value.name) : nullptr;
}

void plan_runtime(const ServingRuntime& row,
                  const Spec& spec,
                  const BaseFacts& base,
                  const RuntimeFacts& facts,
                  Plan& plan) {
  at_place(spec.where(spec.runtime->place), [&] { plan_started(row, spec, base, facts, plan); });
}

}  // namespace mlpack
