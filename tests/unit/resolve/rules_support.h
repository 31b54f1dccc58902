#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/rules.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace mlpack::test {

constexpr auto yes = Verdict::yes;
constexpr auto no = Verdict::no;
constexpr auto unknown = Verdict::unknown;

inline const Catalog& catalog() {
  return Catalog::built_in();
}

inline Version version(std::string_view text) {
  const auto parsed = Version::parse(text);
  REQUIRE_MESSAGE(parsed, std::string(text));
  return *parsed;
}

inline const Gpu& gpu(std::string_view name) {
  const auto match = catalog().find_gpu(name);
  REQUIRE_MESSAGE(match, std::string(name));
  return *match->gpu;
}

inline const Distro& distro(std::string_view id) {
  const Distro* const found = catalog().find_distro(id);
  REQUIRE_MESSAGE(found != nullptr, std::string(id));
  return *found;
}

/// Checks the verdict, and that the answer says why and from which documents.
inline void check_answer(const Ruling& answer, Verdict expected, const std::string& question) {
  CHECK_MESSAGE(answer.verdict == expected, question, ": ", answer.reason);
  CHECK_MESSAGE(!answer.reason.empty(), question);
  CHECK_MESSAGE(!answer.evidence.empty(), question);
  for (const CatalogRow* row : answer.evidence) {
    REQUIRE_MESSAGE(row != nullptr, question);
    CHECK_MESSAGE(!row->sources.empty(), question);
  }
}

/// Whether `answer` rests on the row `name`.
inline bool rests_on(const Ruling& answer, std::string_view name) {
  for (const CatalogRow* row : answer.evidence) {
    if (row->name == name) return true;
  }
  return false;
}

}  // namespace mlpack::test
