#include "lib/resolve/account.h"
#include "lib/resolve/runtime_plan.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr unsigned first_unprivileged = 1024;

// The port of the spec that is the runtime's `index`-th: by its name, else by its place.
const Port* said_port(const Spec& spec, const RuntimePort& row, std::size_t index) {
  const bool has_names = !spec.ports.empty() && !spec.ports.front().name.empty();
  if (!has_names) return index < spec.ports.size() ? &spec.ports[index] : nullptr;
  const auto found = std::find_if(spec.ports.begin(), spec.ports.end(), [&](const Port& port) {
    return port.name == row.name;
  });
  return found == spec.ports.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Port> runtime_ports(const ServingRuntime& row,
                                const Spec& spec,
                                std::string_view user) {
  std::vector<Port> ports;
  std::vector<const Port*> used;
  for (std::size_t i = 0; i < row.ports.size(); ++i) {
    const RuntimePort& known = row.ports[i];
    const Port* const said = said_port(spec, known, i);
    const bool is_closed = known.number < first_unprivileged && !is_root(user);
    const unsigned usual = is_closed && known.unprivileged != 0 ? known.unprivileged : known.number;
    ports.push_back({std::string(known.name), said != nullptr ? said->number : usual});
    if (said != nullptr) used.push_back(said);
  }
  for (const Port& port : spec.ports) {
    if (std::find(used.begin(), used.end(), &port) == used.end()) ports.push_back(port);
  }
  return ports;
}

Health runtime_health(const ServingRuntime& row, const Spec& spec) {
  Health health = spec.health.value_or(Health{});
  if (health.readiness.empty()) health.readiness = row.readiness;
  if (health.liveness.empty()) health.liveness = row.liveness;
  if (health.startup_seconds == 0) health.startup_seconds = row.startup_seconds;
  return health;
}

}  // namespace mlpack
