#pragma once

#include "lib/digest.h"
#include "lib/oci/platform.h"
#include "lib/oci/recipe.h"
#include "lib/resolve/plan.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The version of the file's form. Another one is refused with what to do.
inline constexpr unsigned lock_schema = 1;
/// A lock is no larger: that of 100,000 files and some thousand packages is a third of it.
inline constexpr std::uint64_t max_lock_bytes = std::uint64_t{64} << 20;

/// A base image, as the spec names it, and what that led to.
struct LockedBase {
  std::string reference;
  Digest digest;  // of the index where there is one, else of the manifest
  bool operator==(const LockedBase&) const = default;
};

/// A package of a distribution.
struct LockedPackage {
  enum class Archive { main, security };
  std::string name;
  std::string version;
  std::string architecture;
  std::uint64_t size = 0;
  Digest sha256;
  Archive archive = Archive::main;
  std::string path;  // below the archive's mirror
  bool operator==(const LockedPackage&) const = default;
};

/// What the packages make of the root, as far as other layers ask: which folders and links are on
/// the way to the paths of `covers` and below them. Paths as in recipes, sorted.
struct LockedRoot {
  std::vector<std::string> covers;
  std::vector<std::string> folders;
  std::map<std::string, std::string> links;
  bool operator==(const LockedRoot&) const = default;
};

/// The packages that the image is based on, or that are added to its base.
struct LockedSystem {
  std::string suite;
  std::string snapshot;
  std::vector<std::string> asked;  // `system_packages` of the spec, sorted
  std::string mirror;              // of the archive, without credentials; where nothing else is set
  std::string security_mirror;
  std::vector<LockedPackage> packages;  // by name
  std::vector<Digest> layers;           // the keys of the layers they become, from the lowest
  std::optional<LockedRoot> root;       // where no Python is above
  bool operator==(const LockedSystem&) const = default;
};

/// A wheel of the image's Python.
struct LockedWheel {
  std::string name;  // normalised
  std::string version;
  std::string file;
  std::uint64_t size = 0;
  Digest sha256;
  std::string index;  // that has it, without credentials; empty: none, or nobody knows which
  std::string url;    // without credentials; empty: it is found by its name
  std::string path;   // of one on disk that is named, from the spec's folder; else empty
  std::string layer;  // the name of the one that it goes to
  enum class Reference { index, direct } reference = Reference::index;  // direct: PEP 610
  bool operator==(const LockedWheel&) const = default;
};

/// What is installed into the image's Python.
struct LockedPython {
  std::string version;             // of the interpreter: `3.11.2`
  std::string libc;                // beside it: `glibc 2.36`
  std::string torch;               // the build of PyTorch's: `cu128`; empty: what the index has
  std::vector<std::string> asked;  // what the spec says, as lock_python has it
  std::map<std::string, Digest> files;  // that the spec names, by their paths from its folder
  std::vector<LockedWheel> wheels;      // by name
  std::vector<Digest> layers;           // the keys of the layers they become, from the lowest
  std::optional<LockedRoot> root;       // with all that is below
  bool operator==(const LockedPython&) const = default;
};

/// A layer that was made: what its recipe is, wherever its files lie, and what came out.
struct LockedLayer {
  Digest key;
  Role role = Role::system;
  std::string name;
  std::string codec;
  Digest digest;
  Digest diff_id;
  std::uint64_t size = 0;
  bool operator==(const LockedLayer&) const = default;
};

struct LockedPlatform {
  std::optional<LockedBase> base;
  std::vector<Decision> decisions;
  std::optional<LockedSystem> system;
  std::optional<LockedPython> python;
  std::vector<LockedLayer> layers;  // as they lie

  /// Whether there was nothing to choose for it.
  bool empty() const { return !base && !system && !python && layers.empty() && decisions.empty(); }
};

/// A file of a remote `weights` entry.
struct LockedFile {
  std::string path;
  std::uint64_t size = 0;
  std::optional<Digest> sha256;  // absent where only its version is known
  std::string version;           // empty: the entry's revision
  bool operator==(const LockedFile&) const = default;
};

/// A `weights` entry whose source is somewhere else.
struct LockedWeights {
  enum class Kind { folder, file, image };
  std::string name;
  std::string source;  // as lock_source has it
  Kind kind = Kind::folder;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::string revision;           // a commit, the digest of an image, an ETag
  std::vector<LockedFile> files;  // that are packaged, by path; none of an image
  bool operator==(const LockedWeights&) const = default;
};

/// `mlpack.lock`: what the spec leaves open, and what was decided.
struct Lock {
  /// Where the layers were made by other rules than those of this mlpack, they count for nothing.
  unsigned layer_rules = layer_format;
  unsigned system_rules = 0;
  unsigned python_rules = 0;
  std::optional<Platform> platform;    // chosen, as the spec names none
  std::vector<LockedWeights> weights;  // in the order of the spec
  std::map<Platform, LockedPlatform> platforms;

  /// Whether it pins nothing: the spec says it all.
  bool empty() const {
    return !platform && weights.empty() &&
           std::all_of(platforms.begin(), platforms.end(), [](const auto& entry) {
             return entry.second.empty();
           });
  }
};

/// Reads what write_lock writes. Fault::input naming `file`, the place and the rule for everything
/// else, other versions included.
Lock parse_lock(std::string_view text, const std::string& file);

/// JSON with one package, file or layer a line, so that a change is a change of few lines. Equal
/// locks are equal bytes.
std::string write_lock(const Lock& lock);

}  // namespace mlpack
