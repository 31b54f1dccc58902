#include "cli/reused_files.h"

#include "layers/compress.h"
#include "layers/file_set.h"
#include "layers/layer_builder.h"
#include "layers/tar_reader.h"
#include "lib/oci/read_blob.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace mlpack {
namespace {

// Of layers by digest: a recipe without contents.
constexpr std::string_view layer_files_fact = "layer files 1";

// A tar in a registry, of which parts can be skipped. What is read is compared with nothing.
class RegistryTar : public SkippingSource {
 public:
  RegistryTar(Client& client, Repository repository, Descriptor layer)
      : client_(client), repository_(std::move(repository)), layer_(std::move(layer)) {}

  std::size_t read(std::span<std::byte> buffer) override {
    if (at_ >= layer_.size) return fill(buffer);
    client_.stop().check();
    if (!source_) source_ = client_.open_blob_at(repository_, layer_, at_);
    if (!source_) {
      fail(Fault::refused,
           "`{}` no longer has blob `{}`",
           repository_.name.name(),
           layer_.digest.text());
    }
    const std::size_t count = source_->read(buffer);
    at_ += count;
    return count;
  }

  // To ask anew is worth it where much is passed over.
  std::uint64_t skip(std::uint64_t count) override {
    constexpr std::uint64_t worth_it = std::uint64_t{1} << 20;
    if (count < worth_it) return 0;
    count = std::min(count, layer_.size - std::min(at_, layer_.size));
    at_ += count;
    source_.reset();
    return count;
  }

 private:
  // Zeros up to the end of the last block, see with_whole_blocks.
  std::size_t fill(std::span<std::byte> buffer) {
    constexpr std::uint64_t block = 512;
    const std::size_t count = std::min<std::uint64_t>(buffer.size(), (block - at_ % block) % block);
    std::fill_n(buffer.begin(), count, std::byte{0});
    at_ += count;
    return count;
  }

  Client& client_;
  Repository repository_;
  Descriptor layer_;
  std::uint64_t at_ = 0;
  std::unique_ptr<Source> source_;
};

// A tar of which parts can be skipped; nullptr where there is none.
std::unique_ptr<SkippingSource> open_in_parts(const Descriptor& layer,
                                              Session& session,
                                              Offline offline) {
  if (layer_compression(layer.media_type) != Compression::none) return nullptr;
  const BlobLocation where = session.store.locate(layer.digest);
  if (where.kind == BlobLocation::Kind::stored) return open_tar_file(where.path);
  if (where.kind != BlobLocation::Kind::remote || offline == Offline::yes) return nullptr;
  const Reference& origin = origin_with(session.client, where.origins, layer.digest);
  return std::make_unique<RegistryTar>(session.client, Repository{origin, Access::pull}, layer);
}

RecipeEntry without_content(std::string path, EntryKind kind) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.kind = kind;
  return entry;
}

LayerRecipe read_files(TarReader& tar) {
  LayerRecipe files{Role::weights, "", 0, {}};
  while (const auto entry = tar.next()) {
    const bool is_entry = entry->is_safe() && !entry->is_whiteout() && !entry->path.empty();
    if (!is_entry || entry->path == ".") continue;
    const bool is_folder = entry->kind == TarEntry::Kind::directory;
    files.entries.push_back(
        without_content(entry->path, is_folder ? EntryKind::directory : EntryKind::file));
  }
  return files;
}

LayerRecipe read_layer_files(const Descriptor& layer, Session& session, Offline offline) {
  const auto compression = layer_compression(layer.media_type);
  if (!compression) fail(Fault::input, "`{}` is no layer", layer.digest.text());
  if (auto parts = open_in_parts(layer, session, offline)) {
    TarReader tar(std::move(parts), Fault::input);
    return read_files(tar);
  }
  LayerRecipe files;
  read_blob(session.open_anywhere(offline), layer, [&](std::unique_ptr<Source> bytes) {
    TarReader tar(with_whole_blocks(decompress(std::move(bytes), *compression)), Fault::input);
    files = read_files(tar);
  });
  return files;
}

LayerRecipe files_of(const Descriptor& layer, Session& session, Offline offline) {
  if (const auto own = session.store.recipe(layer.digest)) {
    LayerRecipe files{Role::weights, "", 0, {}};
    for (const RecipeEntry& entry : own->entries)
      files.entries.push_back(without_content(entry.path, entry.kind));
    return files;
  }
  const auto known = session.store.fact(layer_files_fact, layer.digest);
  if (auto files = known ? parse_recipe(*known) : std::nullopt) return std::move(*files);
  LayerRecipe files = in_context("layer `" + layer.digest.text() + "`",
                                 [&] { return read_layer_files(layer, session, offline); });
  session.store.put_fact(layer_files_fact, layer.digest, write_recipe(files));
  return files;
}

// All layers of an entry in one: among themselves they may be as they like.
LayerRecipe files_of_all(const std::vector<Descriptor>& layers, Session& session, Offline offline) {
  std::vector<LayerRecipe> found(layers.size());
  parallel_for(layers.size(), session.world.settings.transfers, [&](std::size_t i) {
    found[i] = files_of(layers[i], session, offline);
  });
  LayerRecipe all{Role::weights, "", 0, {}};
  std::set<std::string, std::less<>> paths;
  for (LayerRecipe& layer : found) {
    for (RecipeEntry& entry : layer.entries)
      if (paths.insert(entry.path).second) all.entries.push_back(std::move(entry));
  }
  sort_by_path(all.entries);
  return all;
}

bool meets(const std::string& path, const std::string& folder) {
  return folder.empty() || path == folder || path.starts_with(folder + "/") ||
         folder.starts_with(path + "/");
}

bool is_met(const LayerRecipe& layer, const std::string& folder) {
  return std::any_of(layer.entries.begin(), layer.entries.end(), [&](const RecipeEntry& entry) {
    const bool is_above =
        entry.kind == EntryKind::directory && !entry.path.starts_with(folder + "/");
    return !is_above && meets(entry.path, folder);
  });
}

std::string folder_of(const Weights& wish) {
  return parse_target(wish.target, "the target");
}

bool meets_other_weights(const Weights& wish, const Spec& spec) {
  return std::any_of(spec.weights.begin(), spec.weights.end(), [&](const auto& other) {
    return other.value.kind == SourceKind::oci && &other.value != &wish &&
           meets(folder_of(other.value), folder_of(wish));
  });
}

}  // namespace

ReusedFiles reused_files(const Spec& spec,
                         const std::vector<Layer>& reused,
                         const std::vector<LayerRecipe>& layers,
                         Session& session,
                         Offline offline) {
  ReusedFiles files;
  for (const auto& item : spec.weights) {
    const Weights& wish = item.value;
    if (wish.kind != SourceKind::oci) continue;
    const bool is_wanted =
        meets_other_weights(wish, spec) ||
        std::any_of(layers.begin(), layers.end(), [folder = folder_of(wish)](const auto& layer) {
          return is_met(layer, folder);
        });
    if (!is_wanted) continue;
    std::vector<Descriptor> own;
    for (const Layer& layer : reused)
      if (layer.name == wish.name) own.push_back(layer.descriptor);
    const Where where = spec.where(wish.source_place);
    files.layers.push_back(at_place(where, [&] { return files_of_all(own, session, offline); }));
    files.origins.push_back({fmt::format("`{}`", printable(wish.source)), where});
  }
  return files;
}

}  // namespace mlpack
