#include "layers/layer_count.h"

#include "tests/unit/layers/recipe_support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a folder with an owner of its own is not made plain by a layer above") {
  LayerRecipe below;
  below.entries = {folder_entry("app"), text_entry("app/a", "")};
  below.entries[0].uid = 9;
  LayerRecipe above;
  above.entries = {folder_entry("app"), folder_entry("app/sub"), text_entry("app/sub/b", "")};
  const auto jobs = fit_layer_count({{below, {}}, {above, {}}}, {0}, mib);
  CHECK(paths(jobs[0].recipe) == Paths{"app/", "app/a"});
  CHECK(paths(jobs[1].recipe) == Paths{"app/sub/", "app/sub/b"});
}

TEST_CASE("more than 127 layers of one weights entry are joined, the smallest neighbours first") {
  std::vector<PackJob> jobs;
  for (int i = 0; i < 130; ++i) {
    const std::string path = fmt::format("m/s{:03}", i);
    jobs.push_back({weights_layer("m", {folder_entry("m"), text_entry(path, "x")}), {}});
  }
  jobs[50].recipe.entries[1] = text_entry("m/s050", std::string(5000, 'x'));
  const auto fitted = fit_layer_count(jobs, {3}, mib);
  REQUIRE(fitted.size() == 124);
  CHECK(paths(fitted[0].recipe) == Paths{"m/", "m/s000", "m/s001"});
  CHECK(paths(fitted[1].recipe) == Paths{"m/", "m/s002", "m/s003"});
  CHECK(fitted[0].recipe.name == "m");
  const auto again = fit_layer_count(jobs, {3}, mib);
  for (std::size_t i = 0; i < fitted.size(); ++i) {
    CHECK(again[i].recipe == fitted[i].recipe);
  }
  CHECK(fit_layer_count({jobs.begin(), jobs.begin() + 127}, {0}, mib).size() == 127);
  const std::string message =
      "the image would have 133 layers, 3 of them the base's; container runtimes accept 127 | ";
  CHECK(refusal([&] { fit_layer_count(jobs, {3}, 3000); }) ==
        message + "raise `layers.max_size`, so that more files share a layer");
}

TEST_CASE("an image of the weights alone has no more than 127 layers either") {
  std::vector<PackJob> jobs;
  for (int i = 0; i < 126; ++i) {
    jobs.push_back({weights_layer("m", {text_entry(fmt::format("m/s{:03}", i), "x")}), {}});
  }
  jobs.push_back({files_layer("/app", {text_entry("app", "x")}), {}});
  CHECK(fit_layer_count(jobs, {0, 0, 1}, mib).size() == 127);
  const auto fitted = fit_layer_count(jobs, {0, 0, 2}, mib);
  REQUIRE(fitted.size() == 126);
  CHECK(fitted[124].recipe.role == Role::weights);
  CHECK(fitted[125].recipe.role == Role::files);
  CHECK(refusal([&] {
          fit_layer_count(jobs, {0, 0, 2}, 1024);
        }) ==
        "the image of the weights (`--also`) would have 128 layers, 2 of them not of weights; "
        "container runtimes accept 127 | raise `layers.max_size`, so that more files share a "
        "layer");
}

TEST_CASE("layers that are reused are told from those of the base") {
  const std::vector<PackJob> jobs{{files_layer("/app", {text_entry("app", "x")}), {}}};
  CHECK(refusal([&] {
          fit_layer_count(jobs, {7, 120, 0}, mib);
        }) ==
        "the image would have 128 layers, 7 of them the base's and 120 of weights that are reused; "
        "container runtimes accept 127 | reuse weights that have fewer layers");
}

TEST_CASE("layers of files are joined too, and a folder is as the upper one has it") {
  std::vector<PackJob> jobs;
  for (int i = 0; i < 130; ++i) {
    const std::string path = fmt::format("app/f{:03}", i);
    RecipeEntry folder = folder_entry("app");
    if (i == 1) folder.uid = 7;
    jobs.push_back({files_layer("/" + path, {folder, text_entry(path, "x")}), {}});
  }
  const auto fitted = fit_layer_count(jobs, {126}, mib);
  REQUIRE(fitted.size() == 1);
  CHECK(fitted[0].recipe.name == "/app/f000, …");
  CHECK(fitted[0].recipe.entries.size() == 131);
  CHECK(entry_of(fitted[0].recipe, "app").uid == 7);
}

TEST_CASE("weights of several names share a layer only where nothing else helps") {
  const auto layer = [](const std::string& name, int number, Compression compression) {
    return PackJob{weights_layer(name, {text_entry(fmt::format("{}/{}", name, number), "x")}),
                   compression};
  };
  const auto plain = Compression::none;
  const std::vector jobs{layer("a", 1, plain), layer("b", 1, plain), layer("b", 2, plain)};
  const auto names = [](const std::vector<PackJob>& jobs) {
    Paths names;
    for (const PackJob& job : jobs)
      names.push_back(job.recipe.name);
    return names;
  };
  CHECK(names(fit_layer_count(jobs, {125}, mib)) == Paths{"a", "b"});
  CHECK(names(fit_layer_count(jobs, {126}, mib)) == Paths{"a, …"});
  const std::vector unlike{layer("a", 1, plain), layer("b", 1, Compression::zstd)};
  CHECK(refusal([&] { fit_layer_count(unlike, {126}, mib); }) ==
        "the image would have 128 layers, 126 of them the base's; container runtimes accept 127 | "
        "choose a base with fewer layers");
}
