#include "layers/image_root.h"

#include "lib/error.h"
#include "lib/oci/read_blob.h"
#include "lib/text.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace mlpack {
namespace {

constexpr const char* layer_listing_fact = "layer listing 1";

void add_layer(RootPaths& root, const LayerListing& layer) {
  for (const std::string& path : layer.removed)
    root.remove(root.resolve_parents(path));
  for (const std::string& path : layer.emptied)
    root.remove_below(root.resolve(path));
  for (RecipeEntry entry : layer.entries) {
    entry.path = root.resolve_parents(entry.path);
    if (entry.kind == EntryKind::hardlink) entry.link = root.resolve_parents(entry.link);
    if (entry.kind != EntryKind::directory) root.remove_below(entry.path);
    root.replace(std::move(entry), RootPaths::the_base);
  }
}

std::optional<LayerListing> known_listing(const Descriptor& layer, const Store& store) {
  if (const auto fact = store.fact(layer_listing_fact, layer.digest)) {
    if (auto listing = parse_layer_listing(*fact)) return listing;
  }
  if (const auto recipe = store.recipe(layer.digest)) return list_recipe(*recipe);
  return std::nullopt;
}

// Tells the progress what passes through.
class WatchedSource : public Source {
 public:
  WatchedSource(std::unique_ptr<Source> inner, Progress& progress, int task)
      : inner_(std::move(inner)), progress_(progress), task_(task) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    progress_.advance(task_, count);
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  Progress& progress_;
  int task_;
};

LayerListing read_layer(const Descriptor& layer,
                        const OpenBlob& open,
                        const DebianContext& context,
                        int task) {
  const auto compression = layer_compression(layer.media_type);
  if (!compression) {
    fail(Fault::input, "`{}` is no layer: {}", layer.digest.text(), printable(layer.media_type));
  }
  context.stop.check();
  LayerListing listing;
  in_context(fmt::format("the layer `{}` of the base", layer.digest.text()), [&] {
    read_blob(open, layer, [&](std::unique_ptr<Source> blob) {
      auto watched = std::make_unique<WatchedSource>(std::move(blob), context.progress, task);
      listing = list_layer(std::move(watched), *compression, context.stop);
    });
  });
  return listing;
}

// The listings of an image's layers, as far as they are known.
struct Listings {
  std::vector<LayerListing> layers;
  std::vector<std::size_t> missing;
};

Listings known_listings(const std::vector<Descriptor>& layers, const Store& store) {
  Listings listings;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    auto listing = known_listing(layers[i], store);
    if (!listing) listings.missing.push_back(i);
    listings.layers.push_back(std::move(listing).value_or(LayerListing{}));
  }
  return listings;
}

void read_missing(Listings& listings,
                  const std::vector<Descriptor>& layers,
                  const OpenBlob& open,
                  const DebianContext& context) {
  if (listings.missing.empty()) return;
  std::uint64_t total = 0;
  for (const std::size_t index : listings.missing)
    total += layers[index].size;
  const int task = context.progress.begin("layers of the base", total);
  parallel_for(listings.missing.size(), context.jobs, [&](std::size_t i) {
    const Descriptor& layer = layers[listings.missing[i]];
    LayerListing& listing = listings.layers[listings.missing[i]];
    listing = read_layer(layer, open, context, task);
    context.store.put_fact(layer_listing_fact, layer.digest, write_layer_listing(listing));
  });
  context.progress.end(task, "read");
}

}  // namespace

RootPaths stack_layers(const std::vector<LayerListing>& layers) {
  RootPaths root;
  for (const LayerListing& layer : layers)
    add_layer(root, layer);
  return root;
}

RootPaths read_image_root(const std::vector<Descriptor>& layers,
                          const OpenBlob& open,
                          const DebianContext& context) {
  Listings listings = known_listings(layers, context.store);
  read_missing(listings, layers, open, context);
  return stack_layers(listings.layers);
}

std::optional<RootPaths> local_image_root(const std::vector<Descriptor>& layers,
                                          const OpenBlob& open,
                                          const DebianContext& context) {
  Listings listings = known_listings(layers, context.store);
  const auto is_here = [&](std::size_t index) {
    return layer_compression(layers[index].media_type) &&
           context.store.has_blob(layers[index].digest);
  };
  if (!std::all_of(listings.missing.begin(), listings.missing.end(), is_here)) return std::nullopt;
  read_missing(listings, layers, open, context);
  return stack_layers(listings.layers);
}

std::optional<std::string> text_in(const RootPaths& root, const std::string& path) {
  const RecipeEntry* entry = root.find(root.resolve(path));
  if (entry != nullptr && entry->kind == EntryKind::hardlink) entry = root.find(entry->link);
  if (entry == nullptr || entry->kind != EntryKind::file) return std::nullopt;
  const auto* text = std::get_if<std::string>(&entry->content);
  if (text == nullptr || text->empty()) return std::nullopt;
  return *text;
}

}  // namespace mlpack
