#include "cli/python_wheels.h"

#include "cli/python_versions.h"
#include "lib/error.h"
#include "lib/text.h"
#include "registry/python_index.h"
#include "registry/remote_cache.h"
#include "registry/remote_web.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

// Name, index and URL of a wheel that was found by its hash, for the next time; a line each.
constexpr std::string_view wheel_place_fact = "wheel place 1";
constexpr std::size_t most_looked_up = 200;

bool has_hash(const PythonPackage& package, const Digest& sha256) {
  return std::find(package.sha256.begin(), package.sha256.end(), sha256) != package.sha256.end();
}

bool is_url(const std::string& place) {
  return place.find("://") != std::string::npos;
}

std::string shown_url(const std::string& url) {
  const auto split = url.empty() ? std::nullopt : split_credentials(url);
  return split ? split->url.shown() : std::string();
}

class WheelFetcher {
 public:
  WheelFetcher(const IndexSettings& settings,
               const PythonFacts& facts,
               Session& session,
               WheelUse use)
      : tags_(facts.target),
        session_(session),
        context_(session.remote_context()),
        offline_(use.offline),
        bytes_(use.bytes),
        cache_(session.store.root() / "cache", session.world.stop) {
    for (const std::string& place : settings.find_links) {
      if (!is_url(place)) {
        folders_.emplace_back(place);
      } else if (offline_ == Offline::no) {
        indexes_.push_back(
            std::make_unique<PythonIndex>(context_, place, PythonIndex::Kind::links));
      }
    }
    if (settings.index == IndexSettings::Index::none || offline_ == Offline::yes) return;
    add_index(settings.index_url);
    for (const std::string& url : settings.extra_index_urls)
      add_index(url);
  }

  // nullopt where nobody has it.
  std::optional<FoundWheel> fetch(const PythonPackage& package) {
    session_.world.stop.check();
    if (auto here = find_cached(package)) return here;
    if (!package.path.empty()) {
      return FoundWheel{take(package, package.path, direct_url(package)), {}, {}, package.path};
    }
    for (const fs::path& folder : folders_) {
      if (auto found = find_in_folder(package, folder)) return FoundWheel{std::move(*found)};
    }
    if (offline_ == Offline::yes) {
      fail_offline(package.file.empty() ? package.name + " " + package.version : package.file);
    }
    if (package.url.empty() || !may_ask(package)) return find_in_indexes(package);
    try {
      return FoundWheel{download(package, package.url, package.file),
                        shown_url(package.index),
                        shown_url(package.url),
                        {}};
    } catch (const Error& error) {
      // A lock has no signatures of URLs, and files move: the index says where they are.
      const bool is_refused = error.fault() == Fault::auth || error.fault() == Fault::refused;
      if (!is_refused || package.origin == PythonPackage::Origin::direct) throw;
      if (auto found = find_in_indexes(package)) return found;
      throw;
    }
  }

 private:
  std::optional<FoundWheel> find_in_indexes(const PythonPackage& package) {
    for (const auto& index : indexes_) {
      if (auto found = find_in_index(package, *index)) return found;
    }
    return std::nullopt;
  }

  [[noreturn]] static void fail_offline(const std::string& name) {
    throw Error(Fault::input,
                fmt::format("`{}` is not in the store, and `--offline` forbids to fetch it", name),
                "run `mlpack fetch` while there is a network");
  }

  void add_index(const std::string& url) {
    auto index = std::make_unique<PythonIndex>(context_, url, PythonIndex::Kind::index);
    const bool is_known = std::any_of(indexes_.begin(), indexes_.end(), [&](const auto& known) {
      return known->name() == index->name();
    });
    if (!is_known) indexes_.push_back(std::move(index));
  }

  // Somebody else's lock may name a mirror that is not reached from here.
  bool may_ask(const PythonPackage& package) const {
    if (package.index.empty() || package.origin == PythonPackage::Origin::direct) return true;
    const std::string wanted = shown_url(package.index);
    return indexes_.empty() ||
           std::any_of(indexes_.begin(), indexes_.end(), [&](const auto& index) {
             return index->name() == wanted;
           });
  }

  // Of a direct reference, for PEP 610; nothing of this machine.
  static std::string direct_url(const PythonPackage& package) {
    if (!package.path.empty()) return "file:///" + package.path.filename().string();
    const bool is_direct = package.origin == PythonPackage::Origin::direct;
    const auto split = is_direct ? split_credentials(package.url) : std::nullopt;
    return split ? split->url.shown() : std::string();
  }

  std::optional<FoundWheel> find_cached(const PythonPackage& package) {
    for (const Digest& sha256 : package.sha256) {
      if (!session_.store.has_cached(sha256)) continue;
      FoundWheel found{{package.file, sha256, 0, direct_url(package)},
                       shown_url(package.index),
                       shown_url(package.url),
                       package.path};
      if (package.file.empty() && !recall_place(found)) continue;
      if (!fits(package, found.wheel.file)) continue;
      std::error_code failed;
      found.wheel.size = fs::file_size(session_.store.cache_path(sha256), failed);
      if (!failed) return found;
    }
    return std::nullopt;
  }

  bool recall_place(FoundWheel& found) const {
    const auto text = session_.store.fact(wheel_place_fact, found.wheel.sha256);
    const auto lines = text ? split(*text, '\n') : std::vector<std::string_view>{};
    if (lines.size() != 3) return false;
    found.wheel.file = lines[0];
    found.index = lines[1];
    found.url = lines[2];
    return true;
  }

  // Whether a file of that name is one of the package's, and good for the image.
  bool fits(const PythonPackage& package, const std::string& file) const {
    const auto name = parse_wheel_name(file);
    if (!name || name->name != package.name || !tags_.rank(name->tags)) return false;
    return package.version.empty() || name->parsed == *PythonVersion::parse(package.version);
  }

  void remember_place(const PythonPackage& package, const FoundWheel& found) {
    if (!package.file.empty()) return;
    session_.store.put_fact(wheel_place_fact,
                            found.wheel.sha256,
                            fmt::format("{}\n{}\n{}", found.wheel.file, found.index, found.url));
  }

  // A wheel on disk goes into the cache, so that the layers can be made again.
  CachedWheel take(const PythonPackage& package, const fs::path& path, std::string url) {
    const std::unique_ptr<AtomicFile> out = session_.store.new_cached();
    Hasher hasher;
    Tee tee(hasher, *out);
    const std::unique_ptr<Source> source = open_file(path);
    copy(*source, tee, [&](std::size_t) { session_.world.stop.check(); });
    const std::uint64_t size = hasher.bytes();
    const Digest sha256 = hasher.finish();
    if (!has_hash(package, sha256)) {
      throw Error(Fault::integrity,
                  fmt::format("`{}` has the sha256 {}, which the lock does not have",
                              printable(path.string()),
                              sha256.hex()),
                  "the file is not the one that was locked: lock it again");
    }
    out->commit_as(session_.store.cache_path(sha256));
    CachedWheel wheel{path.filename().string(), sha256, size, std::move(url)};
    remember_place(package, {wheel, {}, {}, {}});
    return wheel;
  }

  std::optional<CachedWheel> find_in_folder(const PythonPackage& package, const fs::path& folder) {
    std::error_code failed;
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      if (fits(package, entry.path().filename().string())) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end(), [&](const fs::path& a, const fs::path& b) {
      return is_better_wheel(*parse_wheel_name(a.filename().string()),
                             *parse_wheel_name(b.filename().string()),
                             tags_);
    });
    for (const fs::path& path : found) {
      const std::unique_ptr<Source> source = open_file(path);
      if (has_hash(package, digest_of(*source))) return take(package, path, {});
    }
    return std::nullopt;
  }

  std::optional<FoundWheel> find_in_index(const PythonPackage& package, const PythonIndex& index) {
    const auto files = index.files(package.name);
    if (!files) return std::nullopt;
    const IndexFile* best = nullptr;
    for (const IndexFile& file : *files) {
      const bool is_wanted =
          file.sha256 && has_hash(package, *file.sha256) && fits(package, file.name);
      if (!is_wanted) continue;
      const bool is_better =
          best == nullptr ||
          is_better_wheel(*parse_wheel_name(file.name), *parse_wheel_name(best->name), tags_);
      if (is_better) best = &file;
    }
    if (best == nullptr) return std::nullopt;
    if (best->yanked == IndexFile::Yanked::yes) {
      session_.terminal().warn(fmt::format("`{}` was yanked from `{}`", best->name, index.name()));
    }
    PythonPackage exact = package;
    exact.sha256 = {*best->sha256};
    exact.size = best->size;
    FoundWheel found{
        download(exact, best->url.text(), best->name), index.name(), best->url.shown(), {}};
    remember_place(package, found);
    return found;
  }

  // The credentials of the URL itself, else of an index on the same server.
  std::string authorization_for(const UrlWithCredentials& place) const {
    if (!place.authorization.empty()) return place.authorization;
    for (const auto& index : indexes_) {
      if (same_origin(index->place().url, place.url)) return index->place().authorization;
    }
    return {};
  }

  CachedWheel download(const PythonPackage& package,
                       const std::string& url,
                       const std::string& file) {
    const auto place = split_credentials(url);
    if (!place) {
      fail(Fault::usage, "the lock's URL of `{}` cannot be read", printable(package.name));
    }
    const Digest& sha256 = package.sha256.front();
    const std::string source = place->url.text() + "#sha256=" + sha256.hex();
    WebSource web(context_, source, authorization_for(*place));
    RemoteFile wanted{.path = file, .size = package.size.value_or(0), .sha256 = sha256};
    if (!package.size) wanted.size = web.list().files.front().size;
    if (bytes_ == WheelBytes::list) return {file, sha256, wanted.size, direct_url(package)};
    cache_.require_room_for(web, {wanted});
    const CachedFile cached = cache_.download_to(web, wanted, session_.terminal());
    return {file, cached.sha256, wanted.size, direct_url(package)};
  }

  SupportedTags tags_;
  Session& session_;
  RemoteContext context_;
  Offline offline_;
  WheelBytes bytes_;
  RemoteCache cache_;
  std::vector<fs::path> folders_;
  std::vector<std::unique_ptr<PythonIndex>> indexes_;
};

void add_missing(const PythonPackage& package, const PythonFacts& facts, PythonSelection& missing) {
  missing.unfit.push_back({package.name, package.version, missing.problems.size()});
  missing.problems.push_back(package.where);
  missing.problems.back().message = fmt::format(
      "no index and no folder has a wheel of `{}` {} with the lock's hashes that fits Python 3.{} "
      "on {}",
      package.name,
      package.version,
      facts.target.minor,
      facts.target.machine);
}

}  // namespace

std::vector<FoundWheel> find_wheels(const PythonSelection& selection,
                                    const IndexSettings& settings,
                                    const PythonFacts& facts,
                                    Session& session,
                                    WheelUse use) {
  WheelFetcher fetcher(settings, facts, session, use);
  const auto& packages = selection.packages;
  std::vector<std::optional<FoundWheel>> found(packages.size());
  parallel_for(packages.size(), session.world.settings.transfers, [&](std::size_t i) {
    found[i] = fetcher.fetch(packages[i]);
  });
  std::vector<FoundWheel> wheels;
  PythonSelection missing;
  for (std::size_t i = 0; i < packages.size(); ++i) {
    if (found[i]) {
      wheels.push_back(std::move(*found[i]));
    } else {
      add_missing(packages[i], facts, missing);
    }
  }
  if (missing.problems.empty()) return wheels;
  name_other_versions(missing, settings, facts, session);
  const std::string text =
      fmt::format("{} of {} packages cannot be found", missing.problems.size(), packages.size());
  throw Error(Fault::incompatible,
              text,
              "a package with only a source distribution needs a wheel: build it with `pip wheel`, "
              "name its folder in `find_links`, and lock again",
              std::move(missing.problems));
}

void name_other_versions(PythonSelection& selection,
                         const IndexSettings& settings,
                         const PythonFacts& facts,
                         Session& session) {
  const std::vector<UnfitPackage>& unfit = selection.unfit;
  if (unfit.empty() || unfit.size() > most_looked_up) return;
  const WheelCatalog catalog(settings, facts, session);
  parallel_for(unfit.size(), session.world.settings.transfers, [&](std::size_t i) {
    const std::string others =
        catalog.find(unfit[i].name).nearest(PythonVersion::parse(unfit[i].version));
    if (others.empty()) return;
    selection.problems[unfit[i].problem].message += "; these versions have one: " + others;
  });
}

std::vector<LockedWheel> locked_wheels(const std::vector<FoundWheel>& wheels, const Spec& spec) {
  std::vector<LockedWheel> locked;
  for (const FoundWheel& found : wheels) {
    const auto name = parse_wheel_name(found.wheel.file);
    if (!name) fail(Fault::internal, "`{}` is no name of a wheel", found.wheel.file);
    LockedWheel wheel{name->name,
                      name->parsed.text(),
                      found.wheel.file,
                      found.wheel.size,
                      found.wheel.sha256,
                      found.index,
                      found.url,
                      {},
                      wheel_layer_name(name->name, found.wheel.size)};
    if (!found.path.empty()) {
      const fs::path path = fs::absolute(found.path).lexically_normal();
      const fs::path folder = fs::absolute(spec.folder / ".").lexically_normal();
      const fs::path below = path.lexically_relative(folder);
      wheel.path = (below.empty() ? path : below).string();
    }
    if (!found.wheel.direct_url.empty()) wheel.reference = LockedWheel::Reference::direct;
    locked.push_back(std::move(wheel));
  }
  std::sort(
      locked.begin(), locked.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return locked;
}

}  // namespace mlpack
