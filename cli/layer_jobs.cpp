#include "cli/layer_jobs.h"

#include "cli/lock_file.h"
#include "cli/reused_files.h"
#include "layers/base_checks.h"
#include "layers/layer_count.h"
#include "layers/ollama_store.h"
#include "layers/recipes.h"
#include "layers/reshard.h"
#include "layers/weights_check.h"
#include "lib/text.h"

#include <fmt/format.h>

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

// Layers of the user's entries, and for each what it is made of.
struct LayerList {
  std::vector<LayerRecipe> layers;
  std::vector<Origin> origins;
  std::uint64_t weight_bytes = 0;
  std::vector<std::string> notes;
  std::vector<std::string> warnings;
};

void add(LayerList& to, Recipes from, const fs::path& source, const Where& where) {
  const std::string shown = fmt::format("`{}`", printable(source.string()));
  to.origins.resize(to.layers.size() + from.layers.size(), {shown, where});
  append(to.layers, std::move(from.layers));
  append(to.warnings, std::move(from.warnings));
}

std::uint64_t bytes_of(const std::vector<RecipeEntry>& entries) {
  std::uint64_t bytes = 0;
  for (const RecipeEntry& entry : entries)
    if (entry.kind == EntryKind::file) bytes += entry.size;
  return bytes;
}

// Ollama finds a model in a store of its own.
std::vector<RecipeEntry> store_entries(const std::vector<RecipeEntry>& entries,
                                       const PlannedStore& store,
                                       Session& session) {
  const OllamaModel model{store.root,
                          store.weights,
                          store.model,
                          store.projector,
                          store.texts,
                          store.requires_release,
                          store.renderer,
                          store.parser};
  return ollama_store(entries, model, session.store, session.open_remote_parts());
}

void add_weights(LayerList& to,
                 const Plan& plan,
                 const RecipeOptions& options,
                 const LayerSources& sources,
                 Session& session) {
  for (const PlannedContent& content : plan.weights) {
    TreeInput input = tree_input(content.tree, TreeInput::Links::follow);
    const auto fetched = sources.remote.find(content.name);
    const bool is_remote = fetched != sources.remote.end();
    if (is_remote) input.source = fetched->second.source;
    const auto make = [&] {
      if (!is_remote) leave_out_lock(input, sources.lock);
      if (!is_remote) check_source(input, sources.written);
      auto entries = is_remote ? fetched->second.entries : walk(input);
      if (is_remote) append(to.notes, fetched->second.choices);
      // Layers that were made were found good then.
      const bool is_made = is_remote && fetched->second.is_made;
      WeightsCheck checked =
          is_made ? WeightsCheck{}
                  : check_weights(entries, input, &session.store, session.open_remote_parts());
      append(to.notes, std::move(checked.choices));
      append(to.warnings, std::move(checked.warnings));
      to.weight_bytes += bytes_of(entries);
      if (plan.store && plan.store->weights == content.name) {
        entries = store_entries(entries, *plan.store, session);
      } else if (plan.reshard_above) {
        append(to.notes, reshard(entries, *plan.reshard_above));
      }
      return weights_recipes(content.name, input, std::move(entries), options);
    };
    add(to, at_place(content.where, make), input.source, content.where);
  }
}

void add_files(LayerList& to,
               const Plan& plan,
               const fs::path& folder,
               const LayerSources& sources,
               const RecipeOptions& options) {
  for (const PlannedContent& content : plan.files) {
    TreeInput input = tree_input(content.tree, TreeInput::Links::keep);
    input.ignore_file = folder / ".mlpackignore";
    const auto make = [&] {
      leave_out_lock(input, sources.lock);
      check_source(input, sources.written);
      return files_recipes(content.name, {input}, options);
    };
    add(to, at_place(content.where, make), input.source, content.where);
  }
}

std::string lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  return text;
}

void add_config(LayerList& to,
                const PlannedAccount& account,
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
  LayerRecipe layer = config_recipe(input, options, to.layers);
  if (layer.entries.empty()) return;
  to.layers.push_back(std::move(layer));
  to.origins.push_back({"the config layer (`writable`, the user's home, passwd and group)", {}});
}

// Against each other, and against what layers that are reused bring.
void check_paths(const LayerList& contents,
                 const FoundBase& base,
                 const Spec& spec,
                 Offline offline,
                 Session& session) {
  check_overlaps(contents.layers, contents.origins);
  if (base.weights.empty()) return;
  ReusedFiles all = reused_files(spec, base.weights, contents.layers, session, offline);
  if (all.layers.empty()) return;
  all.layers.insert(all.layers.end(), contents.layers.begin(), contents.layers.end());
  all.origins.insert(all.origins.end(), contents.origins.begin(), contents.origins.end());
  check_overlaps(all.layers, all.origins);
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

LayerJobs layer_jobs(const Plan& plan,
                     const FoundBase& base,
                     const Spec& spec,
                     const LayerSources& sources,
                     Session& session) {
  // Time stamps stay 0 whatever SOURCE_DATE_EPOCH says: equal files are equal layers in every
  // build.
  const RecipeOptions options{base.root, plan.max_layer_size, 0};
  LayerList contents;
  add_weights(contents, plan, options, sources, session);
  add_files(contents, plan, spec.folder, sources, options);
  at_place(spec.where(spec.writable_place),
           [&] { add_config(contents, plan.account, base, options); });
  check_paths(contents, base, spec, sources.offline, session);
  if (base.files) {
    check_on_base(contents.layers, contents.origins, *base.files, base.facts.name);
  }

  std::vector<LayerRecipe> layers = base.system;
  append(layers, base.python);
  append(layers, std::move(contents.layers));
  auto jobs = with_compression(std::move(layers), plan, spec.layers.compression);
  jobs = fit_layer_count(
      std::move(jobs),
      {base.image.layers.size() + base.made.size(), base.weights.size(), sources.beside_weights},
      plan.max_layer_size);
  std::uint64_t weight_bytes = contents.weight_bytes;
  for (const Layer& layer : base.weights)
    weight_bytes += layer.descriptor.size;
  return {std::move(jobs), weight_bytes, std::move(contents.notes), std::move(contents.warnings)};
}

}  // namespace mlpack
