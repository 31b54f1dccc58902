#include "cli/reused_weights.h"

#include "cli/remote_weights.h"
#include "layers/compress.h"
#include "layers/diff_ids.h"
#include "layers/file_set.h"
#include "layers/layer_builder.h"
#include "layers/tar_reader.h"
#include "lib/lock/agree.h"
#include "lib/oci/modelpack.h"
#include "lib/oci/read_blob.h"
#include "lib/text.h"
#include "registry/pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

// Of layers by digest: the path of the first file in them.
constexpr std::string_view first_file_fact = "first file 1";
constexpr std::string_view oci_scheme = "oci://";
constexpr std::string_view any_weight = "application/vnd.cncf.model.weight";

// An entry, and the image or artifact that it names.
struct Reuse {
  const Weights& wish;
  FetchedBase found;

  std::string shown() const { return printable(wish.source); }
};

// Layers are taken whole and where their files lie.
void refuse_changes(const Weights& wish) {
  const bool chooses = !wish.include.empty() || !wish.exclude.empty();
  const bool compresses = wish.compression != Compression::none;
  if (!chooses && !compresses) return;
  throw Error(Fault::usage,
              fmt::format("{} cannot be had of `{}`, whose layers are reused as they are",
                          chooses ? "`include` and `exclude`" : "`compression`",
                          printable(wish.source)),
              "leave it out, or take the weights from where the image has them");
}

std::optional<Digest> pinned_digest(const Weights& wish, const Lock* pins) {
  if (pins == nullptr) return std::nullopt;
  for (const LockedWeights& locked : pins->weights) {
    if (locked.name == wish.name) return Digest::parse(locked.revision);
  }
  return std::nullopt;
}

LockedWeights locked_image(const Reuse& reuse) {
  LockedWeights locked;
  locked.name = reuse.wish.name;
  locked.source = lock_source(reuse.wish);
  locked.kind = LockedWeights::Kind::image;
  locked.revision = reuse.found.reference.digest().value().text();
  return locked;
}

Reuse find_reused(const Weights& wish,
                  const Platform& platform,
                  Session& session,
                  Offline offline,
                  const Lock* pins) {
  refuse_changes(wish);
  Reference reference =
      parse_reference(wish.source.substr(oci_scheme.size())).with_default_host().with_default_tag();
  if (const auto digest = pinned_digest(wish, pins)) reference = reference.with_digest(*digest);
  const auto artifacts = Artifacts::accepted;
  return {wish,
          offline == Offline::yes
              ? stored_base(reference, platform, session.store, artifacts)
              : fetch_base(session.client, reference, platform, session.store, artifacts)};
}

[[noreturn]] void refuse_form(const Reuse& reuse, const Descriptor& layer) {
  throw Error(Fault::input,
              fmt::format("`{}` has weights as `{}`, which is no layer of an image",
                          reuse.shown(),
                          printable(layer.media_type)),
              "name the source that it was made from");
}

// The layers of an artifact are those of an image under other types, where they are plain tar.
std::vector<Layer> layers_of_modelpack(const Reuse& reuse) {
  std::vector<Layer> layers;
  for (const Descriptor& layer : reuse.found.image.manifest.layers) {
    if (!layer.media_type.starts_with(any_weight)) continue;
    auto plain = plain_layer(layer);
    if (!plain) refuse_form(reuse, layer);
    layers.push_back({Role::weights, "", std::move(*plain), layer.digest, "", true});
  }
  return layers;
}

std::vector<Layer> weights_in(const Reuse& reuse) {
  const Image& image = reuse.found.image;
  if (is_modelpack(image.manifest)) return layers_of_modelpack(reuse);
  std::vector<Layer> layers;
  if (image.manifest.is_artifact()) return layers;
  for (Layer& layer : layers_of(image)) {
    if (layer.role == Role::weights) layers.push_back(std::move(layer));
  }
  return layers;
}

std::string read_first_file(const Descriptor& layer, const OpenBlob& open) {
  const auto compression = layer_compression(layer.media_type);
  if (!compression) fail(Fault::input, "it is no layer, but `{}`", printable(layer.media_type));
  std::optional<TarEntry> entry;
  const ReadBlob read = [&](std::unique_ptr<Source> bytes) {
    TarReader tar(with_whole_blocks(decompress(std::move(bytes), *compression)), Fault::input);
    entry = tar.next();
    while (entry && entry->kind == TarEntry::Kind::directory)
      entry = tar.next();
  };
  past_bad_copies([&] { look_into_blob(open, layer, read); });
  if (!entry) fail(Fault::input, "it holds no file");
  if (entry->is_safe()) return entry->path;
  throw Error(Fault::input,
              fmt::format("it has `{}`, a path that leaves the root", printable(entry->path)),
              "whoever made the image has to make it anew");
}

// A file of each layer: all are below one folder, as they were made from one entry.
std::vector<std::string> first_files(const Reuse& reuse,
                                     const std::vector<Layer>& layers,
                                     Session& session,
                                     Offline offline) {
  const OpenBlob open = session.open_anywhere(offline);
  std::vector<std::string> paths(layers.size());
  parallel_for(layers.size(), session.world.settings.transfers, [&](std::size_t i) {
    const Descriptor& layer = layers[i].descriptor;
    if (auto known = session.store.fact(first_file_fact, layer.digest)) {
      paths[i] = std::move(*known);
      return;
    }
    paths[i] = in_context(fmt::format("layer `{}` of `{}`", layer.digest.text(), reuse.shown()),
                          [&] { return read_first_file(layer, open); });
    session.store.put_fact(first_file_fact, layer.digest, paths[i]);
  });
  return paths;
}

bool lies_below(const std::string& path, const std::string& folder) {
  return folder.empty() || path == folder || path.starts_with(folder + "/");
}

std::string common_folder_of(const std::vector<std::string>& paths) {
  std::string common(parent_of(paths.front()));
  for (const std::string& path : paths) {
    while (!lies_below(path, common))
      common = std::string(parent_of(common));
  }
  return common;
}

void check_target(const Reuse& reuse, const std::vector<std::string>& paths) {
  const std::string target = parse_target(reuse.wish.target, "the target");
  const auto is_elsewhere = [&](const std::string& path) { return !lies_below(path, target); };
  if (std::none_of(paths.begin(), paths.end(), is_elsewhere)) return;
  const std::string place = "/" + printable(common_folder_of(paths));
  throw Error(
      Fault::usage,
      fmt::format("the weights of `{}` lie in `{}`, not in `{}`, and layers that are reused "
                  "stay as they are",
                  reuse.shown(),
                  place,
                  printable(reuse.wish.target)),
      fmt::format("write `target: {}`", place));
}

std::vector<Layer> layers_to_reuse(const Reuse& reuse,
                                   Session& session,
                                   Offline offline,
                                   const ReuseUse& use) {
  DiffIds({reuse.found.image}, session.world.stop);  // throws where it is not what it says
  std::vector<Layer> layers = weights_in(reuse);
  if (layers.empty()) {
    throw Error(Fault::input,
                fmt::format("`{}` has no layers of weights", reuse.shown()),
                "name an image that mlpack built, or a ModelPack");
  }
  if (use.files == ReuseUse::Files::compare) {
    check_target(reuse, first_files(reuse, layers, session, offline));
  }
  const std::string origin = std::string(oci_scheme) + reuse.found.reference.text();
  for (Layer& layer : layers) {
    layer.role = Role::weights;
    layer.name = reuse.wish.name;
    layer.created_by = "mlpack: weights " + printable(reuse.wish.name);
    layer.reused = true;
    layer.descriptor.annotations = {{std::string(annotation::source), origin}};
  }
  return layers;
}

std::size_t take_all(const std::vector<Layer>& layers, Session& session) {
  const LayerIntake intake = session.intake(remote_blobs(session.client, session.store));
  std::vector<Descriptor> blobs;
  blobs.reserve(layers.size());
  for (const Layer& layer : layers)
    blobs.push_back(layer.descriptor);
  require_room_for(blobs, session.store);
  std::atomic<std::size_t> moved{0};
  parallel_for(layers.size(), session.world.settings.transfers, [&](std::size_t i) {
    if (take_layer(intake, layers[i].descriptor, layers[i].diff_id)) ++moved;
  });
  return moved;
}

}  // namespace

ReusedWeights reuse_weights(const Spec& spec,
                            const Platform& platform,
                            Session& session,
                            Offline offline,
                            const ReuseUse& use) {
  ReusedWeights reused;
  for (const auto& item : spec.weights) {
    const Weights& wish = item.value;
    if (wish.kind != SourceKind::oci) continue;
    at_place(spec.where(wish.source_place), [&] {
      const Reuse reuse = find_reused(wish, platform, session, offline, use.pins);
      std::vector<Layer> layers = layers_to_reuse(reuse, session, offline, use);
      if (use.keep == BaseLayers::keep) reused.layers_fetched += take_all(layers, session);
      std::move(layers.begin(), layers.end(), std::back_inserter(reused.layers));
      reused.locked.push_back(locked_image(reuse));
      reused.decisions.push_back({"weights " + wish.name,
                                  reuse.found.reference.text(),
                                  {"its layers are reused as they are, and not looked into"}});
    });
  }
  return reused;
}

}  // namespace mlpack
