#include "cli/python_resolver.h"
#include "lib/oci/json_node.h"
#include "lib/python/name.h"
#include "lib/python/requirement.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t most_in_report = 100'000;

bool excludes(const PythonRequirement& requirement, const LockedWheel& pin) {
  const auto version = PythonVersion::parse(pin.version);
  return requirement.name == pin.name && version && !requirement.versions.contains(*version);
}

// What a package that pip chose needs in the image.
std::vector<PythonRequirement> needs_of_item(const JsonNode& item, const PythonFacts& facts) {
  MarkerEnvironment image = facts.markers;
  if (const auto extras = item.find("requested_extras")) {
    for (const std::string& extra : extras->text_list())
      image.extras.insert(normalized_name(extra));
  }
  std::vector<PythonRequirement> needs;
  const auto texts = item.at("metadata").find("requires_dist");
  if (!texts) return needs;
  for (const std::string& text : texts->text_list()) {
    auto read = parse_requirement(text);
    if (read && evaluate_marker(read->marker, image) == true) needs.push_back(std::move(*read));
  }
  return needs;
}

}  // namespace

std::vector<LockedWheel> allowed_pins(std::vector<LockedWheel> pins,
                                      const std::vector<std::string>& requirements,
                                      const PythonFacts& facts) {
  for (const std::string& text : requirements) {
    const auto read = parse_requirement(text);
    if (!read || evaluate_marker(read->marker, facts.markers) != true) continue;
    std::erase_if(pins, [&](const LockedWheel& pin) { return excludes(*read, pin); });
  }
  return pins;
}

std::vector<LockedWheel> pins_beside(std::vector<LockedWheel> pins,
                                     const std::string& report,
                                     const PythonFacts& facts) {
  const Document document{"pip's report", Fault::incompatible, "install uv: `pip install uv`"};
  const nlohmann::ordered_json json = parse_document(report, document);
  std::map<std::string, std::vector<PythonRequirement>> free;
  for (const JsonNode& item : JsonNode(json, document).at("install").items(most_in_report)) {
    free.emplace(normalized_name(item.at("metadata").at("name").text()),
                 needs_of_item(item, facts));
  }
  for (bool goes_on = true; goes_on;) {
    const std::size_t before = pins.size();
    const std::vector<LockedWheel> held = pins;
    for (const auto& package : free) {
      const bool is_held = std::any_of(held.begin(), held.end(), [&](const LockedWheel& pin) {
        return pin.name == package.first;
      });
      if (is_held) continue;
      for (const PythonRequirement& need : package.second)
        std::erase_if(pins, [&](const LockedWheel& pin) { return excludes(need, pin); });
    }
    goes_on = pins.size() < before;
  }
  return pins;
}

}  // namespace mlpack
