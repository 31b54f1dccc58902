#include "lib/resolve/account.h"
#include "lib/resolve/plan.h"
#include "lib/resolve/runtime_plan.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <set>

namespace mlpack {
namespace {

void plan_command(const Spec& spec, ImageConfig& config) {
  if (spec.entrypoint || spec.run) {
    config.entrypoint = spec.entrypoint.value_or(std::vector<std::string>{});
    config.cmd = spec.run.value_or(std::vector<std::string>{});
  }
}

bool starts_something(const ImageConfig& config) {
  return !config.entrypoint.empty() || !config.cmd.empty();
}

// What a base built by mlpack says of itself is not true of the image on top of it.
void forget_own_labels(ImageConfig& config) {
  std::erase_if(config.labels,
                [](const auto& entry) { return entry.first.starts_with("dev.mlpack."); });
}

void warn_if_nothing_starts(const BaseFacts& base, Plan& plan) {
  if (starts_something(plan.config)) return;
  plan.warnings.push_back(
      {"the image starts nothing",
       starts_something(base.config)
           ? fmt::format("`entrypoint: []` clears what the base `{}` starts", base.name)
           : "neither the spec nor the base has a command",
       "set `run: [python3, -m, app]`, say"});
}

// Why the image is for its platform. What the command line says has no place in the file.
std::string reason_of_platform(const Spec& spec) {
  if (spec.platforms.empty()) return "this machine's";
  if (spec.platforms_from == Spec::PlatformsFrom::fleet) return "the machines of the fleet need it";
  return spec.platforms.front().place.line == 0 ? "`--platform` says so" : "the spec says so";
}

void plan_environment(const Spec& spec, const BaseFacts& base, ImageConfig& config) {
  if (base.kind == BaseFacts::Kind::debian && !config.env_value("PATH")) {
    config.set_env("PATH", std::string(default_path));
  }
  const std::string base_path = config.env_value("PATH").value_or(std::string(default_path));
  for (const EnvVariable& variable : spec.env) {
    config.set_env(variable.name, variable.value(base_path));
  }
}

// What the base's runtime listened on is not true of one that was told otherwise.
void forget_ports(const ServingRuntime& runtime, std::set<std::string>& ports) {
  for (const RuntimePort& port : runtime.ports)
    ports.erase(fmt::format("{}/tcp", port.number));
}

void plan_ports(const Spec& spec, const std::vector<Port>& listened, ImageConfig& config) {
  std::set<std::string> ports(config.exposed_ports.begin(), config.exposed_ports.end());
  if (const ServingRuntime* const runtime = runtime_of(spec)) forget_ports(*runtime, ports);
  for (const Port& port : listened) {
    ports.insert(fmt::format("{}/tcp", port.number));
  }
  config.exposed_ports.assign(ports.begin(), ports.end());
}

// A runtime has a port of its own, and so may a base.
void require_port_of_health(const Spec& spec, const ImageConfig& config) {
  const bool is_asked =
      spec.health && !(spec.health->readiness.empty() && spec.health->liveness.empty());
  if (!is_asked || spec.runtime || !config.exposed_ports.empty()) return;
  Where where = spec.where(spec.health_place);
  where.message = "`health` is asked on a port, and neither the spec nor its base names one";
  throw Error(Fault::usage,
              "`health` needs a `port`",
              "write the port that the server listens on, such as `port: 8000`",
              {where});
}

std::string ports_label(const std::vector<Port>& ports) {
  std::vector<std::string> shown;
  for (const Port& port : ports) {
    shown.push_back(port.name.empty() ? std::to_string(port.number)
                                      : fmt::format("{}={}", port.name, port.number));
  }
  return join(shown, ",");
}

std::string weight_licenses(const Spec& spec) {
  std::set<std::string> licenses;
  for (const auto& weights : spec.weights) {
    if (!weights.value.license.empty()) licenses.insert(weights.value.license);
  }
  return fmt::format("{}", fmt::join(licenses, " AND "));
}

// What the spec says about running the image, which no field of an OCI config can hold.
void plan_labels(const Spec& spec,
                 const std::vector<Port>& ports,
                 const std::optional<Health>& health,
                 ImageConfig& config) {
  const auto set = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) config.labels[std::string(key)] = value;
  };
  set(label::name, spec.name);
  set(label::ports, ports_label(ports));
  if (health) {
    set(label::readiness, health->readiness);
    set(label::liveness, health->liveness);
    set(label::startup, health->startup_seconds ? std::to_string(health->startup_seconds) : "");
  }
  set(label::secrets, join(spec.secrets, ","));
  set(label::cpu, spec.resources.cpu);
  set(label::memory, spec.resources.memory);
  set(label::shm, spec.resources.shm);
  set(label::licenses, weight_licenses(spec));
  for (const auto& [key, value] : spec.labels) {
    config.labels[key] = value;
  }
}

std::vector<PlannedContent> plan_weights(const Spec& spec) {
  std::vector<PlannedContent> planned;
  for (const auto& [weights, place] : spec.weights) {
    if (weights.kind == SourceKind::oci) continue;  // layers already
    planned.push_back({weights.name,
                       {weights.source, weights.target, weights.include, weights.exclude, {}, {}},
                       weights.compression,
                       spec.where(place)});
  }
  return planned;
}

std::vector<PlannedContent> plan_files(const Spec& spec, const Platform& platform) {
  std::vector<PlannedContent> planned;
  for (const auto& [entry, place] : spec.files) {
    if (entry.platform && *entry.platform != platform) continue;
    planned.push_back({entry.target,
                       {entry.source, entry.target, {}, entry.exclude, entry.mode, entry.owner},
                       spec.layers.compression,
                       spec.where(place)});
  }
  return planned;
}

Annotations plan_annotations(const BaseFacts& base, std::int64_t created) {
  Annotations annotations{{"org.opencontainers.image.created", rfc3339(created)}};
  if (base.kind == BaseFacts::Kind::image) {
    annotations["org.opencontainers.image.base.name"] = base.name;
    if (base.digest) annotations["org.opencontainers.image.base.digest"] = base.digest->text();
  }
  return annotations;
}

void require_platform(const BaseFacts& base, const Platform& platform) {
  if (base.kind == BaseFacts::Kind::image && base.config.platform != platform) {
    throw Error(Fault::incompatible,
                fmt::format("the base `{}` is for {}, not for {}",
                            base.name,
                            base.config.platform.text(),
                            platform.text()),
                "set `platform` in the spec, or name a base of that platform");
  }
}

}  // namespace

Plan resolve(const Spec& spec,
             const Platform& platform,
             const BaseFacts& base,
             std::int64_t created,
             const RuntimeFacts& facts) {
  at_place(spec.where(spec.base.place), [&] { require_platform(base, platform); });
  Plan plan;
  plan.platform = platform;
  plan.config = base.config;
  plan.config.platform = platform;
  plan.config.created = rfc3339(created);
  plan.max_layer_size = spec.layers.max_size;
  plan.decisions.push_back({"platform", platform.text(), {reason_of_platform(spec)}});
  forget_own_labels(plan.config);
  plan_command(spec, plan.config);
  plan.account = plan_account(spec, base, plan);
  plan.weights = plan_weights(spec);
  plan.files = plan_files(spec, platform);
  const ServingRuntime* const runtime = runtime_of(spec);
  if (runtime != nullptr) plan_runtime(*runtime, spec, base, facts, plan);
  warn_if_nothing_starts(base, plan);
  plan_environment(spec, base, plan.config);
  const auto ports =
      runtime != nullptr ? runtime_ports(*runtime, spec, plan.config.user) : spec.ports;
  plan_ports(spec, ports, plan.config);
  require_port_of_health(spec, plan.config);
  const auto health =
      runtime != nullptr ? std::optional(runtime_health(*runtime, spec)) : spec.health;
  plan_labels(spec, ports, health, plan.config);
  if (!spec.workdir.empty()) plan.config.working_dir = spec.workdir;
  plan.annotations = plan_annotations(base, created);
  return plan;
}

}  // namespace mlpack
