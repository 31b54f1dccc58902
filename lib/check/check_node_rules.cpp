#include "lib/check/node_rules.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace mlpack {
namespace {

using Level = Finding::Level;
using Values = NodeFeatures::Values;

Verdict verdict_of(bool holds) {
  return holds ? Verdict::yes : Verdict::no;
}

Verdict both(Verdict one, Verdict other) {
  if (one == Verdict::no || other == Verdict::no) return Verdict::no;
  return one == Verdict::yes && other == Verdict::yes ? Verdict::yes : Verdict::unknown;
}

Verdict either(Verdict one, Verdict other) {
  if (one == Verdict::yes || other == Verdict::yes) return Verdict::yes;
  return one == Verdict::no && other == Verdict::no ? Verdict::no : Verdict::unknown;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc() && stop == end && !text.empty() ? std::optional(number)
                                                               : std::nullopt;
}

// `Gt`, `Lt` and those like them, of whole numbers.
Verdict compare(const NodeExpression& expression, const std::string& value) {
  const auto left = whole_number(value);
  std::vector<std::int64_t> right;
  for (const std::string& text : expression.values) {
    const auto number = whole_number(text);
    if (!number) return Verdict::unknown;
    right.push_back(*number);
  }
  const bool is_range = expression.op == "GtLt" || expression.op == "GeLe";
  if (!left || right.size() != (is_range ? 2U : 1U)) return Verdict::unknown;
  if (expression.op == "Gt") return verdict_of(*left > right[0]);
  if (expression.op == "Ge") return verdict_of(*left >= right[0]);
  if (expression.op == "Lt") return verdict_of(*left < right[0]);
  if (expression.op == "Le") return verdict_of(*left <= right[0]);
  if (expression.op == "GtLt") return verdict_of(right[0] < *left && *left < right[1]);
  if (expression.op == "GeLe") return verdict_of(right[0] <= *left && *left <= right[1]);
  return Verdict::unknown;
}

// Of a value that is there. Regular expressions are Go's, and nobody's business here.
Verdict holds_of_value(const NodeExpression& expression, const std::string& value) {
  const auto& values = expression.values;
  const bool is_in = std::find(values.begin(), values.end(), value) != values.end();
  if (expression.op == "In") return verdict_of(is_in);
  if (expression.op == "NotIn") return verdict_of(!is_in);
  if (expression.op == "Exists") return Verdict::yes;
  if (expression.op == "DoesNotExist") return Verdict::no;
  if (expression.op == "IsTrue") return verdict_of(value == "true");
  if (expression.op == "IsFalse") return verdict_of(value == "false");
  return compare(expression, value);
}

// Whatever of `possible` it is.
Verdict holds_of_any(const NodeExpression& expression, const Values& possible) {
  std::optional<Verdict> common;
  for (const std::string& value : possible) {
    const Verdict verdict = holds_of_value(expression, value);
    if (common && *common != verdict) return Verdict::unknown;
    common = verdict;
  }
  return common.value_or(Verdict::unknown);
}

Verdict holds_of_attributes(const NodeTerm& term, const NodeFeatures::Attributes& attributes) {
  Verdict verdict = Verdict::yes;
  for (const auto& [name, expression] : term.expressions) {
    const auto found = attributes.find(name);
    verdict = both(
        verdict,
        found == attributes.end() ? Verdict::unknown : holds_of_any(expression, found->second));
  }
  return verdict;
}

// Of other makers' devices nothing is known.
bool is_about_nvidia(const NodeTerm& term) {
  return std::any_of(term.expressions.begin(), term.expressions.end(), [](const auto& one) {
    return one.first == "vendor" && one.second.op == "In" &&
           one.second.values == std::vector<std::string>{"10de"};
  });
}

Verdict holds_of_devices(const NodeTerm& term, const NodeFeatures& features) {
  if (!features.pci) return Verdict::unknown;
  Verdict verdict = is_about_nvidia(term) ? Verdict::no : Verdict::unknown;
  for (const NodeFeatures::Attributes& device : *features.pci)
    verdict = either(verdict, holds_of_attributes(term, device));
  return verdict;
}

Verdict holds_of_flags(const NodeTerm& term,
                       const std::map<std::string, bool, std::less<>>& flags) {
  Verdict verdict = Verdict::yes;
  for (const auto& [name, expression] : term.expressions) {
    const auto found = flags.find(name);
    Verdict one = Verdict::unknown;
    if (found != flags.end() && expression.op == "Exists") one = verdict_of(found->second);
    if (found != flags.end() && expression.op == "DoesNotExist") one = verdict_of(!found->second);
    verdict = both(verdict, one);
  }
  return verdict;
}

Verdict term_holds(const NodeTerm& term, const NodeFeatures& features) {
  Verdict verdict = Verdict::unknown;
  if (term.feature == "pci.device") {
    verdict = holds_of_devices(term, features);
  } else if (const auto flags = features.flags.find(term.feature); flags != features.flags.end()) {
    verdict = holds_of_flags(term, flags->second);
  } else if (const auto found = features.attributes.find(term.feature);
             found != features.attributes.end()) {
    verdict = holds_of_attributes(term, found->second);
  }
  return term.has_name_match ? both(verdict, Verdict::unknown) : verdict;
}

Verdict all_hold(const std::vector<NodeTerm>& terms, const NodeFeatures& features) {
  Verdict verdict = Verdict::yes;
  for (const NodeTerm& term : terms)
    verdict = both(verdict, term_holds(term, features));
  return verdict;
}

Verdict rule_holds(const NodeRule& rule, const NodeFeatures& features) {
  Verdict any = rule.any.empty() ? Verdict::yes : Verdict::no;
  for (const auto& terms : rule.any)
    any = either(any, all_hold(terms, features));
  return both(any, all_hold(rule.all, features));
}

std::string features_in(const NodeRule& rule) {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<NodeTerm>& terms) {
    for (const NodeTerm& term : terms) {
      const std::string name = "`" + printable(term.feature) + "`";
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  };
  add(rule.all);
  for (const auto& terms : rule.any)
    add(terms);
  return names.empty() ? "nothing" : join(names, ", ");
}

}  // namespace

Findings check_node_rules(const NodeRules& rules, const NodeFeatures& features) {
  HostFindings findings;
  for (const NodeRuleSet& set : rules.sets) {
    for (const NodeRule& rule : set.rules) {
      const Verdict verdict = rule_holds(rule, features);
      if (verdict == Verdict::yes) continue;
      const bool is_unknown = verdict == Verdict::unknown;
      const std::string name = printable(rule.name);
      Finding& finding = findings.add(
          is_unknown ? "image-rule-unknown" : "image-rule-unmet",
          is_unknown || set.is_preference ? Level::info : Level::error,
          is_unknown
              ? fmt::format("the image asks for `{}`, and whether it is here is not known", name)
              : fmt::format("the image asks for `{}`, which is not here", name),
          fmt::format("its compatibility artifact says so, with a rule about {}",
                      features_in(rule)),
          {is_unknown ? "let `nfd compat validate-node` look at it"
                      : "use a machine that has it, or mend it here"});
      finding.is_unknown = is_unknown && !set.is_preference;
    }
  }
  return findings.take();
}

}  // namespace mlpack
