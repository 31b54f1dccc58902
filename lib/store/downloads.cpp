#include "lib/store/downloads.h"

#include "lib/error.h"
#include "lib/oci/verify.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view intact_fact = "download intact";

struct Download {
  fs::path path;
  FileIdentity identity;
};

std::optional<Download> find_download(const Store& store, const Digest& digest) {
  const fs::path path = fs::absolute(store.cache_path(digest));
  if (!store.has_cached(digest)) return std::nullopt;
  return Download{path, identity_of(open_regular(path))};
}

Digest state_of(const Download& download) {
  RecipeEntry entry;
  entry.path = "download";
  entry.size = download.identity.size;
  entry.content = FileRange{download.path, download.identity, 0};
  return layer_key({Role::files, "", 0, {std::move(entry)}}, intact_fact);
}

std::unique_ptr<Source> open_compared(const Download& download,
                                      const Digest& digest,
                                      const std::string& file) {
  const std::uint64_t size = download.identity.size;
  return std::make_unique<VerifyingSource>(
      std::make_unique<FileSource>(download.path, download.identity, 0, size),
      Descriptor{"", digest, size, {}, std::nullopt},
      fmt::format(
          "the bytes of `{}` in the store's cache, `{}`,", printable(file), download.path.string()),
      "build again with `--verify-cache`: what is damaged is fetched again then");
}

Digest read_digest(const Download& download, const Digest& expected, const DownloadLook& look) {
  constexpr std::uint64_t worth_a_line = std::uint64_t{64} << 20;
  const std::uint64_t size = download.identity.size;
  Progress silent;
  Progress& progress = look.progress == nullptr || size < worth_a_line ? silent : *look.progress;
  const int task = progress.begin("cached download " + expected.short_hex(), size);
  Hasher hasher;
  FileSource source(download.path, download.identity, 0, size);
  copy(source, hasher, [&](std::size_t bytes) {
    look.stop.check();
    progress.advance(task, bytes);
  });
  const Digest digest = hasher.finish();
  progress.end(task, digest == expected ? "checked" : "damaged");
  return digest;
}

// Of a file that lies in the cache: what its name says.
std::optional<Digest> named_digest(const Store& store, const fs::path& path) {
  const auto digest = Digest::from_hex(path.filename().string());
  if (!digest || fs::absolute(store.cache_path(*digest)) != path) return std::nullopt;
  return digest;
}

}  // namespace

bool is_intact(Store& store, const Digest& download, const DownloadLook& look) {
  const auto found = find_download(store, download);
  if (!found) return false;
  const Digest state = state_of(*found);
  if (look.trust == Trust::state && store.fact(intact_fact, state)) return true;
  if (read_digest(*found, download, look) != download) return false;
  store.put_fact(intact_fact, state, "");
  return true;
}

void note_intact(Store& store, const Digest& download) {
  const auto found = find_download(store, download);
  if (found) store.put_fact(intact_fact, state_of(*found), "");
}

std::unique_ptr<Source> open_download(const Store& store,
                                      const Digest& download,
                                      const std::string& file) {
  const auto found = find_download(store, download);
  if (!found) fail(Fault::input, "`{}` left the store's cache", printable(file));
  return open_compared(*found, download, file);
}

std::unique_ptr<Source> open_range(const Store& store,
                                   const RecipeEntry& entry,
                                   const FileRange& range) {
  const bool is_whole = range.offset == 0 && entry.size == range.identity.size;
  const auto digest = is_whole ? named_digest(store, range.path) : std::nullopt;
  if (digest) return open_compared({range.path, range.identity}, *digest, entry.path);
  return std::make_unique<FileSource>(range.path, range.identity, range.offset, entry.size);
}

}  // namespace mlpack
