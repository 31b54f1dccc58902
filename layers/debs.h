#pragma once

#include "lib/digest.h"
#include "lib/download.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/oci/platform.h"
#include "lib/oci/recipe.h"
#include "lib/parallel.h"
#include "lib/progress.h"
#include "lib/sink.h"
#include "lib/store/downloads.h"
#include "lib/store/store.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// `base: {debian: …}` with `system_packages`, as the user wrote them; empty where not given.
struct DebianBase {
  std::string codename;
  std::string mirror;
  std::string security_mirror;
  /// `20261101T000000Z`. The mirror must then be a snapshot service: `{snapshot}` in its URL is
  /// replaced, and where there is none, `/20261101T000000Z` is appended.
  std::string snapshot;
  Platform platform;
  std::vector<std::string> packages;
  /// Where the user named them; for errors, and may be empty.
  std::map<std::string, Where> places = {};
  /// The root has these packages already (their paragraphs): they count as they are, nothing is
  /// always wanted, and none of them is ever replaced or removed. nullopt: nothing is there.
  std::optional<std::vector<std::string>> installed = {};
};

/// One package to unpack, as the signed index describes it.
struct DebPackage {
  std::string name;
  std::string version;
  std::string architecture;  // `all` where it fits every one
  std::uint64_t size = 0;    // of the .deb
  Digest sha256;
  std::string url;
  bool operator==(const DebPackage&) const = default;
};

/// Everything that is needed to build the root; what a lock records.
struct DebianPlan {
  std::string codename;
  Platform platform;
  std::string mirror;                // as used, without credentials: for people and for the lock
  std::vector<DebPackage> packages;  // by name, without duplicates
  bool operator==(const DebianPlan&) const = default;
};

/// The version of the rules by which packages become layers. It is raised when equal plans become
/// other recipes, so that nobody takes layers for those of a plan that they are not.
inline constexpr unsigned system_format = 1;

enum class Offline { no, yes };

/// What the functions below need from outside; everything must outlive the call.
struct DebianContext {
  Store& store;
  Downloader& downloader;
  Progress& progress;
  const Stop& stop;
  std::size_t jobs = 1;
  Offline offline = Offline::no;
  Trust downloads = Trust::state;       // what is believed of the store's cache
  std::string environment_mirror = {};  // MLPACK_DEBIAN_MIRROR
  fs::path apt_folder = "/etc/apt";     // the host's apt configuration, read where nothing names a
                                        // mirror
  std::vector<fs::path> keyrings = {};  // instead of those of the distribution
  std::int64_t now = 0;                 // seconds since the epoch, for Valid-Until; 0: the clock
};

/// Decides which packages make up the base. The releases of the distribution, its updates and its
/// security suite are fetched anew, verified by `gpgv` with the distribution's keyring, and their
/// package lists fetched (once per digest) and solved: of each package the highest version counts,
/// `Depends` and `Pre-Depends` are followed, `Recommends` are not. The packages that the
/// distribution's row always wants are added; dependencies on those it never wants (dpkg, tar,
/// debconf) count as satisfied, and are installed only where `packages` names them. On a root that
/// has packages, the plan holds what must be added to them; where that is nothing, nothing is
/// fetched. Packages of another version than the installed ones are Fault::incompatible naming
/// them.
///
/// The mirror is the first of: base.mirror, environment_mirror, the entry of the host's apt
/// configuration that serves the distribution's family. Offline, the release that was fetched last
/// is used, whatever its Valid-Until.
///
/// Faults: usage (unknown distribution or package, no mirror), incompatible (no set of packages
/// satisfies the dependencies, or the architecture is missing), integrity (signature, digest, size
/// or date), input (gpgv or the keyring is missing; a miss offline), refused (the mirror lacks it).
DebianPlan resolve_debian(const DebianBase& base, const DebianContext& context);

/// Fetches the packages of the plan that the store's cache lacks, in parallel. After it,
/// prepare_debian works offline.
void fetch_debian(const DebianPlan& plan, const DebianContext& context);

/// A root file system made of packages, unpacked without root and without maintainer scripts.
struct DebianRoot {
  /// Role `system`, mtime 0, from the lowest: `base` (the packages always wanted and what they
  /// depend on), one layer for each package of more than 32 MiB, `packages` (all others). File
  /// contents are DebMember or bytes.
  std::vector<LayerRecipe> layers;
  std::vector<std::string> env;     // `PATH=…`
  std::vector<std::string> passwd;  // the distribution's standard lines of /etc/passwd …
  std::vector<std::string> group;   // … and /etc/group, root first, for the config layer to write
};

/// What a root has whatever its packages are: all but the layers.
DebianRoot root_without_layers();

/// The root for a plan. Packages that are not in the cache are fetched first; each is read once
/// ever, its listing is kept in the store by its digest. What is done instead of maintainer
/// scripts: `bin`, `sbin`, `lib*` are links into usr and every path goes through them;
/// `update-alternatives --install` calls in postinst become links; CA certificates become one
/// bundle; `/tmp` and its like, `/etc/hosts` and `/var/lib/dpkg/status.d` are made. Same plan, same
/// recipes.
///
/// Faults: integrity (a .deb that is not what the plan says, or breaks the format's rules),
/// incompatible (two packages hold one file, a postinst that cannot be read), as fetch_debian else.
DebianRoot prepare_debian(const DebianPlan& plan, const DebianContext& context);

/// Opens members of .deb files in the store's cache. One opener serves one stream of a layer: it
/// keeps the archive of the last member open and reads on from there, so members asked for in
/// recipe order are decompressed once; asked backwards it starts the archive again. A source is
/// valid until the next one is opened. Not thread-safe: one for each stream.
std::function<std::unique_ptr<Source>(const DebMember&)> deb_member_opener(const Store& store);

}  // namespace mlpack
