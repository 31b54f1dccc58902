#include "layers/pack_text.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <vector>

namespace mlpack {

std::string layer_label(const LayerRecipe& recipe) {
  const std::string_view role = role_name(recipe.role);
  return recipe.name == role ? recipe.name : fmt::format("{} {}", role, printable(recipe.name));
}

std::string silent_change(const LayerRecipe& recipe) {
  std::vector<const FileRange*> files;
  for (const RecipeEntry& entry : recipe.entries) {
    if (const auto* range = std::get_if<FileRange>(&entry.content)) files.push_back(range);
  }
  const std::string what =
      files.size() == 1
          ? fmt::format("`{}`", printable(files[0]->path.string()))
          : fmt::format("one of the {} files of `{}`", files.size(), layer_label(recipe));
  return what + " changed although its time stamps did not";
}

}  // namespace mlpack
