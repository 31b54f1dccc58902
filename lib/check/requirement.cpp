#include "lib/check/requirement.h"

#include "lib/catalog/version.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::array properties{"arch"sv, "brand"sv, "cuda"sv, "driver"sv};
constexpr std::array operators{"!="sv, "<="sv, ">="sv, "="sv, "<"sv, ">"sv};
constexpr std::array trues{"1"sv, "t"sv, "T"sv, "true"sv, "TRUE"sv, "True"sv};

struct Factor {
  std::string property;
  std::string_view comparison;
  std::string value;
};

// Semantic versions of up to three numbers without leading zeros; suffixes are not used in images.
std::optional<Version> semantic(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  for (const std::string_view part : split(text, '.'))
    if (part.size() > 1 && part.starts_with('0')) return std::nullopt;
  const auto version = Version::parse(text);
  return version && version->size() <= 3 ? version : std::nullopt;
}

// nullopt: malformed. A factor without a property is passed over.
std::optional<Factor> parse_factor(std::string_view text) {
  if (trim(text).empty()) return Factor{};
  const std::size_t end = text.find_first_of("<>=!");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view property = text.substr(0, end);
  if (std::find(properties.begin(), properties.end(), property) == properties.end()) {
    return Factor{};
  }
  const std::string_view rest = text.substr(end);
  for (const std::string_view known : operators) {
    if (!rest.starts_with(known)) continue;
    Factor factor{std::string(property), known, std::string(rest.substr(known.size()))};
    if (property != "brand" && !semantic(factor.value)) return std::nullopt;
    return factor;
  }
  return std::nullopt;
}

bool holds(int order, std::string_view comparison) {
  if (comparison == "=") return order == 0;
  if (comparison == "!=") return order != 0;
  if (comparison == "<") return order < 0;
  if (comparison == "<=") return order <= 0;
  return comparison == ">" ? order > 0 : order >= 0;
}

int order_of(std::string_view property, const std::string& value, const std::string& other) {
  if (property == "brand") return value.compare(other);
  // Leading zeros of a driver are taken away before it is compared.
  const auto one = Version::parse(value);
  const auto two = semantic(other);
  if (!one || !two) return -1;
  return *one < *two ? -1 : *one > *two ? 1 : 0;
}

// Of the driver whose branch is all that is known: it may be any release of it.
std::optional<Truth> of_branch(const Factor& factor, const std::string& value) {
  const auto branch = Version::parse(value);
  const auto other = semantic(factor.value);
  const bool is_vague = factor.property == "driver" && branch && branch->size() == 1 && other;
  if (!is_vague || branch->part(0) != other->part(0)) return std::nullopt;
  if (*other > *branch) return Truth::maybe;
  if (factor.comparison == ">=") return Truth::yes;
  return factor.comparison == "<" ? Truth::no : Truth::maybe;
}

Truth evaluate_value(const Factor& factor, const std::string& value) {
  if (const auto truth = of_branch(factor, value)) return *truth;
  const bool is_met = holds(order_of(factor.property, value, factor.value), factor.comparison);
  return is_met ? Truth::yes : Truth::no;
}

Truth evaluate_factor(const Factor& factor, const HostProperties& host) {
  const auto known = host.find(factor.property);
  if (known == host.end() || known->second.empty()) return Truth::maybe;
  std::set<Truth> truths;
  for (const std::string& value : known->second)
    truths.insert(evaluate_value(factor, value));
  return truths.size() == 1 ? *truths.begin() : Truth::maybe;
}

// nullopt: malformed; nullopt inside: nothing in it counts.
std::optional<std::optional<Truth>> evaluate_term(std::string_view term,
                                                  const HostProperties& host) {
  std::optional<Truth> all;
  for (const std::string_view text : split(term, ',')) {
    const auto factor = parse_factor(text);
    if (!factor) return std::nullopt;
    if (factor->property.empty()) continue;
    const Truth truth = evaluate_factor(*factor, host);
    all = all ? std::min(*all, truth) : truth;
  }
  return all;
}

}  // namespace

std::vector<std::string> requirements_of(const ImageConfig& config) {
  const std::string disabled = config.env_value("NVIDIA_DISABLE_REQUIRE").value_or("");
  if (std::find(trues.begin(), trues.end(), disabled) != trues.end()) return {};
  std::vector<std::string> found;
  for (const auto& [name, value] : config.env) {
    const bool counts =
        name.starts_with("NVIDIA_REQUIRE_") && !name.starts_with("NVIDIA_REQUIRE_JETPACK");
    if (counts) found.push_back(value);
  }
  const std::string cuda = config.env_value("CUDA_VERSION").value_or("");
  const auto parts = split(cuda, '.');
  const bool is_old = config.env_value("NVIDIA_REQUIRE_CUDA").value_or("").empty();
  if (is_old && parts.size() >= 2 && parse_number(parts[0], 999) && parse_number(parts[1], 999)) {
    found.push_back(fmt::format("cuda>={}.{}", parts[0], parts[1]));
  }
  return found;
}

std::optional<Truth> evaluate_requirement(std::string_view requirement,
                                          const HostProperties& host) {
  std::optional<Truth> any;
  for (const std::string_view term : split(requirement, ' ')) {
    const auto truth = evaluate_term(term, host);
    if (!truth) return std::nullopt;
    if (*truth) any = any ? std::max(*any, **truth) : **truth;
  }
  return any.value_or(Truth::yes);
}

}  // namespace mlpack
