#include "cli/build.h"

#include "cli/also_layers.h"
#include "cli/base.h"
#include "cli/catalog_folders.h"
#include "cli/commands.h"
#include "cli/early_upload.h"
#include "cli/layer_jobs.h"
#include "cli/output_checks.h"
#include "cli/publisher.h"
#include "cli/registry_limits.h"
#include "cli/remote_weights.h"
#include "cli/reused_weights.h"
#include "cli/runtime_facts.h"
#include "cli/session.h"
#include "cli/stack.h"
#include "cli/stopwatch.h"
#include "cli/targets.h"
#include "lib/resolve/stack_image.h"
#include "lib/text.h"
#include "registry/push.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;

Offline network_of(const BuildOptions& options) {
  return options.offline ? Offline::yes : Offline::no;
}

Spec read_spec(const std::string& path, const BuildOptions& options, const Catalog& catalog) {
  return load_spec(path,
                   {named_texts("--var", options.variables),
                    named_texts("--label", options.labels),
                    options.platforms,
                    &catalog});
}

void tell(const Plan& plan, const LayerJobs& layers, Terminal& terminal) {
  for (const Decision& decision : plan.decisions) {
    terminal.detail(text_of(decision));
  }
  for (const Warning& warning : plan.warnings) {
    terminal.warn(fmt::format("{}: {}; {}", warning.what, warning.why, warning.fix));
  }
  for (const std::string& note : layers.notes)
    terminal.note(note);
  for (const std::string& warning : layers.warnings)
    terminal.warn(warning);
}

std::vector<Layer> layers_of_base(const BaseImage& base) {
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < base.layers.size(); ++i) {
    layers.push_back({Role::base, base.name, base.layers[i], base.config.diff_ids.at(i), "", true});
  }
  return layers;
}

// What was read from files, and what was written to the store, for layers that were not reused.
void count_bytes(BuiltImage& built,
                 const std::vector<PackJob>& jobs,
                 const std::vector<Layer>& packed,
                 const Store& store) {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const Layer& layer = packed[i];
    if (layer.reused) continue;
    for (const RecipeEntry& entry : jobs[i].recipe.entries) {
      if (!std::holds_alternative<std::string>(entry.content)) built.bytes_read += entry.size;
    }
    if (store.has_blob(layer.descriptor.digest)) built.bytes_written += layer.descriptor.size;
  }
}

// Layers of weights that are reused lie below those that were packed.
std::vector<Layer> with_reused(std::vector<Layer> packed, const std::vector<Layer>& reused) {
  const auto place = std::find_if(
      packed.begin(), packed.end(), [](const Layer& layer) { return layer.role >= Role::weights; });
  packed.insert(place, reused.begin(), reused.end());
  return packed;
}

// What the images of all platforms share.
struct Shared {
  std::vector<ArchiveLocation> outputs;
  Shells shells;
  RemoteWeightsByName weights;
  std::optional<EarlyUpload> upload;
};

Plan make_plan(const Spec& spec,
               const Platform& platform,
               const BaseFacts& base,
               const RemoteWeightsByName& remote,
               Session& session) {
  const RuntimeFacts facts = runtime_facts(spec, remote, session);
  Plan plan = resolve(spec, platform, base, creation_time(session.world.environment), facts);
  for (const auto& [name, weights] : remote) {
    plan.decisions.insert(plan.decisions.end(), weights.decisions.begin(), weights.decisions.end());
  }
  return plan;
}

// The image's, and those of what else is made of its weights.
std::vector<Reference> all_names(const Wish& wish) {
  std::vector<Reference> names = wish.names;
  for (const AlsoWish& also : wish.also)
    names.push_back(also.name);
  return names;
}

// What registries are known to refuse, before it is read.
void check_limits(const std::vector<PackJob>& jobs, const Wish& wish, Terminal& terminal) {
  std::vector<std::string> warnings = check_registry_limits(jobs, wish.names);
  std::vector<PackJob> weights;
  std::copy_if(jobs.begin(), jobs.end(), std::back_inserter(weights), [](const PackJob& job) {
    return job.recipe.role == Role::weights;
  });
  for (const AlsoWish& also : wish.also) {
    for (std::string& warning : check_registry_limits(weights, {also.name}))
      warnings.push_back(std::move(warning));
  }
  for (const std::string& warning : warnings)
    terminal.warn(warning);
}

std::vector<WeightLayer> weights_of(const std::vector<PackJob>& jobs,
                                    const std::vector<Layer>& packed) {
  std::vector<WeightLayer> weights;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (packed[i].role == Role::weights) weights.push_back({packed[i], jobs[i].recipe});
  }
  return weights;
}

BuiltImage build_image(const Wish& wish,
                       const Platform& platform,
                       const BuildOptions& options,
                       Shared& shared,
                       Session& session) {
  std::optional<SpecStack> stack;
  if (needs_stack(wish.spec)) stack = find_stack(wish.catalog, wish.spec, std::nullopt);
  const Spec spec = stack ? with_base(wish.spec, require_stack(*stack)) : wish.spec;
  FoundBase base = reaching_base(
      wish.spec, [&] { return find_base(spec, platform, session, network_of(options)); });
  if (stack && names_base(wish.spec)) stack = find_stack(wish.catalog, spec, base.facts.config);
  ReusedWeights reused = reuse_weights(spec, platform, session, network_of(options));
  base.weights = std::move(reused.layers);
  Plan plan = make_plan(spec, platform, base.facts, shared.weights, session);
  if (stack) apply_stack(wish.catalog, require_stack(*stack), stack->demands, plan);
  if (options.reshard) plan.reshard_above = largest_layer(plan.max_layer_size, all_names(wish));
  const auto written = written_places(shared.outputs, session.store.root());
  const LayerJobs layers =
      layer_jobs(plan,
                 base,
                 spec,
                 {shared.weights, written, network_of(options), layers_beside_weights(wish.also)},
                 session);
  check_limits(layers.jobs, wish, session.terminal());
  check_not_overwritten(shared.outputs, spec, layers.jobs);
  std::move(reused.decisions.begin(), reused.decisions.end(), std::back_inserter(plan.decisions));
  tell(plan, layers, session.terminal());

  const auto memo = options.verify_cache ? PackContext::Memo::verify : PackContext::Memo::trust;
  PackContext context = session.pack_context(memo);
  if (shared.upload) {
    context.packed = [&](const Layer& layer) { shared.upload->send(layer); };
    context.stream = [&](const BlobStream& layer) { return shared.upload->stream(layer); };
  }
  auto packed = pack_layers(layers.jobs, session.store, context);
  note_sources(shared.weights, packed);
  const std::vector<Layer> above = with_reused(packed, base.weights);
  BuiltImage built{assemble(base.image, above, plan.config, plan.annotations),
                   layers_of_base(base.image),
                   weights_of(layers.jobs, packed)};
  built.layers.insert(built.layers.end(), above.begin(), above.end());
  count_bytes(built, layers.jobs, packed, session.store);
  return built;
}

// The images under their names in the store: one as itself, several under an index.
ImageSet keep(std::vector<Image> images, const std::vector<Reference>& names, Store& store) {
  ImageSet set;
  set.images = std::move(images);
  for (const Image& image : set.images)
    store.put_image(image);
  if (set.images.size() > 1) {
    set.index = store.put_index(set.images, {});
    const auto bytes = store.read_blob(set.index->digest, max_manifest_bytes);
    if (!bytes) fail(Fault::input, "the index `{}` left the store", set.index->digest.text());
    set.index_bytes = *bytes;
  }
  for (const Reference& name : names)
    store.tag(name, set.root());
  return set;
}

void keep_all(BuiltSpec& built, const Wish& wish, const Shells& shells, Session& session) {
  std::vector<Image> images;
  images.reserve(built.images.size());
  for (const BuiltImage& image : built.images)
    images.push_back(image.image);
  built.set = keep(std::move(images), built.names, session.store);
  const AlsoContext context{
      shells, session.store, session.pack_context(), session.open_remote_parts()};
  for (const AlsoWish& also : wish.also) {
    auto others = also_images(also.kind, wish.spec, built.images, context);
    built.also.push_back({also, keep(std::move(others), {also.name}, session.store)});
  }
}

void write_outputs(const BuiltSpec& built,
                   const std::vector<ArchiveLocation>& outputs,
                   const BuildOptions& options,
                   Session& session) {
  const ExportContext context{session.open_anywhere(network_of(options)),
                              &session.store,
                              &session.terminal(),
                              &session.world.stop};
  for (const ArchiveLocation& output : outputs)
    write_archive(output, built.names.front().text(), built.set, context);
}

// Whether all can be pushed, before anything is read.
void probe_targets(const Wish& wish, Session& session) {
  const std::vector<Reference> names = all_names(wish);
  require_hosts(names);
  for (const Reference& name : names)
    probe_push_right(session.client, name);
}

// Large files of weights go from their source to the registry without a stop, unless a file is
// wanted that holds them, or what they are cut into.
RemoteBytes remote_bytes(const BuildOptions& options) {
  const bool passes = options.push && options.outputs.empty() && !options.reshard;
  return passes ? RemoteBytes::streamed : RemoteBytes::cached;
}

// The product on one screen: a spec becomes images, images are kept, written out and pushed.
BuiltSpec build_spec(const Wish& wish,
                     const BuildOptions& options,
                     Publisher& publisher,
                     Session& session) {
  const Stopwatch watch;
  BuiltSpec built;
  built.names = wish.names;
  const auto outputs = output_locations(options.outputs, built.names.front());
  check_output_places(outputs, wish.spec, session.store.root());
  if (options.push) probe_targets(wish, session);
  for (const std::string& warning : also_warnings(wish.spec, wish.also))
    session.terminal().warn(warning);
  const std::vector<Platform> platforms = platforms_of(wish.spec, session.terminal());
  const Offline network = network_of(options);
  Shared shared{outputs,
                find_shells(wish.spec, wish.also, platforms, session.debian_context(network)),
                fetch_weights(wish.spec, session, network, remote_bytes(options)),
                std::nullopt};
  if (options.push) shared.upload.emplace(session, built.names.front());
  built.images.reserve(platforms.size());
  for (const Platform& platform : platforms) {
    built.images.push_back(build_image(wish, platform, options, shared, session));
  }
  keep_all(built, wish, shared.shells, session);
  write_outputs(built, outputs, options, session);
  if (options.push) publisher.push(built);
  built.seconds = watch.seconds();
  return built;
}

void check(const BuildOptions& options) {
  if (options.push && options.offline) {
    fail(Fault::usage, "`--push` and `--offline` exclude each other");
  }
  const auto names_image = [](const std::string& tag) { return !tag.starts_with(":"); };
  const bool one_name = std::any_of(options.tags.begin(), options.tags.end(), names_image);
  const bool one_also = std::any_of(options.also.begin(), options.also.end(), [](auto& word) {
    return word.find("=:") == std::string::npos;
  });
  const char* const option = one_name ? "-t" : one_also ? "--also" : "-o";
  if (options.specs.size() > 1 && (one_name || one_also || !options.outputs.empty())) {
    throw Error(Fault::usage,
                fmt::format("`{}` would name all {} images the same", option, options.specs.size()),
                fmt::format("build them one by one, or give tags alone: `{}`",
                            one_also && !one_name ? "--also KIND=:TAG" : "-t :TAG"));
  }
}

// All that is to be built, read before anything is.
std::vector<Wish> read_wishes(const BuildOptions& options, const World& world) {
  std::vector<std::string> specs = options.specs;
  if (specs.empty()) specs = {"mlpack.yaml"};
  std::vector<Wish> wishes;
  for (const std::string& path : specs) {
    Catalog catalog = catalog_of_spec(path, world);
    Spec spec = read_spec(path, options, catalog);
    auto names = target_names(spec, options.tags);
    auto also = also_wishes(spec, options.also, names);
    wishes.push_back({std::move(spec), std::move(names), std::move(also), std::move(catalog)});
  }
  require_own_names(wishes);
  return wishes;
}

void build(const BuildOptions& options, World& world) {
  check(options);
  const std::vector<Wish> wishes = read_wishes(options, world);
  Session session(world);
  if (options.verify_cache) session.downloads = Trust::nothing;
  Publisher publisher(session);
  std::vector<BuiltSpec> builds;
  builds.reserve(wishes.size());
  publisher.tell_published([&] {
    for (const Wish& wish : wishes)
      builds.push_back(build_spec(wish, options, publisher, session));
  });
  show_builds(
      builds, world, writes_to_stdout(options.outputs) ? ResultPlace::beside : ResultPlace::out);
}

}  // namespace

Command build_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<BuildOptions>();
    list.positional(
        {"SPEC", "", "a mlpack.yaml or its folder (default: ./mlpack.yaml)", {}, Count::any},
        options->specs);
    list.options({"-t, --tag", "REF", "name the image; `:TAG` appends to the spec's own name"},
                 options->tags);
    list.options(
        {"-o, --output",
         "DEST",
         "write it to oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE (`-`: stdout)"},
        options->outputs);
    list.flag({"--push", "", "push it to the registries that its names name"}, options->push);
    list.options(
        {"--platform", "P", "build for P (linux/arm64, say), not for the spec's platforms"},
        options->platforms);
    list.options({"--var", "NAME=VALUE", "set a variable that the spec declares"},
                 options->variables);
    list.options({"--label", "KEY=VALUE", "set a label"}, options->labels);
    list.options({"--also",
                  "KIND=REF",
                  "make REF of the same weights: a weights-image, a weights-volume or a modelpack"},
                 options->also);
    list.flag({"--offline", "", "use no network: only what the store holds"}, options->offline);
    list.flag({"--verify-cache", "", "read every file again, also where nothing seems changed"},
              options->verify_cache);
    list.flag({"--reshard", "", "split weights that are too large for a layer into shards"},
              options->reshard);
    return [options](World& world) { build(*options, world); };
  };
  return {"build",
          "build an image from a spec",
          "Prints REF@DIGEST for each spec. The image is kept in the local store; files that did "
          "not change since the last build are not read again.",
          declare,
          {}};
}

}  // namespace mlpack
