#pragma once

#include "lib/resolve/plan.h"
#include "lib/text.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack::runtime_tests {

using Words = std::vector<std::string>;

inline Words words_of(std::string_view text) {
  Words words;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

/// A base for linux/amd64 whose entrypoint is `entrypoint`.
inline BaseFacts base_starting(std::string_view entrypoint) {
  BaseFacts base{BaseFacts::Kind::image, "registry.example.com/base:1", Digest::of("base"), {}};
  base.config.platform = *Platform::parse("linux/amd64");
  base.config.entrypoint = words_of(entrypoint);
  return base;
}

/// What is known of weights: their files, with blanks between them.
inline RuntimeFacts facts_with(const std::map<std::string_view, std::string_view>& files) {
  RuntimeFacts facts;
  for (const auto& [name, paths] : files) {
    WeightsFacts known;
    known.name = name;
    known.files = words_of(paths);
    std::sort(known.files.begin(), known.files.end());
    facts.weights.push_back(known);
  }
  return facts;
}

inline Plan planned_text(const std::string& text,
                         const BaseFacts& base,
                         const RuntimeFacts& facts) {
  const bool is_debian = base.kind == BaseFacts::Kind::debian;
  return resolve(
      parse_spec("schema: 1\nname: demo\n" +
                     std::string(is_debian ? "base: {debian: bookworm}" : "base: scratch") + "\n" +
                     text,
                 "/spec/mlpack.yaml"),
      *Platform::parse("linux/amd64"),
      base,
      0,
      facts);
}

/// The plan of `rest` with the weights `base`, unless it names others.
inline Plan planned(std::string_view rest, const BaseFacts& base, const RuntimeFacts& facts) {
  const bool has_weights = rest.find("weights:") != std::string_view::npos;
  return planned_text(
      std::string(rest) + (has_weights ? "" : "weights: [{name: base, source: w}]\n"), base, facts);
}

inline Plan planned_without_weights(std::string_view rest) {
  return planned_text(std::string(rest), base_starting(""), {});
}

/// `CODE MESSAGE | HINT` of the Error that planning ends in.
inline std::string refusal(std::string_view rest, const RuntimeFacts& facts) {
  try {
    planned(rest, base_starting(""), facts);
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.fault())) + " " + error.what() + " | " +
           error.hint();
  }
  return "no error";
}

inline std::vector<std::string> warned(const Plan& plan) {
  std::vector<std::string> warnings;
  for (const Warning& warning : plan.warnings)
    warnings.push_back(warning.what);
  return warnings;
}

}  // namespace mlpack::runtime_tests
