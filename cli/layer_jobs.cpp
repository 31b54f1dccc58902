#include "cli/layer_jobs.h"

#include "layers/recipes.h"
#include "layers/weights_check.h"

#include <iterator>
#include <map>
#include <utility>

namespace mlpack {
namespace {

TreeInput tree_input(const PlannedTree& tree, TreeInput::Links links) {
  TreeInput input;
  input.source = tree.source;
  input.target = tree.target;
  input.include = tree.include;
  input.exclude = tree.exclude;
  input.mode = tree.mode;
  if (tree.owner) input.owner = Owner{tree.owner->first, tree.owner->second};
  input.links = links;
  return input;
}

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void append(Recipes& to, Recipes from) {
  append(to.layers, std::move(from.layers));
  append(to.warnings, std::move(from.warnings));
}

Recipes weights(const Plan& plan, const RecipeOptions& options) {
  Recipes recipes;
  for (const PlannedContent& content : plan.weights) {
    const TreeInput input = tree_input(content.tree, TreeInput::Links::follow);
    append(recipes, weights_recipes(content.name, input, options));
  }
  append(recipes.warnings, check_weights(recipes.layers));
  return recipes;
}

Recipes files(const Plan& plan, const fs::path& folder, const RecipeOptions& options) {
  Recipes recipes;
  for (const PlannedContent& content : plan.files) {
    TreeInput input = tree_input(content.tree, TreeInput::Links::keep);
    input.ignore_file = folder / ".mlpackignore";
    append(recipes, files_recipes(content.name, {input}, options));
  }
  return recipes;
}

std::string lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  return text;
}

LayerRecipe config(const PlannedAccount& account,
                   const FoundBase& base,
                   const RecipeOptions& options) {
  ConfigInput input;
  input.user = account.name;
  input.owner = {account.uid, account.gid};
  input.home = account.home;
  input.writable = account.writable;
  input.accounts = account.passwd == PlannedAccount::Passwd::write ? ConfigInput::Accounts::write
                                                                   : ConfigInput::Accounts::keep;
  if (!base.passwd.empty()) input.passwd = lines(base.passwd);
  if (!base.group.empty()) input.group = lines(base.group);
  return config_recipe(input, options);
}

// Weights as their entry says, everything else as the spec's `layers.compression` says.
std::vector<PackJob> with_compression(std::vector<LayerRecipe> layers,
                                      const Plan& plan,
                                      Compression usual) {
  std::map<std::string, Compression> of_weights;
  for (const PlannedContent& content : plan.weights) {
    of_weights[content.name] = content.compression;
  }
  std::vector<PackJob> jobs;
  for (LayerRecipe& layer : layers) {
    const auto found = of_weights.find(layer.name);
    const bool is_weights = layer.role == Role::weights && found != of_weights.end();
    jobs.push_back({std::move(layer), is_weights ? found->second : usual});
  }
  return jobs;
}

}  // namespace

LayerJobs layer_jobs(const Plan& plan, const FoundBase& base, const Spec& spec) {
  // Time stamps stay 0 whatever SOURCE_DATE_EPOCH says: equal files are equal layers in every
  // build.
  const RecipeOptions options{base.root, plan.max_layer_size, 0};
  Recipes recipes = weights(plan, options);
  append(recipes, files(plan, spec.folder, options));
  check_overlaps(recipes.layers);
  LayerRecipe config_layer = config(plan.account, base, options);

  std::vector<LayerRecipe> layers = base.system;
  append(layers, std::move(recipes.layers));
  if (!config_layer.entries.empty()) layers.push_back(std::move(config_layer));
  layers = fit_layer_count(std::move(layers), base.image.layers.size(), plan.max_layer_size);
  return {with_compression(std::move(layers), plan, spec.layers.compression),
          std::move(recipes.warnings)};
}

}  // namespace mlpack
