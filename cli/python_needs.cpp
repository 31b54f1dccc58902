#include "cli/python_needs.h"

#include "lib/python/requirement.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

struct Dependant {
  const WheelListing* listing = nullptr;
  std::vector<PythonRequirement> dependencies;
};

Dependant dependant_of(const ListedWheel& wheel) {
  Dependant dependant{&wheel.listing, {}};
  for (const std::string& text : wheel.listing.dependencies) {
    if (auto read = parse_requirement(text)) dependant.dependencies.push_back(std::move(*read));
  }
  return dependant;
}

class NeedsCheck {
 public:
  NeedsCheck(const std::vector<ListedWheel>& wheels, const PythonFacts& facts, AskedExtras extras)
      : facts_(facts), extras_(std::move(extras)) {
    for (const ListedWheel& wheel : wheels)
      wheels_.emplace(wheel.listing.name, dependant_of(wheel));
  }

  std::vector<std::string> missing(const std::set<std::string>& there) {
    for (const auto& [name, wheel] : wheels_)
      open_.insert(name);
    std::map<std::string, std::string> found;
    while (!open_.empty()) {
      const Dependant& wheel = wheels_.at(*open_.begin());
      open_.erase(open_.begin());
      look_at(wheel, there, found);
    }
    std::vector<std::string> texts;
    for (const auto& [name, by] : found)
      texts.push_back(fmt::format("`{}`, which {} needs", name, by));
    return texts;
  }

 private:
  void look_at(const Dependant& wheel,
               const std::set<std::string>& there,
               std::map<std::string, std::string>& found) {
    MarkerEnvironment environment = facts_.markers;
    environment.extras = extras_[wheel.listing->name];
    for (const PythonRequirement& needed : wheel.dependencies) {
      if (!evaluate_marker(needed.marker, environment).value_or(false)) continue;
      ask_extras(needed);
      if (wheels_.contains(needed.name) || there.contains(needed.name)) continue;
      found.try_emplace(
          needed.name,
          fmt::format("`{}` {}", wheel.listing->name, printable(wheel.listing->version)));
    }
  }

  // Of a package that has more to say then.
  void ask_extras(const PythonRequirement& needed) {
    if (!wheels_.contains(needed.name)) return;
    for (const std::string& extra : needed.extras) {
      if (extras_[needed.name].insert(extra).second) open_.insert(needed.name);
    }
  }

  const PythonFacts& facts_;
  AskedExtras extras_;
  std::map<std::string, Dependant> wheels_;
  std::set<std::string> open_;
};

}  // namespace

std::vector<std::string> missing_needs(const std::vector<ListedWheel>& wheels,
                                       const PythonFacts& facts,
                                       AskedExtras extras,
                                       const std::set<std::string>& there) {
  return NeedsCheck(wheels, facts, std::move(extras)).missing(there);
}

}  // namespace mlpack
