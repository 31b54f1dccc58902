#include "tests/unit/debs/rig.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace mlpack::test {

DebianRig::DebianRig() {
  context.jobs = 2;
  context.now = 1'793'613'600;
  context.apt_folder = dir / "apt";
  base.codename = "bookworm";
  base.mirror = "http://mirror.test/debian";
  base.platform = {"linux", "amd64", ""};
  for (const char* name : {"base-files", "dash", "tzdata"})
    repository.add({.name = name});
}

DebianPlan DebianRig::resolve(const std::vector<std::string>& packages, const SigningKey& key) {
  repository.publish(key);
  context.keyrings = {key.keyring()};
  base.packages = packages;
  return resolve_debian(base, context);
}

DebianPlan DebianRig::plan_of(const std::vector<TestDeb>& debs) {
  DebianPlan plan{base.codename, base.platform, base.mirror, {}};
  plan.packages.reserve(debs.size());
  for (const TestDeb& deb : debs)
    plan.packages.push_back(repository.put(deb));
  return plan;
}

DebianRoot DebianRig::root_of(const std::vector<TestDeb>& debs) {
  return prepare_debian(plan_of(debs), context);
}

std::vector<std::string> versions(const DebianPlan& plan) {
  std::vector<std::string> found;
  found.reserve(plan.packages.size());
  for (const DebPackage& package : plan.packages)
    found.push_back(package.name + " " + package.version);
  return found;
}

std::map<std::string, RecipeEntry> entries_of(const DebianRoot& root) {
  std::map<std::string, RecipeEntry> entries;
  for (const LayerRecipe& layer : root.layers) {
    for (const RecipeEntry& entry : layer.entries)
      entries.insert_or_assign(entry.path, entry);
  }
  return entries;
}

std::string text_at(const DebianRoot& root, const std::string& path) {
  const auto entries = entries_of(root);
  REQUIRE(entries.count(path) == 1);
  const auto* text = std::get_if<std::string>(&entries.at(path).content);
  REQUIRE(text != nullptr);
  return *text;
}

}  // namespace mlpack::test
