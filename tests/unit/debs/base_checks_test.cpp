#include "layers/base_checks.h"

#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// A base with a file, a folder, and a link to that.
RootPaths base() {
  RootPaths root;
  for (const RecipeEntry& entry : {text_entry("opt/tool", ""),
                                   folder_entry("srv/app"),
                                   link_entry("app", "srv/app"),
                                   link_entry("one", "opt/tool")})
    root.claim(entry, RootPaths::the_base);
  return root;
}

std::string failure_of(const std::vector<RecipeEntry>& entries) {
  std::vector<LayerRecipe> layers;
  std::vector<Origin> origins;
  for (const RecipeEntry& entry : entries) {
    layers.emplace_back().entries = {entry};
    origins.push_back({"`s" + std::to_string(layers.size()) + "`", {"f", layers.size(), 1, {}}});
  }
  return failure(Fault::usage, [&] { check_on_base(layers, origins, base(), "b:1"); });
}

}  // namespace

TEST_CASE("nothing may lie below a file of the base") {
  const std::string told =
      "`/opt/tool` is a folder of `s1` and a file of the base `b:1` | choose "
      "another target";
  CHECK(failure_of({text_entry("opt/tool/x", "")}) == told);
  CHECK(failure_of({folder_entry("opt/tool")}) == told);
  CHECK(failure_of({text_entry("one/deep/x", "")}) == told);
  CHECK(failure_of({text_entry("opt/tool", "")}) == "nothing failed");
  CHECK(failure_of({text_entry("opt/tools/x", "")}) == "nothing failed");
}

TEST_CASE("two paths that a link of the base makes one are one") {
  CHECK(failure_of({text_entry("app/x", ""), text_entry("srv/app/x", "")}) ==
        "`s1` and `s2` both write `/srv/app/x` | exclude it from one of them, or choose another "
        "target");
  CHECK(failure_of({text_entry("app/x", ""), folder_entry("srv/app/x")}) ==
        "`/srv/app/x` is a folder of `s2` and something else in `s1` | choose another target for "
        "one of them");
  CHECK(failure_of({text_entry("app/x", ""), text_entry("srv/app/y", ""), folder_entry("app")}) ==
        "nothing failed");
}
