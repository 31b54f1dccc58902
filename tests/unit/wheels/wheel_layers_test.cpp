#include "layers/wheels.h"
#include "lib/error.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mlpack;

namespace {

const PythonPlaces venv_places = places_of({"opt/venv", "/usr/bin/python3.11", "3.11.2", 3, 11});

ListedWheel listed(const std::string& name,
                   std::uint64_t size,
                   const std::vector<std::pair<std::string, std::string>>& files = {}) {
  ListedWheel wheel{{name + "-1-py3-none-any.whl", Digest::of(name), size, {}}, {}};
  wheel.listing.name = name;
  wheel.listing.version = "1";
  wheel.listing.dist_info = name + "-1.dist-info";
  for (const auto& [path, content] : files)
    wheel.listing.files.push_back({path,
                                   WheelFile::Rights::plain,
                                   content.size(),
                                   Digest::of(content),
                                   {},
                                   WheelFile::Kind::file});
  return wheel;
}

WheelLayers layers_of(const std::vector<ListedWheel>& wheels, std::uint64_t max = 1ULL << 40U) {
  return wheel_layers(wheels, venv_places, {{"opt"}, {"opt/venv/pyvenv.cfg"}}, max, 2);
}

constexpr std::uint64_t mib = 1 << 20;

}  // namespace

TEST_CASE("large wheels have layers of their own, which nothing else changes") {
  const WheelLayers one = layers_of({listed("torch", 800 * mib), listed("six", 10)});
  REQUIRE(one.layers.size() == 2);
  CHECK(one.layers[0].name == "torch");
  CHECK(one.layers[1].name == "packages");
  const WheelLayers two = layers_of(
      {listed("a", 10), listed("b", 3 * mib), listed("torch", 800 * mib), listed("six", 10)});
  REQUIRE(two.layers.size() == 3);
  CHECK(two.layers[0] == one.layers[0]);
  CHECK(two.layers[1].name.starts_with("packages "));
}

TEST_CASE("a middle-sized wheel moves one layer, whatever else is there") {
  std::vector<ListedWheel> wheels;
  for (char c = 'a'; c <= 'p'; ++c)
    wheels.push_back(listed(std::string(1, c), 2 * mib));
  const auto before = layers_of(wheels).layers;
  CHECK(before.size() <= 8);
  wheels.push_back(listed("new", 2 * mib));
  const auto after = layers_of(wheels).layers;
  std::size_t changed = 0;
  for (const LayerRecipe& layer : after) {
    const bool is_same = std::find(before.begin(), before.end(), layer) != before.end();
    changed += is_same ? 0 : 1;
  }
  CHECK(changed == 1);
}

TEST_CASE("layers stay within the largest size") {
  const std::vector<std::pair<std::string, std::string>> files{{"a", std::string(300'000, 'a')},
                                                               {"b", std::string(300'000, 'b')},
                                                               {"c", std::string(300'000, 'c')}};
  CHECK(layers_of({listed("x", 50 * mib, files)}, 700'000).layers.size() == 2);
}

TEST_CASE("a file that two wheels have is there once, and a warning where they differ") {
  const WheelLayers same =
      layers_of({listed("a", 1, {{"t/x", "1"}}), listed("b", 1, {{"t/x", "1"}})});
  CHECK(same.warnings.empty());
  const WheelLayers other = layers_of(
      {listed("b", 1, {{"t/x", "2"}, {"t/y", "2"}}), listed("a", 1, {{"t/x", "1"}, {"t/y", "1"}})});
  REQUIRE(other.warnings.size() == 1);
  CHECK(other.warnings[0] ==
        "`a` and `b` both have `/opt/venv/lib/python3.11/site-packages/t/x` and 1 more, "
        "differently; that of `b` is installed");
}

TEST_CASE("wheels cannot replace the environment, or make a folder of a file") {
  ListedWheel evil = listed("evil", 1, {{"evil-1.data/data/pyvenv.cfg", "x"}});
  evil.listing.data = "evil-1.data";
  CHECK_THROWS_WITH_AS(layers_of({evil}),
                       "the wheel `evil-1-py3-none-any.whl` would replace `/opt/venv/pyvenv.cfg`",
                       Error);
  CHECK_THROWS_WITH_AS(
      layers_of({listed("a", 1, {{"t", "1"}}), listed("b", 1, {{"t/x", "1"}})}),
      "`/opt/venv/lib/python3.11/site-packages/t` is a file of `a` and a folder of `b`",
      Error);
}
