#include "lib/store/store.h"

#include "lib/error.h"
#include "lib/oci/descriptor_json.h"
#include "lib/oci/json_node.h"
#include "lib/store/layout.h"
#include "lib/store/state.h"
#include "lib/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mlpack {
namespace {

constexpr std::uint64_t max_recipe_bytes = std::uint64_t{1} << 30;
constexpr std::uint64_t max_origins_bytes = std::uint64_t{1} << 20;
constexpr std::string_view layer_kind = "layer";

// Waits while another process collects garbage.
FileLock lock_shared(const fs::path& root, const std::function<void(const std::string&)>& warn) {
  const fs::path path = root / "lock";
  if (auto lock = FileLock::try_lock(path, FileLock::Mode::shared)) return std::move(*lock);
  if (warn) warn(fmt::format("waiting for `mlpack store gc` of `{}` to end", root.string()));
  return FileLock(path, FileLock::Mode::shared);
}

// Who may only read takes the lock where that is allowed, and reads without it where it is not.
std::optional<FileLock> lock_for(const fs::path& root,
                                 Store::Access access,
                                 const std::function<void(const std::string&)>& warn) {
  if (access == Store::Access::read && ::access((root / "lock").c_str(), R_OK) != 0) {
    return std::nullopt;
  }
  return lock_shared(root, warn);
}

void require_writable(const fs::path& root) {
  std::error_code failed;
  fs::create_directories(root, failed);
  if (!failed && ::access(root.c_str(), W_OK) == 0) return;
  const int reason = failed ? failed.value() : errno;
  throw Error(Fault::disk,
              fmt::format("cannot write to the store `{}`: {}", root.string(), errno_text(reason)),
              "name a folder that can be written to with `--store DIR`");
}

fs::path recipe_path(const fs::path& root, const Digest& layer) {
  return root / "recipes" / layer.hex();
}

fs::path origins_path(const fs::path& root, const Digest& digest) {
  return root / "origins" / digest.hex();
}

bool is_file(const fs::path& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed);
}

// One write of one line: lines of several processes do not mix. It begins with an end of line in
// case the last one was cut.
void append_line(const fs::path& path, const std::string& line) {
  make_folders(path.parent_path());
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const std::string text = "\n" + line + "\n";
  if (!fd || ::write(fd.get(), text.data(), text.size()) < 0) {
    fail(Fault::disk, "cannot write `{}`: {}", path.string(), errno_text(errno));
  }
}

// Clocks of file systems tick every few milliseconds, or every two seconds where they count whole
// seconds. A time of change in the future was set by hand: any change would move it.
bool is_settled(const FileIdentity& identity, std::int64_t now_ns) {
  constexpr std::int64_t second = 1'000'000'000;
  const bool whole_seconds = identity.mtime_ns % second == 0 && identity.ctime_ns % second == 0;
  const std::int64_t grain = whole_seconds ? 2 * second : second / 50;
  const auto is_past = [&](std::int64_t time_ns) { return time_ns < now_ns - grain; };
  return is_past(identity.ctime_ns) && (is_past(identity.mtime_ns) || identity.mtime_ns > now_ns);
}

}  // namespace

bool is_settled(const LayerRecipe& recipe, std::int64_t now_ns) {
  return std::all_of(recipe.entries.begin(), recipe.entries.end(), [&](const RecipeEntry& entry) {
    bool settled = true;
    for_each_range(entry.content, [&](const FileRange& range) {
      settled = settled && is_settled(range.identity, now_ns);
    });
    return settled;
  });
}

Store::State::State(fs::path folder,
                    Access the_access,
                    const std::function<void(const std::string&)>& warn)
    : root(std::move(folder)), access(the_access) {
  if (access == Access::write) require_writable(root);
  lock = lock_for(root, access, warn);
  if (access == Access::write) {
    memo = std::make_unique<Memo>(root / "memo.sqlite", warn);
    create_layout(root);
    return;
  }
  memo = std::make_unique<Memo>(root / "memo.sqlite", warn, Memo::Use::read);
  if (::access((root / "oci-layout").c_str(), R_OK) == 0) is_layout(root);
}

Store::Store(fs::path root, const std::function<void(const std::string&)>& warn, Access access)
    : state_(std::make_unique<State>(std::move(root), access, warn)) {}

Store::~Store() = default;

const fs::path& Store::root() const {
  return state_->root;
}

Store::Access Store::access() const {
  return state_->access;
}

bool Store::is_there() const {
  return ::access((root() / "index.json").c_str(), R_OK) == 0;
}

bool Store::has_blob(const Digest& digest) const {
  return is_file(blob_path(digest));
}

std::optional<std::uint64_t> Store::blob_size(const Digest& digest) const {
  std::error_code failed;
  const std::uint64_t size = fs::file_size(blob_path(digest), failed);
  if (failed) return std::nullopt;
  return size;
}

fs::path Store::blob_path(const Digest& digest) const {
  return state_->root / "blobs" / "sha256" / digest.hex();
}

Digest Store::put_blob(std::string_view bytes) {
  const Digest digest = Digest::of(bytes);
  // Compared, not only looked for: putting a blob again repairs a damaged one.
  if (blob_size(digest) != bytes.size() ||
      read_file_if_exists(blob_path(digest), bytes.size()) != bytes) {
    write_file(blob_path(digest), bytes);
  }
  return digest;
}

std::optional<std::string> Store::read_blob(const Digest& digest, std::uint64_t limit) const {
  const fs::path path = blob_path(digest);
  auto bytes = read_file_if_exists(path, limit);
  if (bytes && Digest::of(*bytes) != digest) {
    throw Error(
        Fault::integrity,
        fmt::format(
            "the blob `{}` is damaged: it holds `{}`", path.string(), Digest::of(*bytes).text()),
        "delete it, then build or pull the image again");
  }
  return bytes;
}

std::unique_ptr<AtomicFile> Store::new_blob() const {
  return std::make_unique<AtomicFile>(state_->root / "blobs" / "sha256" / "new");
}

fs::path Store::cache_path(const Digest& digest) const {
  return state_->root / "cache" / "sha256" / digest.hex();
}

bool Store::has_cached(const Digest& digest) const {
  return is_file(cache_path(digest));
}

std::unique_ptr<AtomicFile> Store::new_cached() const {
  return std::make_unique<AtomicFile>(state_->root / "cache" / "sha256" / "new");
}

void Store::put_recipe(const Digest& layer, const LayerRecipe& recipe) {
  const fs::path path = recipe_path(state_->root, layer);
  const std::string text = write_recipe(recipe);
  if (read_file_if_exists(path, max_recipe_bytes) != text) write_file(path, text);
}

std::optional<LayerRecipe> Store::recipe(const Digest& layer) const {
  const fs::path path = recipe_path(state_->root, layer);
  if (!is_file(path)) return std::nullopt;  // nor where it may not even be looked for
  const auto text = read_file_if_exists(path, max_recipe_bytes);
  if (!text) return std::nullopt;
  return parse_recipe(*text);
}

void Store::put_origin(const Digest& digest, const Reference& repository) {
  if (state_->access == Access::read && ::access(root().c_str(), W_OK) != 0) return;
  const auto known = origins(digest);
  const bool is_known = std::any_of(known.begin(), known.end(), [&](const Reference& reference) {
    return reference.name() == repository.name();
  });
  if (!is_known) append_line(origins_path(state_->root, digest), repository.name());
}

std::vector<Reference> Store::origins(const Digest& digest) const {
  const fs::path path = origins_path(state_->root, digest);
  const std::string text = read_file_if_exists(path, max_origins_bytes).value_or("");
  std::vector<Reference> origins;
  for (const std::string_view line : split(text, '\n')) {
    const auto reference = Reference::parse(line);
    if (!reference) continue;
    if (std::find(origins.begin(), origins.end(), *reference) == origins.end()) {
      origins.push_back(*reference);
    }
  }
  return origins;
}

BlobLocation Store::locate(const Digest& digest) const {
  using Kind = BlobLocation::Kind;
  if (has_blob(digest)) return {Kind::stored, blob_path(digest), {}};
  if (is_file(recipe_path(state_->root, digest))) return {Kind::recipe, {}, {}};
  auto known = origins(digest);
  if (!known.empty()) return {Kind::remote, {}, std::move(known)};
  return {};
}

std::optional<KnownLayer> Store::known_layer(const Digest& key) const {
  const auto text = state_->memo->get(layer_kind, key);
  if (!text) return std::nullopt;
  const Document document{"an entry of the store's memo", Fault::internal, {}};
  const nlohmann::ordered_json json = parse_document(*text, document);
  const JsonNode node(json, document);
  KnownLayer layer{read_descriptor(node), node.at("diffId").digest()};
  const Digest& digest = layer.descriptor.digest;
  const BlobLocation::Kind kind = locate(digest).kind;
  const bool is_whole =
      kind == BlobLocation::Kind::stored && blob_size(digest) == layer.descriptor.size;
  if (!is_whole && kind != BlobLocation::Kind::recipe) return std::nullopt;
  return layer;
}

void Store::remember_layer(const Digest& key,
                           const LayerRecipe& recipe,
                           std::int64_t snapshot_ns,
                           const KnownLayer& layer) {
  if (!is_settled(recipe, snapshot_ns)) return;
  nlohmann::ordered_json json = descriptor_json(layer.descriptor);
  json["diffId"] = layer.diff_id.text();
  state_->memo->put(layer_kind, key, dump_json(json, "an entry of the store's memo"));
}

// Few files for any number of layers: two that share one wait for each other in vain.
std::optional<FileLock> Store::try_lock_layer(const Digest& key) const {
  const fs::path folder = state_->root / "locks";
  make_folders(folder);
  return FileLock::try_lock(folder / key.hex().substr(0, 2), FileLock::Mode::exclusive);
}

std::unique_ptr<UploadNote> Store::take_upload_note(const std::string& name) const {
  std::error_code failed;
  if (!fs::is_directory(state_->root, failed)) return nullptr;
  return UploadNote::take(state_->root / "uploads" / Digest::of(name).hex());
}

std::optional<std::string> Store::fact(std::string_view kind, const Digest& of) const {
  return state_->memo->get(fmt::format("fact {}", kind), of);
}

void Store::put_fact(std::string_view kind, const Digest& of, std::string_view text) {
  state_->memo->put(fmt::format("fact {}", kind), of, text);
}

}  // namespace mlpack
