#include "lib/error.h"
#include "lib/parallel.h"
#include "lib/store/reach.h"
#include "lib/store/store.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace mlpack {
namespace {

/// A file of the store and the digest that its name promises.
struct Named {
  fs::path path;
  Digest digest;
};

std::vector<Named> named_files(const fs::path& folder) {
  std::vector<Named> files;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(folder, absent)) {
    const auto digest = Digest::from_hex(entry.path().filename().string());
    if (digest) files.push_back({entry.path(), *digest});
  }
  std::sort(files.begin(), files.end(), [](const Named& a, const Named& b) {
    return a.digest < b.digest;
  });
  return files;
}

// Those of `files` whose bytes are not what their names promise; a line for each in `problems`.
std::set<Digest> find_damaged(const std::vector<Named>& files,
                              std::size_t jobs,
                              std::vector<std::string>& problems) {
  std::vector<Digest> held(files.size(), Digest::of(""));
  parallel_for(
      files.size(), jobs, [&](std::size_t i) { held[i] = digest_of(*open_file(files[i].path)); });
  std::set<Digest> damaged;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (held[i] == files[i].digest) continue;
    damaged.insert(files[i].digest);
    problems.push_back(
        fmt::format("`{}` is damaged: it holds `{}`; delete it, then build or pull again",
                    files[i].path.string(),
                    held[i].text()));
  }
  return damaged;
}

bool is_unchanged(const FileRange& range) {
  const Fd fd(::open(range.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  return fd && identity_of(fd) == range.identity;
}

// What keeps the layer of `recipe` from being made again; nullopt where nothing does.
std::optional<std::string> missing_input(const Store& store, const LayerRecipe& recipe) {
  for (const RecipeEntry& entry : recipe.entries) {
    std::optional<std::string> changed;
    for_each_range(entry.content, [&](const FileRange& range) {
      if (!changed && !is_unchanged(range)) changed = range.path;
    });
    if (changed) return fmt::format("`{}`, which changed or is gone; build it again", *changed);
    const Digest* const archive = archive_of(entry.content);
    if (archive != nullptr && !store.has_cached(*archive)) {
      return fmt::format("the package `{}`, which is not in the cache; build it again",
                         archive->text());
    }
  }
  return std::nullopt;
}

std::optional<std::string> layer_problem(const Store& store, const Descriptor& layer) {
  const std::string digest = layer.digest.text();
  switch (store.locate(layer.digest).kind) {
    case BlobLocation::Kind::stored: {
      const std::uint64_t size = store.blob_size(layer.digest).value_or(0);
      if (size == layer.size) return std::nullopt;
      return fmt::format("`{}` with {} bytes, but it has {}", digest, layer.size, size);
    }
    case BlobLocation::Kind::recipe: {
      const auto recipe = store.recipe(layer.digest);
      if (recipe) return missing_input(store, *recipe);
      return fmt::format("the recipe of `{}`, which cannot be read; build it again", digest);
    }
    case BlobLocation::Kind::remote:
      return std::nullopt;
    case BlobLocation::Kind::unknown:
      break;
  }
  return fmt::format("`{}`, which is nowhere; build or pull it again", digest);
}

// Layers may lack the same thing: one line says so.
void drop_repeated(std::vector<std::string>& lines) {
  std::set<std::string> seen;
  std::erase_if(lines, [&](const std::string& line) { return !seen.insert(line).second; });
}

}  // namespace

StoreReport Store::verify(std::size_t jobs) const {
  StoreReport report;
  const auto blobs = named_files(root() / "blobs" / "sha256");
  const auto cached = named_files(root() / "cache" / "sha256");
  report.blobs = blobs.size();
  report.recipes = named_files(root() / "recipes").size();
  const std::set<Digest> damaged = find_damaged(blobs, jobs, report.problems);
  find_damaged(cached, jobs, report.problems);
  const Reach reach(*this, damaged);
  report.problems.insert(report.problems.end(), reach.problems().begin(), reach.problems().end());
  for (const auto& [layer, name] : reach.layers()) {
    if (const auto problem = layer_problem(*this, layer)) {
      report.problems.push_back(fmt::format("`{}` needs {}", name, *problem));
    }
  }
  drop_repeated(report.problems);
  return report;
}

}  // namespace mlpack
