#include "cli/layer_files.h"

#include "layers/compress.h"
#include "lib/oci/read_blob.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>
#include <variant>

namespace mlpack {
namespace {

TarEntry::Kind kind_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::file:
      return TarEntry::Kind::file;
    case EntryKind::directory:
      return TarEntry::Kind::directory;
    case EntryKind::symlink:
      return TarEntry::Kind::symlink;
    case EntryKind::hardlink:
      return TarEntry::Kind::hardlink;
  }
  return TarEntry::Kind::file;
}

// More than that of one layer is not kept: torch's has 1 MiB.
constexpr std::uint64_t most_record_bytes = std::uint64_t{64} << 20;

bool is_record(const TarEntry& entry) {
  return entry.kind == TarEntry::Kind::file && entry.path.ends_with(".dist-info/RECORD");
}

std::vector<LayerFile> files_of_recipe(const LayerRecipe& recipe) {
  std::vector<LayerFile> files;
  for (const RecipeEntry& entry : recipe.entries) {
    TarEntry shown;
    shown.path = entry.path;
    shown.kind = kind_of(entry.kind);
    shown.mode = entry.mode;
    shown.uid = entry.uid;
    shown.gid = entry.gid;
    shown.size = entry.size;
    shown.link = entry.link;
    files.push_back({std::move(shown), {}});
    const auto* const text = std::get_if<std::string>(&entry.content);
    if (text != nullptr && is_record(files.back().entry)) files.back().text = *text;
  }
  return files;
}

void copy_data(TarReader& reader, Sink& sink) {
  std::array<std::byte, 64 << 10> buffer{};
  while (const std::size_t got = reader.read(buffer))
    sink.write({buffer.data(), got});
}

// Reads the data of the entries of one layer, as far as they are wanted.
class DataReader {
 public:
  DataReader(TarReader& reader, Contents contents) : reader_(reader), contents_(contents) {}

  LayerFile read(TarEntry entry) {
    LayerFile file{std::move(entry), {}};
    const bool is_kept = contents_ != Contents::skip && is_record(file.entry) &&
                         file.entry.size <= most_record_bytes - kept_;
    const bool is_hashed = contents_ == Contents::hash && file.entry.kind == TarEntry::Kind::file;
    if (!is_kept && !is_hashed) return file;
    StringSink text(most_record_bytes);
    Hasher hasher;
    FunctionSink sink([&](Bytes bytes) {
      if (is_kept) text.write(bytes);
      if (is_hashed) hasher.write(bytes);
    });
    copy_data(reader_, sink);
    if (is_hashed) file.content = hasher.finish();
    if (!is_kept) return file;
    kept_ += text.text.size();
    file.text = std::move(text.text);
    return file;
  }

 private:
  TarReader& reader_;
  const Contents contents_;
  std::uint64_t kept_ = 0;
};

std::vector<LayerFile> read_files(const Descriptor& layer,
                                  const OpenBlob& open,
                                  const Stop& stop,
                                  Contents contents) {
  const auto compression = layer_compression(layer.media_type);
  if (!compression) {
    fail(Fault::input, "`{}` is no layer: {}", layer.digest.text(), printable(layer.media_type));
  }
  std::vector<LayerFile> files;
  read_blob(open, layer, [&](std::unique_ptr<Source> bytes) {
    const auto tar = decompress(std::move(bytes), *compression);
    TarReader reader(with_whole_blocks(std::make_unique<BorrowedSource>(*tar)));
    DataReader data(reader, contents);
    files.clear();
    while (auto entry = reader.next()) {
      stop.check();
      files.push_back(data.read(std::move(*entry)));
    }
    // What lies behind the tar may be damaged, too.
    FunctionSink nowhere([](Bytes) {});
    copy(*tar, nowhere, [&](std::size_t) { stop.check(); });
  });
  return files;
}

}  // namespace

std::optional<LayerRecipe> usable_recipe(const Digest& layer, const Store& store, RemoteLook look) {
  auto recipe = store.recipe(layer);
  const bool is_usable =
      recipe && (look == RemoteLook::at_source || !is_remote(*recipe)) && is_as_it_was(*recipe);
  return is_usable ? std::move(recipe) : std::nullopt;
}

std::optional<fs::path> file_of_layer(const Descriptor& layer,
                                      const NamedImage& found,
                                      const Session& session) {
  const fs::path in_layout =
      found.layout ? *found.layout / "blobs" / "sha256" / layer.digest.hex() : fs::path();
  const fs::path path = found.layout ? in_layout : session.store.blob_path(layer.digest);
  std::error_code failed;
  const bool is_there = fs::is_regular_file(path, failed) && fs::file_size(path) == layer.size;
  return is_there ? std::optional(path) : std::nullopt;
}

std::vector<LayerFile> files_of_layer(const Descriptor& layer,
                                      const NamedImage& image,
                                      const Session& session,
                                      Contents contents) {
  const auto recipe =
      contents == Contents::hash ? std::nullopt : session.store.recipe(layer.digest);
  if (recipe) return files_of_recipe(*recipe);
  return in_context("layer `" + layer.digest.text() + "`",
                    [&] { return read_files(layer, image.open, session.world.stop, contents); });
}

std::string mode_text(const TarEntry& entry) {
  constexpr std::string_view kinds = "-dlhbcp";
  std::string text(1, kinds[static_cast<std::size_t>(entry.kind)]);
  constexpr std::string_view letters = "rwxrwxrwx";
  for (std::size_t bit = 0; bit < letters.size(); ++bit) {
    text += (entry.mode >> (8 - bit) & 1U) != 0 ? letters[bit] : '-';
  }
  const auto special = [&](unsigned flag, std::size_t at, char with_x, char without) {
    if ((entry.mode & flag) != 0) text[at] = text[at] == 'x' ? with_x : without;
  };
  special(04000, 3, 's', 'S');
  special(02000, 6, 's', 'S');
  special(01000, 9, 't', 'T');
  return text;
}

}  // namespace mlpack
