#include "cli/check.h"
#include "cli/layer_files.h"
#include "layers/compress.h"
#include "layers/diff_ids.h"
#include "layers/layer_facts.h"
#include "lib/oci/read_blob.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

constexpr const char* layer_facts_kind = "layer facts 5";

// Tells the progress what passes through, and lets nothing pass once a stop was asked for.
class ToldSource : public Source {
 public:
  ToldSource(std::unique_ptr<Source> inner, Session& session, int task)
      : inner_(std::move(inner)), session_(session), task_(task) {}
  std::size_t read(std::span<std::byte> buffer) override {
    session_.world.stop.check();
    const std::size_t count = inner_->read(buffer);
    session_.terminal().advance(task_, count);
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  Session& session_;
  int task_;
};

// In the store, or where temporary files are if that may only be read.
std::unique_ptr<AtomicFile> new_temporary(const Store& store) {
  try {
    return store.new_blob();
  } catch (const Error& error) {
    if (error.fault() != Fault::disk) throw;
    return std::make_unique<AtomicFile>(fs::temp_directory_path() / "mlpack-check");
  }
}

LayerFacts stream_layer(const Descriptor& layer,
                        Compression compression,
                        const NamedImage& found,
                        Session& session,
                        int task) {
  const NewTemporary create = [&] { return new_temporary(session.store); };
  LayerFacts facts;
  read_blob(found.open, layer, [&](std::unique_ptr<Source> bytes) {
    const auto tar =
        decompress(std::make_unique<ToldSource>(std::move(bytes), session, task), compression);
    TarReader reader(with_whole_blocks(std::make_unique<BorrowedSource>(*tar)));
    facts = read_layer_facts(reader, create, session.world.stop);
    // What lies behind the tar may be damaged, too.
    FunctionSink nowhere([](Bytes) {});
    copy(*tar, nowhere);
  });
  return facts;
}

// The file of an uncompressed layer, of which only what matters is read.
std::optional<fs::path> plain_file(const Descriptor& layer,
                                   const NamedImage& found,
                                   const Session& session) {
  const bool is_plain = layer_compression(layer.media_type) == Compression::none;
  return is_plain ? file_of_layer(layer, found, session) : std::nullopt;
}

// Reads all of a file of somebody's layout: only then is it compared with its digest.
void compare_bytes(const Descriptor& layer, const NamedImage& found, Session& session, int task) {
  read_blob(found.open, layer, [&](std::unique_ptr<Source> bytes) {
    ToldSource told(std::move(bytes), session, task);
    FunctionSink nowhere([](Bytes) {});
    copy(told, nowhere);
  });
}

LayerFacts read_layer(const Descriptor& layer,
                      const NamedImage& found,
                      Session& session,
                      int task) {
  const auto compression = layer_compression(layer.media_type);
  if (!compression) {
    fail(Fault::input, "`{}` is no layer: {}", layer.digest.text(), printable(layer.media_type));
  }
  const Stop& stop = session.world.stop;
  if (const auto recipe = usable_recipe(layer.digest, session.store, RemoteLook::in_layer)) {
    if (auto facts = read_layer_facts(*recipe, stop)) return std::move(*facts);
  }
  if (const auto file = plain_file(layer, found, session)) {
    if (found.layout) compare_bytes(layer, found, session, task);
    return read_layer_facts(*file, stop);
  }
  return stream_layer(layer, *compression, found, session, task);
}

// What is known of a layer under its digest was read from bytes that were compared with it. A file
// of somebody's layout, of which only parts are read, was compared while it was that very file.
Digest facts_key(const Descriptor& layer, const NamedImage& found, const Session& session) {
  const auto file = found.layout ? plain_file(layer, found, session) : std::nullopt;
  if (!file) return layer.digest;
  const FileIdentity identity = identity_of(open_regular(*file));
  return Digest::of(fmt::format("{}\n{}\n{}\n{}\n{}\n{}",
                                layer.digest.text(),
                                identity.device,
                                identity.inode,
                                identity.size,
                                identity.mtime_ns,
                                identity.ctime_ns));
}

std::optional<LayerFacts> known_facts(const Digest& key, const Store& store) {
  const auto text = store.fact(layer_facts_kind, key);
  return text ? parse_layer_facts(*text) : std::nullopt;
}

// The facts of the layers that are to be read, from the store or from their bytes.
class LayerReading {
 public:
  LayerReading(const Image& image, const NamedImage& found, Session& session)
      : layers_(image.manifest.layers), found_(found), session_(session) {
    for (const Descriptor& layer : layers_)
      keys_.push_back(facts_key(layer, found, session));
    facts_.resize(layers_.size());
    parallel_for(layers_.size(), session.world.settings.jobs, [&](std::size_t i) {
      facts_[i] = known_facts(layers_[i].digest, session.store);
      if (!facts_[i] && keys_[i] != layers_[i].digest) {
        facts_[i] = known_facts(keys_[i], session.store);
      }
    });
  }

  bool is_known(std::size_t i) const { return facts_[i].has_value(); }
  bool is_at_hand(std::size_t i) const {
    return is_known(i) ||
           session_.store.locate(layers_[i].digest).kind == BlobLocation::Kind::stored ||
           usable_recipe(layers_[i].digest, session_.store, RemoteLook::in_layer);
  }

  // Names, owners and modes alone, and of what no recipe is known nothing.
  void list(std::size_t i) {
    LayerFacts listed;
    if (const auto recipe = session_.store.recipe(layers_[i].digest)) {
      for (const RecipeEntry& entry : recipe->entries) {
        const std::uint64_t size = entry.kind == EntryKind::file ? entry.size : 0;
        listed.files.push_back(
            {entry.path, entry.kind, entry.mode, entry.uid, entry.gid, size, entry.link, {}});
      }
    }
    facts_[i] = std::move(listed);
  }

  ImageFiles finish() {
    std::vector<std::size_t> missing;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (is_known(i)) continue;
      missing.push_back(i);
      total += layers_[i].size;
    }
    if (!missing.empty()) read(missing, total);
    ImageFiles files;
    for (auto& layer : facts_)
      files.add(std::move(*layer));
    return files;
  }

 private:
  void read(const std::vector<std::size_t>& missing, std::uint64_t total) {
    const int task = session_.terminal().begin("layers", total);
    parallel_for(missing.size(), session_.world.settings.jobs, [&](std::size_t at) {
      const Descriptor& layer = layers_[missing[at]];
      LayerFacts read = in_context(fmt::format("layer `{}`", layer.digest.text()),
                                   [&] { return read_layer(layer, found_, session_, task); });
      session_.store.put_fact(layer_facts_kind, keys_[missing[at]], write_layer_facts(read));
      facts_[missing[at]] = std::move(read);
    });
    session_.terminal().end(task, "read");
  }

  const std::vector<Descriptor>& layers_;
  const NamedImage& found_;
  Session& session_;
  std::vector<Digest> keys_;
  std::vector<std::optional<LayerFacts>> facts_;
};

}  // namespace

ImageFiles check_files(const Image& image, const NamedImage& found, Session& session) {
  // Uncompressed layers that are not those of the config are told at once.
  const DiffIds plain({image}, session.world.stop);
  return LayerReading(image, found, session).finish();
}

std::optional<ImageFiles> check_files(const Image& image,
                                      const std::vector<LayerWish>& wishes,
                                      const NamedImage& found,
                                      Session& session) {
  LayerReading reading(image, found, session);
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    if (wishes[i].look == LayerLook::bytes || reading.is_at_hand(i)) continue;
    if (!wishes[i].is_weights) return std::nullopt;
    reading.list(i);
  }
  return reading.finish();
}

}  // namespace mlpack
