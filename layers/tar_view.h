#pragma once

#include "lib/oci/recipe.h"
#include "lib/sink.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mlpack {

/// Opens the content of a member of a .deb or a wheel. Within one pass over a recipe the members of
/// an archive are asked for in the recipe's order, and each source is read to its end before the
/// next is opened.
using OpenMember = std::function<std::unique_ptr<Source>(const ArchiveMember&)>;
/// Starts a pass: the OpenMember it returns may keep an archive open between calls and is used by
/// one thread. Itself callable from any thread.
using OpenMembers = std::function<OpenMember()>;
/// Opens a file of a remote source, of that many bytes, the last of them given after they were
/// found to be the right ones. Callable from any thread.
using OpenRemoteFile =
    std::function<std::unique_ptr<Source>(const RemoteContent&, std::uint64_t size)>;
/// Opens the content of `entry`, which is `range`. Callable from any thread.
using OpenRange =
    std::function<std::unique_ptr<Source>(const RecipeEntry& entry, const FileRange& range)>;

/// The tar archive that a recipe stands for. Its bytes depend on the recipe and the content alone.
///
///   archive  = { entry } , 1024 zero bytes                       (no rounding to 10 KiB)
///   entry    = [ extended ] , header , data , zeros to a multiple of 512
///   extended = header "././@PaxHeader" of type x , records        (POSIX.1-2017 pax, 512-padded)
///   records  = [path] [linkpath] [size] [uid] [gid] [mtime] [comment]      in this order
///   header   = ustar, mode of the entry, owner, mtime of the recipe, no owner names;
///              the path of a folder ends in `/`; link targets are as in the recipe
///
/// A record is there only where the ustar field cannot hold its value (a path that does not split
/// into 155 + 100 bytes, a link over 100 bytes, a size of 8 GiB and more, an owner over 2097151);
/// the field is then cut or 0. Names are bytes; nothing is recoded. `comment` is filled with blanks
/// so that the data of a file of 64 KiB and more starts at a multiple of 4096: file systems that
/// share extents can then share it.
class TarView {
 public:
  /// `open_members` may be empty for a recipe without members of archives, `open_remote` for one
  /// without RemoteContent. Without `open_range` a FileSource opens files.
  explicit TarView(LayerRecipe recipe,
                   OpenMembers open_members = {},
                   OpenRemoteFile open_remote = {},
                   OpenRange open_range = {});

  /// Of the archive, in bytes; no file was read for it.
  std::uint64_t size() const;
  /// The archive from its start. A file that is not as its recipe says any more is Fault::input
  /// naming it. The source needs neither this view nor its recipe to live on.
  std::unique_ptr<Source> open() const;

  const LayerRecipe& recipe() const;
  /// The bytes from the start of entry `index` to its data.
  std::string header(std::size_t index) const;
  /// Where the data of entry `index` starts in the archive.
  std::uint64_t data_offset(std::size_t index) const;

  struct State;

 private:
  std::shared_ptr<const State> state_;
};

}  // namespace mlpack
