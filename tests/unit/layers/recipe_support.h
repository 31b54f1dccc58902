#pragma once

#include "layers/recipes.h"
#include "lib/error.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack::test {

/// Paths of entries, with a slash for a folder and `-> target` for a symlink.
using Paths = std::vector<std::string>;

inline Paths paths(const std::vector<RecipeEntry>& entries) {
  Paths texts;
  for (const RecipeEntry& entry : entries) {
    std::string text = entry.path;
    if (entry.kind == EntryKind::directory) text += '/';
    if (entry.kind == EntryKind::symlink) text += " -> " + entry.link;
    texts.push_back(text);
  }
  return texts;
}

inline Paths paths(const LayerRecipe& layer) {
  return paths(layer.entries);
}

inline const RecipeEntry& entry_of(const LayerRecipe& layer, const std::string& path) {
  for (const RecipeEntry& entry : layer.entries) {
    if (entry.path == path) return entry;
  }
  FAIL("no entry " << path);
  std::abort();
}

inline TreeInput input_of(const fs::path& source, const std::string& target = "/app") {
  TreeInput input;
  input.source = source;
  input.target = target;
  return input;
}

/// The message, then the hint, of the Error that `action` throws with `fault`.
inline std::string refusal(const std::function<void()>& action, Fault fault = Fault::usage) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.fault() == fault);
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

/// The same of walking `input`.
inline std::string refusal(const TreeInput& input, Fault fault = Fault::input) {
  return refusal([&] { walk(input); }, fault);
}

inline constexpr std::uint64_t mib = std::uint64_t{1} << 20;

inline RecipeOptions options_of(const RootView& root, std::uint64_t max_size = 5000 * mib) {
  RecipeOptions options;
  options.root = root;
  options.max_size = max_size;
  return options;
}

inline LayerRecipe files_layer(const std::string& name, std::vector<RecipeEntry> entries) {
  LayerRecipe layer;
  layer.name = name;
  layer.entries = std::move(entries);
  return layer;
}

inline LayerRecipe weights_layer(const std::string& name, std::vector<RecipeEntry> entries) {
  LayerRecipe layer;
  layer.role = Role::weights;
  layer.name = name;
  layer.entries = std::move(entries);
  return layer;
}

}  // namespace mlpack::test
