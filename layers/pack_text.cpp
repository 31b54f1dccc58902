#include "layers/pack_text.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <set>

namespace mlpack {

std::string layer_label(const LayerRecipe& recipe) {
  const std::string_view role = role_name(recipe.role);
  return recipe.name == role ? recipe.name : fmt::format("{} {}", role, printable(recipe.name));
}

std::string silent_change(const LayerRecipe& recipe) {
  if (is_remote(recipe)) return fmt::format("a file of `{}` changed", layer_label(recipe));
  std::set<std::string> files;
  for (const RecipeEntry& entry : recipe.entries) {
    for_each_range(entry.content, [&](const FileRange& range) { files.insert(range.path); });
  }
  const std::string what =
      files.size() == 1
          ? fmt::format("`{}`", printable(*files.begin()))
          : fmt::format("one of the {} files of `{}`", files.size(), layer_label(recipe));
  return what + " changed although its time stamps did not";
}

}  // namespace mlpack
