#include "cli/locked_layers.h"

#include "layers/compress.h"
#include "lib/oci/image.h"
#include "lib/parallel.h"
#include "lib/text.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

namespace mlpack {
namespace {

std::optional<Digest> cached_digest(const FileRange& range, const Store& store) {
  const auto digest = Digest::from_hex(fs::path(range.path).filename().string());
  const bool is_whole = range.offset == 0;
  if (!digest || !is_whole || range.path != fs::absolute(store.cache_path(*digest))) {
    return std::nullopt;
  }
  return digest;
}

// Of the codecs of the lock, those of `compression`, `own` among them: a newer compressor makes
// other bytes, and those that are there will do.
std::set<std::string> codecs_for(Compression compression, const std::vector<LockedLayer>& layers) {
  const std::string own = codec_id(compression);
  const std::string_view kind = std::string_view(own).substr(0, own.find(' '));
  std::set<std::string> codecs{own};
  for (const LockedLayer& layer : layers) {
    const std::string_view other = std::string_view(layer.codec).substr(0, layer.codec.find(' '));
    if (other == kind) codecs.insert(layer.codec);
  }
  return codecs;
}

Compression compression_of(const std::string& codec) {
  const std::string_view kind = std::string_view(codec).substr(0, codec.find(' '));
  if (kind == "zstd") return Compression::zstd;
  return kind == "gzip" ? Compression::gzip : Compression::none;
}

// `recipe` as it is on every machine: of files in the store's cache their sha256 counts, not where
// they lie. nullopt where it holds files of the user's, or what has no digest.
std::optional<LayerRecipe> portable_recipe(const LayerRecipe& recipe, const Store& store) {
  LayerRecipe portable = recipe;
  for (RecipeEntry& entry : portable.entries) {
    if (std::holds_alternative<Parts>(entry.content)) return std::nullopt;
    const auto* remote = std::get_if<RemoteContent>(&entry.content);
    if (remote != nullptr && !remote->sha256) return std::nullopt;
    const auto* range = std::get_if<FileRange>(&entry.content);
    if (range == nullptr) continue;
    const auto digest = cached_digest(*range, store);
    if (!digest || range->identity.size != entry.size) return std::nullopt;
    entry.content = RemoteContent{{}, {}, {}, digest};
  }
  return portable;
}

// Whether `recipe` is the same on every machine as it stands.
bool is_portable(const LayerRecipe& recipe) {
  return std::all_of(recipe.entries.begin(), recipe.entries.end(), [](const RecipeEntry& entry) {
    return std::holds_alternative<std::string>(entry.content) ||
           archive_of(entry.content) != nullptr;
  });
}

std::optional<Digest> portable_key(const LayerRecipe& recipe,
                                   std::string_view codec,
                                   const Store& store) {
  if (is_portable(recipe)) return layer_key(recipe, codec);
  const auto portable = portable_recipe(recipe, store);
  return portable ? std::optional(layer_key(*portable, codec)) : std::nullopt;
}

}  // namespace

std::optional<LockedLayer> locked_layer(const PackJob& job,
                                        const Layer& layer,
                                        const Store& store) {
  if (layer.role != Role::system && layer.role != Role::python && layer.role != Role::weights) {
    return std::nullopt;
  }
  const auto codec = layer.descriptor.annotations.find(std::string(annotation::codec));
  if (codec == layer.descriptor.annotations.end()) return std::nullopt;
  const auto key = portable_key(job.recipe, codec->second, store);
  if (!key) return std::nullopt;
  return LockedLayer{*key,
                     layer.role,
                     layer.name,
                     codec->second,
                     layer.descriptor.digest,
                     layer.diff_id,
                     layer.descriptor.size};
}

std::vector<LockedLayer> recorded_layers(const PackJob& job,
                                         const std::vector<LockedLayer>& layers,
                                         const Store& store) {
  std::vector<LockedLayer> recorded;
  const Role role = job.recipe.role;
  const bool is_recorded = role == Role::system || role == Role::python || role == Role::weights;
  if (layers.empty() || !is_recorded) return recorded;
  for (const std::string& codec : codecs_for(job.compression, layers)) {
    const auto key = portable_key(job.recipe, codec, store);
    if (!key) return recorded;
    const auto found = std::find_if(layers.begin(), layers.end(), [&](const LockedLayer& layer) {
      return layer.key == *key && layer.codec == codec;
    });
    if (found != layers.end()) recorded.push_back(*found);
  }
  return recorded;
}

Descriptor descriptor_of(const LockedLayer& layer) {
  Descriptor descriptor{std::string(layer_media_type(compression_of(layer.codec))),
                        layer.digest,
                        layer.size,
                        {},
                        std::nullopt};
  descriptor.annotations.emplace(annotation::role, role_name(layer.role));
  descriptor.annotations.emplace(annotation::name, layer.name);
  descriptor.annotations.emplace(annotation::codec, layer.codec);
  return descriptor;
}

LockedLayers::LockedLayers(Session& session, Reference target, std::optional<Reference> own)
    : session_(session), target_{std::move(target), Access::push}, own_(std::move(own)) {}

bool LockedLayers::look(const LockedLayer& layer) {
  const BlobState state = session_.client.head_blob(target_, layer.digest);
  if (state.presence == BlobState::Presence::present) {
    return !state.size || *state.size == layer.size;
  }
  const bool may_mount = own_ && own_->host() == target_.name.host() &&
                         own_->repository() != target_.name.repository();
  return may_mount && session_.client.mount_blob(target_, layer.digest, *own_);
}

bool LockedLayers::has(const LockedLayer& layer) {
  {
    const std::scoped_lock lock(guard_);
    const auto seen = seen_.find(layer.digest);
    if (seen != seen_.end()) return seen->second;
  }
  const bool is_there = look(layer);
  if (is_there) session_.store.put_origin(layer.digest, target_.name);
  const std::scoped_lock lock(guard_);
  return seen_.emplace(layer.digest, is_there).first->second;
}

bool LockedLayers::saves(const std::vector<LockedLayer>& layers) {
  const auto is_here = [&](const LockedLayer& layer) {
    const BlobLocation::Kind kind = session_.store.locate(layer.digest).kind;
    return kind == BlobLocation::Kind::stored || kind == BlobLocation::Kind::recipe;
  };
  if (std::all_of(layers.begin(), layers.end(), is_here)) return false;
  std::atomic<bool> all{true};
  parallel_for(layers.size(), session_.world.settings.transfers, [&](std::size_t i) {
    if (!has(layers[i])) all = false;
  });
  return all;
}

std::optional<KnownLayer> LockedLayers::find(const PackJob& job,
                                             const std::vector<LockedLayer>& layers) {
  for (const LockedLayer& layer : recorded_layers(job, layers, session_.store)) {
    if (has(layer)) return KnownLayer{descriptor_of(layer), layer.diff_id};
  }
  return std::nullopt;
}

}  // namespace mlpack
