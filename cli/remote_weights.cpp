#include "cli/remote_weights.h"

#include "layers/file_filter.h"
#include "layers/layer_builder.h"
#include "lib/lock/agree.h"
#include "lib/model/choices.h"
#include "lib/text.h"
#include "registry/remote_cache.h"
#include "registry/remote_open.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace mlpack {
namespace {

// Smaller files are kept: they are few bytes, and many requests.
constexpr std::uint64_t streamed_from = std::uint64_t{1} << 20;

// An entry and where its files are.
struct Entry {
  const Weights& wish;
  RemoteSource& source;
  const RemoteCache& cache;
  Session& session;
  Offline offline;
  RemoteBytes bytes;
  const LockedWeights* pin;  // absent: nothing is pinned
  bool is_made;

  // For messages: a URL's query may hold a signature.
  std::string shown() const {
    return wish.kind == SourceKind::https ? source.name() : printable(wish.source);
  }
};

[[noreturn]] void fail_offline(const std::string& what) {
  throw Error(Fault::input,
              fmt::format("{} is not in the store, and `--offline` forbids to fetch it", what),
              "run `mlpack fetch` while there is a network");
}

struct Found {
  RemoteListing listing;
  std::string because;
};

// What the lock has are the files that were chosen, in their order.
RemoteListing listing_of(const LockedWeights& pin, const std::string& source) {
  RemoteListing listing;
  listing.revision = pin.revision;
  if (pin.kind == LockedWeights::Kind::file) listing.kind = RemoteListing::Kind::file;
  for (const LockedFile& file : pin.files) {
    check_remote_path(file.path, source);
    listing.files.push_back({file.path,
                             file.size,
                             file.sha256,
                             std::nullopt,
                             file.version.empty() ? pin.revision : file.version});
  }
  return listing;
}

Found find_listing(const Entry& entry) {
  const bool stays = entry.source.is_pinned();
  const bool is_offline = entry.offline == Offline::yes;
  auto kept =
      stays || is_offline ? entry.cache.listing(entry.wish.source) : std::optional<RemoteListing>();
  const std::string shown = entry.shown();
  if (kept) {
    return {
        std::move(*kept),
        stays ? "the spec names it" : fmt::format("`{}` had it when it was last listed", shown)};
  }
  if (is_offline) fail_offline(fmt::format("the list of files of `{}`", shown));
  RemoteListing listing = entry.source.list();
  const bool is_kept = entry.session.store.access() == Store::Access::write;
  if (is_kept && entry.bytes != RemoteBytes::listed) {
    entry.cache.put_listing(entry.wish.source, listing);
  }
  return {std::move(listing), stays ? "the spec names it" : fmt::format("`{}` has it now", shown)};
}

TreeInput input_of(const Weights& wish) {
  TreeInput input;
  input.target = wish.target;
  input.include = wish.include;
  input.exclude = wish.exclude;
  input.links = TreeInput::Links::follow;
  return input;
}

// A name that would delete what lies below it.
void check_names(const std::vector<RemoteFile>& files, const std::string& source) {
  for (const RemoteFile& file : files) {
    const std::vector<std::string_view> parts = split(file.path, '/');
    const bool is_mark = std::any_of(
        parts.begin(), parts.end(), [](std::string_view part) { return part.starts_with(".wh."); });
    if (!is_mark) continue;
    throw Error(
        Fault::input,
        fmt::format(
            "`{}` of `{}` has a name that begins with `.wh.`, a deletion mark", file.path, source),
        "exclude it");
  }
}

std::vector<std::string> paths_of(const std::vector<RemoteFile>& files) {
  std::vector<std::string> paths;
  paths.reserve(files.size());
  for (const RemoteFile& file : files) {
    paths.push_back(file.path);
  }
  return paths;
}

std::vector<RemoteFile> choose(const Entry& entry, std::vector<RemoteFile> files) {
  FileFilter filter(input_of(entry.wish), entry.shown(), "");
  const std::vector<std::string> taken = filter.select(paths_of(files));
  const std::set<std::string, std::less<>> wanted(taken.begin(), taken.end());
  std::erase_if(files, [&](const RemoteFile& file) { return !wanted.contains(file.path); });
  if (files.empty()) {
    throw Error(Fault::input,
                fmt::format("`{}` holds no weights", entry.shown()),
                "see what `exclude` leaves, or take the entry out of the spec");
  }
  check_names(files, entry.shown());
  return files;
}

// Of weights that are there twice, what is not worth packaging is not fetched either.
std::vector<std::string> leave_out_doubles(const Entry& entry, std::vector<RemoteFile>& files) {
  std::vector<std::string> lines;
  if (!entry.wish.include.empty()) return lines;
  for (const ModelChoice& choice : choose_weights(paths_of(files))) {
    lines.push_back(choice.message);
    const std::set<std::string_view> left_out(choice.left_out.begin(), choice.left_out.end());
    std::erase_if(files, [&](const RemoteFile& file) { return left_out.contains(file.path); });
  }
  return lines;
}

FileRange range_of(const CachedFile& file) {
  const fs::path absolute = fs::absolute(file.path);  // recipes outlive the working directory
  return {absolute, identity_of(open_regular(absolute)), 0};
}

bool stays_there(const Entry& entry, const RemoteFile& file) {
  if (entry.is_made || entry.bytes == RemoteBytes::listed) return true;
  if (entry.bytes == RemoteBytes::named) return entry.source.keeps(file);
  return entry.bytes == RemoteBytes::streamed && entry.wish.compression == Compression::none &&
         file.size >= streamed_from && entry.source.keeps(file);
}

RemoteContent remote_content(const Entry& entry, const RemoteFile& file) {
  return {entry.source.name(), file.path, file.version, file.sha256};
}

// All at once, as each may take several round trips.
void look_at_fronts(const Entry& entry, const std::vector<RemoteFile>& files) {
  const OpenRemoteReadAt open = entry.session.open_remote_parts();
  parallel_for(files.size(), entry.session.world.settings.transfers, [&](std::size_t i) {
    std::array<std::byte, 1> first;
    open(remote_content(entry, files[i]), files[i].size)->read_at(0, first);
  });
}

// A file, where it is and what it holds.
struct FoundFile {
  RecipeEntry entry;  // without its path
  std::optional<Digest> sha256;
};

FoundFile found_file(Content content, std::uint64_t size, std::optional<Digest> sha256) {
  FoundFile found{{}, sha256};
  found.entry.size = size;
  found.entry.content = std::move(content);
  return found;
}

// A cached file that is damaged is out of the way before it is wanted.
void remove_damaged(const Entry& entry, const RemoteFile& file, std::optional<CachedFile>& cached) {
  Session& session = entry.session;
  const DownloadLook look{session.world.stop, session.downloads, &session.terminal()};
  if (!cached || is_intact(session.store, cached->sha256, look)) return;
  const std::string text =
      fmt::format("`{}` of `{}` is damaged in the store's cache: `{}` is not what its name says",
                  file.path,
                  entry.shown(),
                  cached->path.string());
  if (entry.offline == Offline::yes) {
    throw Error(Fault::integrity, text, "run `mlpack fetch`: it is fetched again");
  }
  session.terminal().warn(text + "; it is fetched again");
  entry.cache.drop(*cached);
  cached.reset();
}

std::vector<std::optional<CachedFile>> find_cached(const Entry& entry,
                                                   const std::vector<RemoteFile>& files) {
  std::vector<std::optional<CachedFile>> here(files.size());
  parallel_for(files.size(), entry.session.world.settings.jobs, [&](std::size_t i) {
    here[i] = entry.cache.find(entry.source, files[i]);
    if (entry.bytes != RemoteBytes::listed) remove_damaged(entry, files[i], here[i]);
  });
  return here;
}

// Where the files are, in their order; what is not here and cannot stay there is fetched, several
// at a time.
std::vector<FoundFile> bring(const Entry& entry,
                             const std::vector<RemoteFile>& files,
                             std::size_t& downloaded) {
  std::vector<std::optional<CachedFile>> here = find_cached(entry, files);
  std::vector<std::size_t> missing;
  std::vector<RemoteFile> wanted;
  std::vector<RemoteFile> there;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (here[i]) continue;
    const bool stays = stays_there(entry, files[i]);
    (stays ? there : wanted).push_back(files[i]);
    if (!stays) missing.push_back(i);
  }
  if (!missing.empty() && entry.offline == Offline::yes) {
    fail_offline(fmt::format("`{}` of `{}`", wanted.front().path, entry.shown()));
  }
  entry.cache.require_room_for(entry.source, wanted);
  parallel_for(missing.size(), entry.session.world.settings.transfers, [&](std::size_t n) {
    const std::size_t i = missing[n];
    here[i] = entry.cache.download_to(entry.source, files[i], entry.session.terminal());
    note_intact(entry.session.store, here[i]->sha256);
  });
  if (entry.bytes == RemoteBytes::streamed && !entry.is_made) look_at_fronts(entry, there);
  downloaded = missing.size();
  std::vector<FoundFile> brought;
  brought.reserve(here.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const RemoteFile& file = files[i];
    const std::optional<CachedFile>& kept = here[i];
    brought.push_back(kept ? found_file(range_of(*kept), file.size, kept->sha256)
                           : found_file(remote_content(entry, file), file.size, file.sha256));
  }
  return brought;
}

// As a folder or file of the user's would be put there.
std::vector<RecipeEntry> place(const Entry& entry,
                               const RemoteListing& listing,
                               std::vector<FoundFile> found) {
  const std::string& target = entry.wish.target;
  const std::string top = parse_target(target, fmt::format("the target of `{}`,", entry.shown()));
  const bool is_target = listing.kind == RemoteListing::Kind::file && !target.ends_with('/');
  const bool has_folder = listing.kind == RemoteListing::Kind::folder;
  std::set<std::string, std::less<>> folders;
  if (has_folder && !top.empty()) folders.insert(top);
  std::vector<RecipeEntry> entries;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string& path = listing.files[i].path;
    const std::string below = top.empty() ? path : fmt::format("{}/{}", top, path);
    found[i].entry.path = is_target ? top : below;
    entries.push_back(std::move(found[i].entry));
    for (auto above = parent_of(path); !above.empty(); above = parent_of(above)) {
      folders.insert(top.empty() ? std::string(above) : fmt::format("{}/{}", top, above));
    }
  }
  for (const std::string& folder : folders) {
    entries.push_back(plain_folder(folder));
  }
  sort_by_path(entries);
  return entries;
}

// The same files, whatever the source leads to later.
std::string origin_of(const Entry& entry,
                      const RemoteListing& listing,
                      const std::vector<FoundFile>& found) {
  const std::string& name = entry.source.name();
  if (entry.wish.kind == SourceKind::hugging_face) return name + "@" + listing.revision;
  if (listing.kind == RemoteListing::Kind::folder) return name;
  const std::optional<Digest>& sha256 = found.front().sha256;
  return sha256 ? name + "#sha256=" + sha256->hex() : name;
}

LockedWeights locked_weights(const Entry& entry,
                             const RemoteListing& listing,
                             const std::vector<FoundFile>& found) {
  LockedWeights locked;
  locked.name = entry.wish.name;
  locked.source = lock_source(entry.wish);
  locked.include = entry.wish.include;
  locked.exclude = entry.wish.exclude;
  locked.revision = printable(listing.revision);
  const bool is_file = listing.kind == RemoteListing::Kind::file;
  locked.kind = is_file ? LockedWeights::Kind::file : LockedWeights::Kind::folder;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const RemoteFile& file = listing.files[i];
    const bool is_revision = file.version == listing.revision;
    locked.files.push_back(
        {file.path, file.size, found[i].sha256, is_revision ? std::string() : file.version});
  }
  return locked;
}

Found find_files(const Entry& entry, std::vector<std::string>& choices) {
  if (entry.pin != nullptr) {
    return {listing_of(*entry.pin, entry.shown()), "the lock pins it"};
  }
  Found found = find_listing(entry);
  found.listing.files = choose(entry, std::move(found.listing.files));
  choices = leave_out_doubles(entry, found.listing.files);
  return found;
}

RemoteWeights fetch_entry(const Entry& entry) {
  RemoteWeights weights;
  Found found = find_files(entry, weights.choices);
  auto files = bring(entry, found.listing.files, weights.downloaded);
  weights.source = entry.shown();
  weights.is_made = entry.is_made;
  weights.locked = locked_weights(entry, found.listing, files);
  weights.origin = origin_of(entry, found.listing, files);
  weights.entries = place(entry, found.listing, std::move(files));
  const std::string& revision = found.listing.revision;
  if (!revision.empty()) {
    weights.decisions.push_back(
        {"weights " + entry.wish.name, printable(revision), {found.because}});
  }
  return weights;
}

const LockedWeights* pin_of(const WeightPins& pins, const std::string& name) {
  if (pins.lock == nullptr) return nullptr;
  const auto& all = pins.lock->weights;
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const LockedWeights& locked) { return locked.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

RemoteWeightsByName fetch_weights(const Spec& spec,
                                  Session& session,
                                  Offline offline,
                                  RemoteBytes bytes,
                                  const WeightPins& pins) {
  const RemoteContext context = session.remote_context();
  const RemoteCache cache(session.store.root() / "cache", session.world.stop);
  RemoteWeightsByName fetched;
  for (const auto& item : spec.weights) {
    const Weights& wish = item.value;
    if (wish.kind == SourceKind::path || wish.kind == SourceKind::oci) continue;
    const LockedWeights* pin = pin_of(pins, wish.name);
    const bool is_made = pin != nullptr && pins.made.contains(wish.name);
    fetched[wish.name] = at_place(spec.where(wish.source_place), [&] {
      const auto source = open_remote(wish.source, context);
      const Entry entry{wish, *source, cache, session, offline, bytes, pin, is_made};
      const auto fetch = [&] { return fetch_entry(entry); };
      return pin == nullptr
                 ? fetch()
                 : in_context(fmt::format("weights `{}` as the lock pins them", wish.name), fetch);
    });
  }
  return fetched;
}

std::string text_of(const Decision& decision) {
  return fmt::format("{}: {} ({})", decision.what, decision.chosen, join(decision.because, "; "));
}

void note_sources(const RemoteWeightsByName& weights, std::vector<Layer>& layers) {
  for (Layer& layer : layers) {
    const auto found = weights.find(layer.name);
    if (layer.role != Role::weights || found == weights.end()) continue;
    layer.descriptor.annotations[std::string(annotation::source)] = printable(found->second.origin);
  }
}

}  // namespace mlpack
