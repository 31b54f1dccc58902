#pragma once

#include "lib/digest.h"
#include "lib/file.h"
#include "lib/oci/descriptor.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mlpack {

/// The version of the bytes that a recipe becomes; part of every layer key. It changes when the tar
/// view does.
inline constexpr unsigned layer_format = 1;

/// What a layer is for, in the order in which layers lie: what changes least lies lowest.
enum class Role { base, system, python, weights, files, config };
std::string_view role_name(Role role);

enum class EntryKind { file, directory, symlink, hardlink };

/// `length` bytes of a file of the user's, from `offset`. The file must still have `identity` when
/// it is read.
struct FileRange {
  std::string path;  // not an fs::path, whose parts take several times the memory
  FileIdentity identity;
  std::uint64_t offset = 0;
  bool operator==(const FileRange&) const = default;
};

/// The member `member` of data.tar in the .deb file with digest `archive` in the store's cache, at
/// its `index`-th place.
struct DebMember {
  Digest archive;
  std::string member;
  bool operator==(const DebMember&) const = default;
};

/// The member `member` of the wheel with digest `archive` in the store's cache. Its content has
/// `sha256`.
struct WheelMember {
  Digest archive;
  std::string member;
  Digest sha256;
  bool operator==(const WheelMember&) const = default;
};

/// What lies in an archive of the store's cache.
using ArchiveMember = std::variant<DebMember, WheelMember>;

/// `size` bytes of a file that is put together: all of a text, or those of a file from the range's
/// offset.
struct Part {
  std::variant<std::string, FileRange> content;
  std::uint64_t size = 0;
  bool operator==(const Part&) const = default;
};
/// One after the other.
using Parts = std::vector<Part>;

/// A file of a source in the network that keeps it (RemoteSource::keeps): the one with `sha256`,
/// else the one that the server calls `version`.
struct RemoteContent {
  std::string source;  // RemoteSource::name, which opens it again
  std::string path;    // below the source
  std::string version;
  std::optional<Digest> sha256 = {};
  bool operator==(const RemoteContent&) const = default;
};

/// A string is bytes held in memory.
using Content = std::variant<std::string, FileRange, DebMember, Parts, RemoteContent, WheelMember>;

/// The digest of the archive in the store's cache that `content` is a member of; nullptr for what
/// is none.
const Digest* archive_of(const Content& content);

/// Calls `visit` with each range of the user's files that `content` is made of, in its order.
template <class Visit>
void for_each_range(const Content& content, const Visit& visit) {
  if (const auto* range = std::get_if<FileRange>(&content)) visit(*range);
  const auto* parts = std::get_if<Parts>(&content);
  if (parts == nullptr) return;
  for (const Part& part : *parts) {
    if (const auto* range = std::get_if<FileRange>(&part.content)) visit(*range);
  }
}

struct RecipeEntry {
  std::string path;  // relative to the root, `a/b`, no empty, `.` or `..` part, no trailing slash
  EntryKind kind = EntryKind::file;
  unsigned mode = 0644;  // permission bits, set-id and sticky included
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::string link;        // target of a symlink; path of the entry that a hardlink names
  std::uint64_t size = 0;  // of a file, in bytes
  Content content;         // of a file
  bool operator==(const RecipeEntry&) const = default;
};

/// A layer before it is bytes: the entries in the order in which they are written. The recipe is
/// the layer; tar is a view of it, and the same recipe over the same content is the same bytes
/// everywhere.
struct LayerRecipe {
  Role role = Role::files;
  std::string name;        // what people call it: a weights entry, a target path, a package set
  std::int64_t mtime = 0;  // of every entry, seconds since the epoch
  std::vector<RecipeEntry> entries;
  bool operator==(const LayerRecipe&) const = default;
};

/// Whether all files of the user's that it is made of have the identity that it says.
bool is_as_it_was(const LayerRecipe& recipe);
/// Whether some of its content is in the network.
bool is_remote(const LayerRecipe& recipe);

/// The recipe as text that `parse_recipe` reads back to an equal value.
std::string write_recipe(const LayerRecipe& recipe);
/// nullopt where `text` is not a recipe of this version.
std::optional<LayerRecipe> parse_recipe(std::string_view text);

/// What decides the bytes of the layer: every field, the identities of its files included, and
/// `codec`; of content in the network its sha256 alone, where that is known, wherever it comes
/// from. Two recipes with one key give one layer, as long as no file changed without its identity
/// changing.
Digest layer_key(const LayerRecipe& recipe, std::string_view codec);

}  // namespace mlpack
