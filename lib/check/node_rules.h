#pragma once

#include "lib/check/check.h"
#include "lib/check/nodes.h"
#include "lib/host/host_facts.h"
#include "lib/resolve/rules.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// The image compatibility artifact of node-feature-discovery, v1alpha1
/// (docs/usage/image-compatibility.md there): what a node must be like, beside an image.
namespace compatibility {
inline constexpr std::string_view artifact_type =
    "application/vnd.nfd.image-compatibility.v1alpha1";
inline constexpr std::string_view document_type =
    "application/vnd.nfd.image-compatibility.spec.v1alpha1+yaml";
inline constexpr std::uint64_t max_bytes = std::uint64_t{1} << 20;
}  // namespace compatibility

/// `{op: In, value: ["10de"]}`
struct NodeExpression {
  std::string op;
  std::vector<std::string> values = {};
  bool operator==(const NodeExpression&) const = default;
};

/// What a feature must be like: all expressions hold, of one of its instances where it has some.
struct NodeTerm {
  std::string feature;  // `pci.device`
  std::vector<std::pair<std::string, NodeExpression>> expressions;
  bool has_name_match = false;  // `matchName`, which is not looked at
  bool operator==(const NodeTerm&) const = default;
};

struct NodeRule {
  std::string name;
  std::vector<NodeTerm> all;
  std::vector<std::vector<NodeTerm>> any;  // one of them; empty: nothing more
  bool operator==(const NodeRule&) const = default;
};

struct NodeRuleSet {
  std::string description;
  bool is_preference = false;  // it has a weight: a node without it does, too
  std::vector<NodeRule> rules;
  bool operator==(const NodeRuleSet&) const = default;
};

/// What an image asks of a node.
struct NodeRules {
  std::vector<NodeRuleSet> sets;
  bool operator==(const NodeRules&) const = default;
};

/// Fault::input where `text`, which `what` names, is no such document.
NodeRules parse_node_rules(std::string_view text, const std::string& what);
/// Equal rules give equal bytes, which parse_node_rules reads.
std::string write_node_rules(const NodeRules& rules);

/// What has to be there for an image that is made for `fleet` and whose programs want a processor
/// of `x86_level` (3 for x86-64-v3; 0: any). No sets: nothing that could be said.
NodeRules rules_of_image(const std::vector<CheckMachine>& fleet, unsigned x86_level);
/// The level of the programs and libraries that a container loads.
unsigned x86_level_of(const CheckInput& input);

/// A machine in the words of node-feature-discovery. What is not in it is not known.
struct NodeFeatures {
  /// What a value may be.
  using Values = std::vector<std::string>;
  using Attributes = std::map<std::string, Values, std::less<>>;

  std::map<std::string, std::map<std::string, bool, std::less<>>, std::less<>> flags;
  std::map<std::string, Attributes, std::less<>> attributes;
  /// NVIDIA's devices, all of them; nullopt: not known.
  std::optional<std::vector<Attributes>> pci = std::nullopt;
};

NodeFeatures node_features(const HostFacts& facts);
NodeFeatures node_features(const ClusterNode& node);

/// The rules of an image that a machine does not meet, or of which that is not known. Pure.
Findings check_node_rules(const NodeRules& rules, const NodeFeatures& features);

}  // namespace mlpack
