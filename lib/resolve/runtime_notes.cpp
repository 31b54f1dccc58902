#include "lib/resolve/runtime_notes.h"

#include "lib/resolve/account.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

bool has_several_gpus(const Spec& spec) {
  return std::any_of(
      spec.fleet.begin(), spec.fleet.end(), [](const auto& row) { return row.value.count > 1; });
}

bool sets(const Spec& spec, std::string_view name) {
  return std::any_of(spec.env.begin(), spec.env.end(), [&](const EnvVariable& variable) {
    return variable.name == name;
  });
}

// A port that the runtime is not told of, because it has no flag.
bool has_unsaid_port(const ServingRuntime& row, const Spec& spec, const std::vector<Port>& ports) {
  if (spec.runtime->value.config) return false;
  for (std::size_t i = 0; i < row.ports.size(); ++i) {
    if (row.ports[i].flag.empty() && ports[i].number != row.ports[i].number) return true;
  }
  return false;
}

Warning debian_warning(const ServingRuntime& row, const std::vector<std::string>& missing) {
  return {fmt::format("{} may not start on this base", row.title),
          fmt::format("it needs {} of the distribution", join(missing, ", ")),
          fmt::format("add `system_packages: [{}]`", join(missing, ", "))};
}

std::vector<std::string> missing_packages(const ServingRuntime& row, const Spec& spec) {
  std::vector<std::string> missing;
  for (const std::string_view package : row.packages) {
    const auto is_it = [&](const auto& named) { return named.value == package; };
    if (std::none_of(spec.system_packages.begin(), spec.system_packages.end(), is_it)) {
      missing.emplace_back(package);
    }
  }
  return missing;
}

}  // namespace

std::vector<Warning> runtime_warnings(const ServingRuntime& row,
                                      const Spec& spec,
                                      const BaseFacts& base,
                                      const ImageConfig& config,
                                      const std::vector<Port>& ports) {
  using When = RuntimeNote::When;
  const auto holds = [&](When when) {
    switch (when) {
      case When::always:
        return true;
      case When::not_root:
        return !is_root(config.user);
      case When::own_command:
        return spec.run.has_value();
      case When::several_gpus:
        return has_several_gpus(spec);
      case When::fixed_port:
        return has_unsaid_port(row, spec, ports);
      case When::vllm_port:
        return sets(spec, "VLLM_PORT");
    }
    return false;
  };
  std::vector<Warning> warnings;
  for (const RuntimeNote& note : row.notes) {
    if (!holds(note.when)) continue;
    warnings.push_back({std::string(note.what), std::string(note.why), std::string(note.fix)});
  }
  const auto missing = missing_packages(row, spec);
  if (base.kind == BaseFacts::Kind::debian && !missing.empty()) {
    warnings.push_back(debian_warning(row, missing));
  }
  return warnings;
}

}  // namespace mlpack
