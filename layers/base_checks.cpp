#include "layers/base_checks.h"

#include "layers/layer_builder.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

bool is_file(const RecipeEntry* entry) {
  return entry != nullptr && (entry->kind == EntryKind::file || entry->kind == EntryKind::hardlink);
}

[[noreturn]] void refuse(std::string_view path, const Origin& origin, const std::string& base) {
  std::vector<Where> where;
  const std::string message = fmt::format(
      "`/{}` is a folder of {} and a file of the base `{}`", printable(path), origin.source, base);
  if (origin.where.line != 0) {
    where.push_back(origin.where);
    where.back().message = message;
  }
  throw Error(Fault::usage, message, "choose another target", std::move(where));
}

std::string place_of(const RecipeEntry& entry, const RootPaths& root) {
  return entry.kind == EntryKind::directory ? root.resolve(entry.path)
                                            : root.resolve_parents(entry.path);
}

// The layers with every path where the links of the root lead.
std::vector<LayerRecipe> placed(std::vector<LayerRecipe> layers, const RootPaths& root) {
  for (LayerRecipe& layer : layers) {
    for (RecipeEntry& entry : layer.entries)
      entry.path = place_of(entry, root);
  }
  return layers;
}

}  // namespace

void check_on_base(const std::vector<LayerRecipe>& layers,
                   const std::vector<Origin>& origins,
                   const RootPaths& root,
                   const std::string& base) {
  const std::vector<LayerRecipe> there = placed(layers, root);
  for (std::size_t i = 0; i < there.size(); ++i) {
    const auto check = [&](std::string_view folder) {
      if (is_file(root.find(std::string(folder)))) refuse(folder, origins[i], base);
    };
    for (const RecipeEntry& entry : there[i].entries) {
      if (entry.kind == EntryKind::directory) check(entry.path);
      for_each_parent(entry.path, check);
    }
  }
  check_overlaps(there, origins);
}

}  // namespace mlpack
