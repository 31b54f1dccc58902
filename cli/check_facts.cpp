#include "cli/check.h"
#include "cli/layer_files.h"
#include "layers/compress.h"
#include "layers/layer_facts.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

constexpr const char* layer_facts_kind = "layer facts 1";

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

class BorrowedSource : public Source {
 public:
  explicit BorrowedSource(Source& from) : from_(from) {}
  std::size_t read(std::span<std::byte> buffer) override { return from_.read(buffer); }

 private:
  Source& from_;
};

LayerFacts stream_layer(const Descriptor& layer,
                        Compression compression,
                        const NamedImage& found,
                        Session& session,
                        int task) {
  const NewTemporary create = [&] { return session.store.new_blob(); };
  const auto tar =
      decompress(std::make_unique<ToldSource>(found.open(layer), session, task), compression);
  TarReader reader(with_whole_blocks(std::make_unique<BorrowedSource>(*tar)));
  LayerFacts facts = read_layer_facts(reader, create, session.world.stop);
  // To the end of the blob: only there is it compared with its digest.
  FunctionSink nowhere([](Bytes) {});
  copy(*tar, nowhere);
  return facts;
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
  const bool is_plain = *compression == Compression::none;
  if (const auto file = is_plain ? file_of_layer(layer, found, session) : std::nullopt) {
    return read_layer_facts(*file, stop);
  }
  return stream_layer(layer, *compression, found, session, task);
}

std::optional<LayerFacts> known_facts(const Descriptor& layer, const Store& store) {
  const auto text = store.fact(layer_facts_kind, layer.digest);
  return text ? parse_layer_facts(*text) : std::nullopt;
}

}  // namespace

ImageFiles check_files(const Image& image, const NamedImage& found, Session& session) {
  const std::vector<Descriptor>& layers = image.manifest.layers;
  std::vector<std::optional<LayerFacts>> facts;
  std::vector<std::size_t> missing;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    facts.push_back(known_facts(layers[i], session.store));
    if (facts.back()) continue;
    missing.push_back(i);
    total += layers[i].size;
  }
  if (!missing.empty()) {
    const int task = session.terminal().begin("layers", total);
    parallel_for(missing.size(), session.world.settings.jobs, [&](std::size_t i) {
      const Descriptor& layer = layers[missing[i]];
      LayerFacts read = in_context(fmt::format("layer `{}`", layer.digest.text()),
                                   [&] { return read_layer(layer, found, session, task); });
      session.store.put_fact(layer_facts_kind, layer.digest, write_layer_facts(read));
      facts[missing[i]] = std::move(read);
    });
    session.terminal().end(task, "read");
  }
  ImageFiles files;
  for (const auto& layer : facts)
    files.add(*layer);
  return files;
}

}  // namespace mlpack
