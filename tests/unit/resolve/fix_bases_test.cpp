#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a base with a compat package is offered where a slim Python does not do") {
  struct Row {
    const char* spec;
    const char* base;
  };
  const Row rows[] = {
      {R"(fleet: [{gpu: V100, driver: "470.82.01"}]; python: {packages: [tensorflow==2.21.0]})",
       "nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04"},
      {R"(fleet: [{gpu: V100, driver: "470.82.01"}]; python: {version: "3.10", packages: [tensorflow==2.21.0]})",
       "nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04"},
      {R"(fleet: [{gpu: V100, driver: "470.82.01"}]; python: {packages: [torch==2.8.0]})",
       "nvidia/cuda:12.8.2-base-ubuntu24.04"},
      {R"(fleet: [{gpu: V100, driver: "470.82.01"}]; python: {version: "3.9", packages: [torch==2.8.0]})",
       ""},
      {R"(fleet: [{gpu: V100, driver: "470.82.01"}]; python: {packages: ["torch==2.1.0+cu121"]})",
       "nvidia/cuda:12.1.1-base-ubuntu22.04"},
      {R"(fleet: [{gpu: RTX 3090, driver: "470.82.01"}]; python: {packages: [torch==2.8.0]})", ""},
  };
  for (const Row& row : rows) {
    const Resolution found = solve(Catalog::built_in(), demands_in(row.spec));
    REQUIRE_MESSAGE(found.conflicts.size() == 1, row.spec);
    std::string base;
    for (const Fix& fix : found.conflicts.front().fixes) {
      const std::string_view text = fix.text;
      constexpr std::string_view way = "name a base with the compat package: `base: ";
      if (!text.starts_with(way)) continue;
      base = text.substr(way.size(), text.size() - way.size() - 1);
      const Resolution after = solve(Catalog::built_in(), fix.demands);
      REQUIRE(after.stack);
      CHECK(after.stack->libraries == Stack::Libraries::there);
      CHECK(after.stack->compat == CompatInImage::yes);
    }
    CHECK_MESSAGE(base == row.base, row.spec);
  }
}
