#include "layers/layer_listing.h"

#include "layers/compress.h"
#include "layers/field_text.h"
#include "layers/tar_reader.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <span>

namespace mlpack {
namespace {

constexpr std::size_t largest_texts = std::size_t{128} << 20;  // of one layer
constexpr std::string_view listing_version = "layer listing 1";
constexpr std::string_view whiteout = ".wh.";
constexpr std::string_view opaque = ".wh..wh..opq";
constexpr std::string_view aufs = ".wh..wh.";  // what aufs left behind: of no meaning

constexpr std::array<std::string_view, 6> kept_files{"etc/group",
                                                     "etc/os-release",
                                                     "etc/passwd",
                                                     "etc/ssl/certs/ca-certificates.crt",
                                                     "usr/lib/os-release",
                                                     "var/lib/dpkg/status"};
constexpr std::array<std::string_view, 2> kept_folders{"var/lib/dpkg/alternatives/",
                                                       "var/lib/dpkg/status.d/"};

bool is_of_interest(std::string_view path) {
  if (std::find(kept_files.begin(), kept_files.end(), path) != kept_files.end()) return true;
  return !path.ends_with(".md5sums") &&
         std::any_of(kept_folders.begin(), kept_folders.end(), [&](std::string_view folder) {
           return path.starts_with(folder);
         });
}

EntryKind kind_of(TarEntry::Kind kind) {
  switch (kind) {
    case TarEntry::Kind::directory:
      return EntryKind::directory;
    case TarEntry::Kind::symlink:
      return EntryKind::symlink;
    case TarEntry::Kind::hardlink:
      return EntryKind::hardlink;
    default:
      return EntryKind::file;
  }
}

// As recipes have paths; empty where it is the root, or leaves it.
std::string clean(std::string_view path) {
  std::string cleaned;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return {};
    if (!cleaned.empty()) cleaned += '/';
    cleaned += part;
  }
  return cleaned;
}

// Passes on what it is given from a source that outlives it.
class Passage : public Source {
 public:
  Passage(Source& from, const Stop& stop) : from_(from), stop_(stop) {}
  std::size_t read(std::span<std::byte> buffer) override {
    stop_.check();
    return from_.read(buffer);
  }

 private:
  Source& from_;
  const Stop& stop_;
};

class Lister {
 public:
  explicit Lister(std::unique_ptr<Source> tar) : reader_(std::move(tar)) {}

  LayerListing run() {
    for (auto entry = reader_.next(); entry; entry = reader_.next())
      add(*entry);
    return std::move(listing_);
  }

 private:
  void add(const TarEntry& entry) {
    const std::string path = clean(entry.path);
    if (path.empty()) return;
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    if (name == opaque) {
      listing_.emptied.push_back(folder);
    } else if (name.starts_with(whiteout)) {
      if (name.starts_with(aufs)) return;
      const std::string gone = name.substr(whiteout.size());
      listing_.removed.push_back(folder.empty() ? gone : folder + '/' + gone);
    } else {
      add_entry(entry, path);
    }
  }

  void add_entry(const TarEntry& entry, const std::string& path) {
    RecipeEntry& added = listing_.entries.emplace_back();
    added.path = path;
    added.kind = kind_of(entry.kind);
    if (added.kind == EntryKind::directory) {
      added.mode = entry.mode & 07777;
      added.uid = entry.uid;
      added.gid = entry.gid;
    }
    if (added.kind == EntryKind::symlink) added.link = entry.link;
    if (added.kind == EntryKind::hardlink) added.link = clean(entry.link);
    if (added.kind == EntryKind::file && is_of_interest(path)) {
      added.content = content(path);
      added.size = std::get<std::string>(added.content).size();
    }
  }

  std::string content(const std::string& path) {
    std::string text;
    std::array<std::byte, 64 << 10> buffer{};
    while (const std::size_t count = reader_.read(buffer)) {
      if (left_ < count) {
        fail(Fault::integrity, "`/{}` is larger than any list of packages", printable(path));
      }
      left_ -= count;
      text.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
    return text;
  }

  TarReader reader_;
  LayerListing listing_;
  std::size_t left_ = largest_texts;
};

// Paths in a row begin alike: how much of the one before is not written again.
std::size_t shared_start(std::string_view one, std::string_view other) {
  const auto end = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return static_cast<std::size_t>(end.first - one.begin());
}

void write_entry(FieldWriter& out, const RecipeEntry& entry, std::string_view before) {
  const std::size_t shared = shared_start(before, entry.path);
  out.add(static_cast<std::uint64_t>(entry.kind));
  out.add(shared);
  out.add(std::string_view(entry.path).substr(shared));
  switch (entry.kind) {
    case EntryKind::file:
      out.add(std::get<std::string>(entry.content));
      break;
    case EntryKind::directory:
      out.add(entry.mode);
      out.add(entry.uid);
      out.add(entry.gid);
      break;
    case EntryKind::symlink:
    case EntryKind::hardlink:
      out.add(entry.link);
      break;
  }
}

RecipeEntry read_entry(FieldReader& in, std::string_view before) {
  RecipeEntry entry;
  entry.kind = static_cast<EntryKind>(in.number(3));
  entry.path = before.substr(0, in.number(before.size()));
  entry.path += in.text();
  switch (entry.kind) {
    case EntryKind::file: {
      std::string text = in.text();
      entry.size = text.size();
      entry.content = std::move(text);
      break;
    }
    case EntryKind::directory:
      entry.mode = static_cast<unsigned>(in.number(07777));
      entry.uid = in.number();
      entry.gid = in.number();
      break;
    case EntryKind::symlink:
    case EntryKind::hardlink:
      entry.link = in.text();
      break;
  }
  return entry;
}

void write_texts(FieldWriter& out, const std::vector<std::string>& texts) {
  out.add(texts.size());
  for (const std::string& text : texts)
    out.add(text);
}

std::vector<std::string> read_texts(FieldReader& in) {
  std::vector<std::string> texts;
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left)
    texts.push_back(in.text());
  return texts;
}

}  // namespace

LayerListing list_layer(std::unique_ptr<Source> blob, Compression compression, const Stop& stop) {
  const std::unique_ptr<Source> tar = decompress(std::move(blob), compression);
  LayerListing listing = Lister(with_whole_blocks(std::make_unique<Passage>(*tar, stop))).run();
  // To the end of the blob: only there is it compared with its digest.
  FunctionSink nowhere([](Bytes) {});
  copy(*tar, nowhere, [&](std::size_t) { stop.check(); });
  return listing;
}

std::optional<LayerListing> list_recipe(const LayerRecipe& recipe) {
  LayerListing listing;
  for (const RecipeEntry& entry : recipe.entries) {
    RecipeEntry& added = listing.entries.emplace_back();
    added.path = entry.path;
    added.kind = entry.kind;
    added.link = entry.link;
    if (entry.kind == EntryKind::directory) {
      added.mode = entry.mode;
      added.uid = entry.uid;
      added.gid = entry.gid;
    }
    if (entry.kind != EntryKind::file || !is_of_interest(entry.path)) continue;
    const auto* text = std::get_if<std::string>(&entry.content);
    if (text == nullptr) return std::nullopt;
    added.content = *text;
    added.size = text->size();
  }
  return listing;
}

std::string write_layer_listing(const LayerListing& listing) {
  FieldWriter out;
  out.add(listing_version);
  out.add(listing.entries.size());
  std::string_view before;
  for (const RecipeEntry& entry : listing.entries) {
    write_entry(out, entry, before);
    before = entry.path;
  }
  write_texts(out, listing.removed);
  write_texts(out, listing.emptied);
  return out.take();
}

std::optional<LayerListing> parse_layer_listing(std::string_view text) {
  FieldReader in(text);
  if (in.text() != listing_version) return std::nullopt;
  LayerListing listing;
  std::string before;
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left) {
    listing.entries.push_back(read_entry(in, before));
    before = listing.entries.back().path;
  }
  listing.removed = read_texts(in);
  listing.emptied = read_texts(in);
  if (!in.done()) return std::nullopt;
  return listing;
}

}  // namespace mlpack
