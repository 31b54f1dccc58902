#include "cli/build.h"

#include "cli/also_layers.h"
#include "cli/attach.h"
#include "cli/base.h"
#include "cli/build_check.h"
#include "cli/build_lock.h"
#include "cli/catalog_folders.h"
#include "cli/commands.h"
#include "cli/early_upload.h"
#include "cli/keep.h"
#include "cli/layer_jobs.h"
#include "cli/output_checks.h"
#include "cli/prepared_image.h"
#include "cli/publisher.h"
#include "cli/referrers.h"
#include "cli/registry_limits.h"
#include "cli/remote_weights.h"
#include "cli/session.h"
#include "cli/stack.h"
#include "cli/stopwatch.h"
#include "cli/targets.h"
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

// Layers of packages that are made lie at the bottom, layers of weights that are reused below those
// that were packed.
std::vector<Layer> with_reused(std::vector<Layer> packed, const FoundBase& base) {
  const auto place = std::find_if(
      packed.begin(), packed.end(), [](const Layer& layer) { return layer.role >= Role::weights; });
  packed.insert(place, base.weights.begin(), base.weights.end());
  packed.insert(packed.begin(), base.made.begin(), base.made.end());
  return packed;
}

// What the images of all platforms share.
struct Shared {
  std::vector<ArchiveLocation> outputs;
  Shells shells;
  ImageInputs inputs;
  std::optional<EarlyUpload> upload;
};

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

PackContext pack_context(const Platform& platform,
                         const BuildOptions& options,
                         Shared& shared,
                         Session& session) {
  const auto memo = options.verify_cache ? PackContext::Memo::verify : PackContext::Memo::trust;
  PackContext context = session.pack_context(memo);
  if (shared.upload) {
    context.packed = [&](const Layer& layer) { shared.upload->send(layer); };
    context.stream = [&](const BlobStream& layer) { return shared.upload->stream(layer); };
  }
  const ImageInputs& inputs = shared.inputs;
  if (inputs.registry != nullptr) {
    context.known = [&inputs, platform](const PackJob& job) {
      return inputs.registry->find(job, inputs.lock.layers(platform));
    };
  }
  return context;
}

BuiltImage build_image(const Wish& wish,
                       const Platform& platform,
                       const BuildOptions& options,
                       Shared& shared,
                       Session& session) {
  const PreparedImage image = prepare_image(shared.inputs, platform, session);
  const auto& [base, reused, plan, layers] = image;
  check_limits(layers.jobs, wish, session.terminal());
  check_not_overwritten(shared.outputs, wish.spec, layers.jobs);
  tell(plan, layers, session.terminal());

  const PackContext context = pack_context(platform, options, shared, session);
  auto packed = pack_layers(layers.jobs, session.store, context);
  note_sources(shared.inputs.weights, packed);
  shared.inputs.lock.note_layers(platform, layers.jobs, packed, session.store);
  const std::vector<Layer> above = with_reused(packed, base);
  const Annotations annotations = with_ignored(plan.annotations, ignored_findings(options.ignored));
  BuiltImage built{assemble(base.image, above, plan.config, annotations),
                   layers_of_base(base.image),
                   weights_of(layers.jobs, packed)};
  built.layers.insert(built.layers.end(), above.begin(), above.end());
  count_bytes(built, layers.jobs, packed, session.store);
  return built;
}

void write_outputs(const BuiltSpec& built,
                   const std::vector<ArchiveLocation>& outputs,
                   const BuildOptions& options,
                   Session& session) {
  const ExportContext context{session.open_anywhere(network_of(options)),
                              &session.store,
                              &session.terminal(),
                              &session.world.stop};
  for (const ArchiveLocation& output : outputs) {
    write_archive(output, built.names.front().text(), built.set, context);
    if (output.is_layout()) write_referrers(output, built.attached, context);
  }
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

// Where a push finds layers that the lock knows.
std::optional<LockedLayers> layers_in_registry(const Wish& wish,
                                               const BuildOptions& options,
                                               Session& session) {
  if (remote_bytes(options) != RemoteBytes::streamed || options.verify_cache) return std::nullopt;
  const auto& image = wish.spec.image;
  std::optional<Reference> own;
  if (image) own = parse_reference(image->value);
  return std::optional<LockedLayers>(std::in_place, session, wish.names.front(), own);
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
  const Spec spec = with_chosen_base(wish.spec, wish.catalog);
  const auto use = options.locked ? BuildLock::Use::locked : BuildLock::Use::update;
  BuildLock lock(spec, use, session.world);
  if (options.push) probe_targets(wish, session);
  for (const std::string& warning : also_warnings(spec, wish.also))
    session.terminal().warn(warning);
  const Offline network = network_of(options);
  const RemoteBytes bytes = remote_bytes(options);
  auto registry = layers_in_registry(wish, options, session);
  const WeightPins pins{&lock.pins(),
                        registry ? lock.made_weights(*registry) : std::set<std::string>()};
  std::optional<std::uint64_t> limit;
  if (options.reshard) limit = largest_layer(spec.layers.max_size, all_names(wish));
  Shared shared{outputs,
                find_shells(spec, wish.also, lock.platforms(), session.debian_context(network)),
                {{wish.spec, spec, wish.catalog},
                 network,
                 bytes,
                 limit,
                 written_places(outputs, session.store.root()),
                 layers_beside_weights(wish.also),
                 lock,
                 registry ? &*registry : nullptr,
                 fetch_weights(spec, session, network, bytes, pins)},
                std::nullopt};
  if (options.push) shared.upload.emplace(session, built.names.front());
  built.images.reserve(lock.platforms().size());
  for (const Platform& platform : lock.platforms()) {
    built.images.push_back(build_image(wish, platform, options, shared, session));
  }
  lock.finish(session);
  check_built(built, wish, options, session);
  keep_all(built, wish, shared.shells, session);
  attach_artifacts(built, wish, options, session);
  write_outputs(built, outputs, options, session);
  if (options.push) publisher.push(built);
  built.seconds = watch.seconds();
  return built;
}

void check(const BuildOptions& options) {
  ignored_findings(options.ignored);
  attach_kinds(options.attach);
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
    list.options({"--attach",
                  "KIND",
                  "put an artifact beside the image that refers to it",
                  {"image-compatibility"}},
                 options->attach);
    list.flag({"--locked", "", "fail where the lock is missing or does not fit the spec"},
              options->locked);
    list.flag({"--offline", "", "use no network: only what the store holds"}, options->offline);
    list.flag({"--verify-cache", "", "read every file again, also where nothing seems changed"},
              options->verify_cache);
    list.flag({"--reshard", "", "split weights that are too large for a layer into shards"},
              options->reshard);
    list.flag({"--no-check", "", "do not check what a spec with a `fleet` made"},
              options->no_check);
    list.options({"--ignore", "ID=REASON", "pass over a finding of the check, and record why"},
                 options->ignored);
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
