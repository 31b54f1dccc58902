#include "lib/check/node_rules.h"

#include "lib/check/loader.h"
#include "lib/check/used_files.h"
#include "lib/error.h"
#include "lib/oci/json_node.h"
#include "lib/spec/yaml.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view rules_version = "v1alpha1";

// Reads one document; what it does not know it passes over, as its other readers do.
class NodeRulesReader {
 public:
  explicit NodeRulesReader(const std::string& what) : what_(what) {}

  NodeRules read(const YamlNode& root) const {
    const YamlNode* const version = root.find("version");
    if (version == nullptr || version->text != rules_version) {
      refuse(fmt::format("is of version `{}`, not `{}`",
                         version == nullptr ? "" : printable(version->text),
                         rules_version));
    }
    NodeRules rules;
    for (const YamlNode& set : list(root, "compatibilities"))
      rules.sets.push_back(read_set(set));
    return rules;
  }

 private:
  [[noreturn]] void refuse(const std::string& rule) const {
    throw Error(Fault::input,
                what_ + " " + rule,
                "see docs/usage/image-compatibility.md of node-feature-discovery");
  }

  // Empty where it is not there.
  std::vector<YamlNode> list(const YamlNode& node, std::string_view key) const {
    const YamlNode* const found = node.find(key);
    if (found == nullptr || found->kind == YamlNode::Kind::null) return {};
    if (found->kind != YamlNode::Kind::list) refuse(fmt::format("has a `{}` that is no list", key));
    return found->items;
  }

  static std::string text(const YamlNode& node, std::string_view key) {
    const YamlNode* const found = node.find(key);
    return found == nullptr ? std::string() : found->text;
  }

  NodeRuleSet read_set(const YamlNode& node) const {
    NodeRuleSet set;
    set.description = text(node, "description");
    set.is_preference = node.find("weight") != nullptr;
    for (const YamlNode& rule : list(node, "rules")) {
      NodeRule read{text(rule, "name"), read_terms(rule), {}};
      for (const YamlNode& one : list(rule, "matchAny"))
        read.any.push_back(read_terms(one));
      set.rules.push_back(std::move(read));
    }
    return set;
  }

  std::vector<NodeTerm> read_terms(const YamlNode& node) const {
    std::vector<NodeTerm> terms;
    for (const YamlNode& one : list(node, "matchFeatures")) {
      NodeTerm term;
      term.feature = to_lower(text(one, "feature"));
      term.has_name_match = one.find("matchName") != nullptr;
      const YamlNode* const expressions = one.find("matchExpressions");
      if (expressions != nullptr && expressions->kind == YamlNode::Kind::list) {
        refuse("has `matchExpressions` that are no map");
      }
      if (expressions != nullptr) {
        for (const YamlEntry& entry : expressions->entries)
          term.expressions.emplace_back(entry.key, read_expression(entry.value));
      }
      terms.push_back(std::move(term));
    }
    return terms;
  }

  static NodeExpression read_expression(const YamlNode& node) {
    NodeExpression expression{text(node, "op")};
    const YamlNode* const value = node.find("value");
    if (value == nullptr) return expression;
    if (value->kind == YamlNode::Kind::scalar) expression.values.push_back(value->text);
    for (const YamlNode& item : value->items)
      expression.values.push_back(item.text);
    return expression;
  }

  const std::string& what_;
};

// JSON's text is YAML's in double quotes.
std::string quoted(const std::string& text) {
  return dump_json(nlohmann::ordered_json(text), "a rule for nodes");
}

std::string expression_text(const NodeExpression& expression) {
  std::string text = "{op: " + expression.op;
  if (!expression.values.empty()) {
    std::vector<std::string> values;
    values.reserve(expression.values.size());
    for (const std::string& value : expression.values)
      values.push_back(quoted(value));
    text += ", value: [" + join(values, ", ") + "]";
  }
  return text + "}";
}

std::string terms_text(const std::vector<NodeTerm>& terms, const std::string& indent) {
  std::string text;
  for (const NodeTerm& term : terms) {
    text += indent + "- feature: " + term.feature + "\n";
    text += indent + "  matchExpressions:\n";
    for (const auto& [name, expression] : term.expressions)
      text += indent + "    " + quoted(name) + ": " + expression_text(expression) + "\n";
  }
  return text;
}

std::string rule_text(const NodeRule& rule) {
  std::string text = "  - name: " + quoted(rule.name) + "\n";
  if (!rule.all.empty()) text += "    matchFeatures:\n" + terms_text(rule.all, "    ");
  if (!rule.any.empty()) text += "    matchAny:\n";
  for (const auto& terms : rule.any)
    text += "    - matchFeatures:\n" + terms_text(terms, "      ");
  return text;
}

// What each level adds to the one below (x86-64 psABI), as node-feature-discovery calls it.
constexpr std::array level2{"CX16"sv, "POPCNT"sv, "SSE3"sv, "SSE4"sv, "SSE42"sv, "SSSE3"sv};
constexpr std::array level3{
    "AVX"sv, "AVX2"sv, "BMI1"sv, "BMI2"sv, "F16C"sv, "FMA3"sv, "LZCNT"sv, "MOVBE"sv};
constexpr std::array level4{"AVX512BW"sv, "AVX512CD"sv, "AVX512DQ"sv, "AVX512F"sv, "AVX512VL"sv};

NodeRule processor_rule(unsigned level) {
  NodeTerm term{"cpu.cpuid", {}};
  const auto add = [&](std::span<const std::string_view> names) {
    for (const std::string_view name : names)
      term.expressions.emplace_back(std::string(name), NodeExpression{"Exists"});
  };
  add(level2);
  if (level >= 3) add(level3);
  if (level >= 4) add(level4);
  return {fmt::format("a processor of x86-64-v{}", level), {std::move(term)}, {}};
}

// Jetson's GPU is no PCI device, and its module has another name.
bool is_card(const CheckMachine& machine) {
  return machine.gpu != nullptr && machine.gpu->kind != Gpu::Kind::jetson &&
         machine.gpu->kind != Gpu::Kind::integrated;
}

}  // namespace

NodeRules parse_node_rules(std::string_view text, const std::string& what) {
  Problems problems(what, Fault::input);
  const YamlNode root = parse_yaml(text, problems);
  problems.raise_if_any();
  return NodeRulesReader(what).read(root);
}

std::string write_node_rules(const NodeRules& rules) {
  std::string text = fmt::format("version: {}\ncompatibilities:\n", rules_version);
  for (const NodeRuleSet& set : rules.sets) {
    text += "- description: " + quoted(set.description) + "\n";
    if (set.is_preference) text += "  weight: 1\n";
    text += "  rules:\n";
    for (const NodeRule& rule : set.rules)
      text += rule_text(rule);
  }
  return text;
}

NodeRules rules_of_image(const std::vector<CheckMachine>& fleet, unsigned x86_level) {
  NodeRuleSet set{"what the image was built for", false, {}};
  if (!fleet.empty() && std::all_of(fleet.begin(), fleet.end(), is_card)) {
    set.rules.push_back(
        {"an NVIDIA GPU",
         {{"pci.device", {{"class", {"In", {"0300", "0302"}}}, {"vendor", {"In", {"10de"}}}}}},
         {}});
    set.rules.push_back(
        {"NVIDIA's kernel module", {{"kernel.loadedmodule", {{"nvidia", {"Exists"}}}}}, {}});
  }
  if (x86_level >= 2) set.rules.push_back(processor_rule(x86_level));
  return set.rules.empty() ? NodeRules() : NodeRules{{std::move(set)}};
}

unsigned x86_level_of(const CheckInput& input) {
  Loader loader(input, cache_on(input));
  const UsedFiles used(input, loader);
  unsigned level = 0;
  for (const auto& [path, file] : input.files.read()) {
    // The loader chooses among these by the processor.
    if (!file->content->elf || path.find("/glibc-hwcaps/") != std::string_view::npos) continue;
    if (used.contains(*file)) level = std::max(level, file->content->elf->x86_level);
  }
  return level;
}

}  // namespace mlpack
