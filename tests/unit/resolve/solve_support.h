#pragma once

#include "lib/resolve/solve.h"
#include "lib/resolve/spec_demands.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace mlpack::test {

/// A spec with `lines`, in which `;` ends a line.
inline Spec spec_in(std::string_view lines) {
  std::string text = "schema: 1\nname: x\n";
  for (const std::string_view line : split(lines, ';'))
    text += std::string(trim(line)) + "\n";
  return parse_spec(text, "/project/mlpack.yaml");
}

inline Demands demands_in(std::string_view lines) {
  const Spec spec = spec_in(lines);
  DemandSources sources;
  if (spec.python) sources.requirements = spec.python->value.packages;
  return demands_of(Catalog::built_in(), spec, sources);
}

inline std::string answer_text(const Stack& stack) {
  std::vector<std::string> parts;
  for (const Choice& choice : stack.choices)
    parts.push_back(choice.what + " " + choice.chosen);
  if (stack.min_driver) parts.push_back(fmt::format("driver {}", stack.min_driver->text()));
  return join(parts, "; ");
}

inline std::string answer_text(const Conflict& conflict) {
  std::vector<std::string> facts;
  for (const Demand& fact : conflict.facts)
    facts.push_back(fact.text);
  const std::string fix = conflict.fixes.empty() ? "" : " -> " + conflict.fixes.front().text;
  return "no: " + join(facts, " + ") + fix;
}

/// `torch 2.9.1+cu128; driver 525.60.13`, or `no: FACT + FACT -> FIX`.
inline std::string answer_text(const Resolution& resolution) {
  if (resolution.stack) return answer_text(*resolution.stack);
  std::vector<std::string> parts;
  for (const Conflict& conflict : resolution.conflicts)
    parts.push_back(answer_text(conflict));
  return join(parts, "; ");
}

/// What is told of the answer to a spec with `lines`, which has one: `REASON; REASON`.
inline std::string doubts_of(std::string_view lines) {
  const Resolution found = solve(Catalog::built_in(), demands_in(lines));
  std::vector<std::string> reasons;
  for (const Ruling& doubt : found.stack.value().doubts)
    reasons.push_back(doubt.reason);
  return join(reasons, "; ");
}

}  // namespace mlpack::test
