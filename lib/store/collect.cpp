#include "lib/error.h"
#include "lib/oci/referrers.h"
#include "lib/parallel.h"
#include "lib/store/layout.h"
#include "lib/store/reach.h"
#include "lib/store/state.h"
#include "lib/store/store.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>

namespace mlpack {
namespace {

std::vector<fs::path> entries_of(const fs::path& folder, fs::file_type type) {
  std::vector<fs::path> entries;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(folder, absent)) {
    if (entry.symlink_status().type() == type) entries.push_back(entry.path());
  }
  return entries;
}

std::vector<fs::path> files_of(const fs::path& folder) {
  return entries_of(folder, fs::file_type::regular);
}

std::vector<fs::path> folders_of(const fs::path& folder) {
  return entries_of(folder, fs::file_type::directory);
}

// `.NAME.PID.N.tmp` of AtomicFile, or the folder of a resolver. Whoever wrote it is dead: the
// living hold the store's lock.
bool is_temporary(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.front() == '.' && path.extension() == ".tmp";
}

class Sweep {
 public:
  explicit Sweep(StoreReport& report) : report_(report) {}

  void remove(const fs::path& path) {
    std::error_code failed;
    const std::uint64_t size = fs::file_size(path, failed);
    if (!failed) fs::remove(path, failed);
    if (failed) fail(Fault::disk, "cannot remove `{}`: {}", path.string(), failed.message());
    ++report_.removed;
    report_.removed_bytes += size;
  }

  /// Removes temporaries, and files named by a digest that is not `needed`; returns how many are
  /// kept. Other files are none of ours.
  std::size_t folder(const fs::path& folder, const std::set<Digest>& needed) {
    std::size_t kept = 0;
    for (const fs::path& path : files_of(folder)) {
      const auto digest = Digest::from_hex(path.filename().string());
      if (is_temporary(path) || (digest && needed.count(*digest) == 0)) {
        remove(path);
      } else if (digest) {
        ++kept;
      }
    }
    return kept;
  }

  void temporaries(const fs::path& folder) {
    for (const fs::path& path : files_of(folder)) {
      if (is_temporary(path)) remove(path);
    }
  }

  void temporary_folders(const fs::path& folder) {
    for (const fs::path& path : folders_of(folder)) {
      if (is_temporary(path)) remove_folder(path);
    }
  }

 private:
  void remove_folder(const fs::path& path) {
    for (const fs::path& file : files_of(path))
      remove(file);
    std::error_code failed;
    fs::remove_all(path, failed);
    if (failed) fail(Fault::disk, "cannot remove `{}`: {}", path.string(), failed.message());
  }

  StoreReport& report_;
};

std::set<Digest> needed_by_names(const Store& store) {
  Reach reach(store);
  if (!reach.problems().empty()) {
    throw Error(Fault::integrity,
                reach.problems().front() + "; nothing was removed",
                "build or pull the image again, or remove its name with `mlpack store rm`");
  }
  return reach.digests();
}

// Downloads that layers of `digests` are made from, whose bytes are nowhere else.
std::set<Digest> needed_downloads(const Store& store, const std::set<Digest>& digests) {
  std::set<Digest> downloads;
  for (const Digest& digest : digests) {
    const auto recipe = store.recipe(digest);
    if (!recipe) continue;
    for (const RecipeEntry& entry : recipe->entries) {
      const Digest* const archive = archive_of(entry.content);
      if (archive != nullptr) downloads.insert(*archive);
      // Whatever the path of the store is called meanwhile: a file of the user's harms nobody.
      for_each_range(entry.content, [&](const FileRange& range) {
        const auto named = Digest::from_hex(fs::path(range.path).filename().string());
        if (named) downloads.insert(*named);
      });
    }
  }
  return downloads;
}

// nullopt where patience is at an end, or a stop was asked for.
std::optional<FileLock> wait_to_be_alone(const fs::path& root,
                                         const fs::path& lock_path,
                                         const Patience& patience) {
  constexpr std::chrono::milliseconds pause(50);
  const auto end = std::chrono::steady_clock::now() + patience.limit;
  for (bool told = false;; told = true) {
    auto lock = FileLock::try_lock(lock_path, FileLock::Mode::exclusive);
    if (lock || std::chrono::steady_clock::now() >= end) return lock;
    if (patience.stop != nullptr && patience.stop->requested()) return std::nullopt;
    if (!told && patience.say) {
      patience.say(
          fmt::format("waiting for another mlpack to be done with the store `{}`", root.string()));
    }
    std::this_thread::sleep_for(pause);
  }
}

// Lists of what refers to manifests that no name leads to; false where there were none.
bool forget_referrers(const Store& store) {
  std::set<Digest> named;
  for (const Descriptor& entry : read_layout(store.root()).manifests) {
    named.insert(entry.digest);
    const auto index = store.has_blob(entry.digest) ? store.load_index(entry) : std::nullopt;
    if (!index) continue;
    for (const Descriptor& child : index->manifests)
      named.insert(child.digest);
  }
  bool forgotten = false;
  update_layout(store.root(), [&](Index& index) {
    forgotten = std::erase_if(index.manifests, [&](const Descriptor& entry) {
                  const auto name = entry.annotations.find(std::string(ref_name));
                  if (name == entry.annotations.end() || !is_index(entry.media_type)) return false;
                  const std::string_view text = name->second;
                  const auto subject = subject_of_tag(text.substr(text.rfind(':') + 1));
                  return subject && !named.contains(*subject);
                }) > 0;
    return forgotten;
  });
  return forgotten;
}

StoreReport collect(const Store& store, Store::Gc what) {
  needed_by_names(store);        // nothing is touched where it throws
  for (bool more = true; more;)  // what refers to what is forgotten is next
    more = forget_referrers(store);
  const std::set<Digest> needed = needed_by_names(store);
  const fs::path& root = store.root();
  StoreReport report;
  Sweep sweep(report);
  report.blobs = sweep.folder(root / "blobs" / "sha256", needed);
  report.recipes = sweep.folder(root / "recipes", needed);
  sweep.folder(root / "origins", needed);
  sweep.temporaries(root);
  sweep.temporary_folders(root);
  sweep.folder(root / "uploads", {});  // nobody goes on with them
  const fs::path cache = root / "cache";
  sweep.folder(cache / "part", {});  // downloads that nobody goes on with: we are alone
  for (const char* name : {"sha256", "known", "listing"}) {
    sweep.temporaries(cache / name);
  }
  if (what != Store::Gc::with_cache) return report;
  sweep.folder(cache / "sha256", needed_downloads(store, needed));
  sweep.folder(cache / "known", {});
  sweep.folder(cache / "listing", {});
  return report;
}

}  // namespace

StoreReport Store::gc(Gc what, const Patience& patience) {
  const fs::path lock_path = root() / "lock";
  state_->lock.reset();
  auto alone = wait_to_be_alone(root(), lock_path, patience);
  if (!alone) {
    state_->lock.emplace(lock_path, FileLock::Mode::shared);
    if (patience.stop != nullptr) patience.stop->check();
    throw Error(Fault::input,
                fmt::format("another mlpack works with the store `{}`", root().string()),
                "run `mlpack store gc` again when it has ended");
  }
  // Held by the store, so that it is never without a lock, whatever is thrown.
  state_->lock = std::move(alone);
  StoreReport report = collect(*this, what);
  state_->lock.reset();
  state_->lock.emplace(lock_path, FileLock::Mode::shared);
  return report;
}

}  // namespace mlpack
