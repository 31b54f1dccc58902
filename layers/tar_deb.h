#pragma once

#include "lib/file.h"
#include "lib/oci/recipe.h"
#include "lib/sink.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace mlpack {

/// A member of an archive inside a .deb file. Paths are checked: relative to the root, UTF-8,
/// without `.` and `..` parts.
struct DebFile {
  std::string path;
  EntryKind kind = EntryKind::file;
  unsigned mode = 0644;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::string link;  // of a symlink as it is; of a hardlink the path of an earlier file
  std::uint64_t size = 0;
  bool operator==(const DebFile&) const = default;
};

/// Reads one of the two archives in a .deb file (deb(5)), member by member, front to back, with no
/// more than a few MiB of it in memory.
///
///   file    := "!<arch>\n" member("debian-binary", "2.…\n") member("control.tar*")
///   member("data.tar*") member  := name[16] mtime[12] uid[6] gid[6] mode[8] size[10] "`\n" content
///   [ "\n" ]
///
/// What breaks the format, or could do harm when it is unpacked, is Fault::integrity: paths that
/// leave the root, devices and FIFOs, a path twice, hard links to what is not an earlier file,
/// content that grows beyond 1000 times the size of the file and 64 MiB.
class DebArchive {
 public:
  enum class Part { control, data };
  DebArchive(const fs::path& deb, Part part);
  ~DebArchive();
  DebArchive(const DebArchive&) = delete;
  DebArchive& operator=(const DebArchive&) = delete;

  /// The next member; nullopt after the last one. What was not read of the one before is skipped.
  std::optional<DebFile> next();
  /// Content of the file that `next` gave; 0 at its end.
  std::size_t read(std::span<std::byte> buffer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Decompresses `compressed` (xz, gzip, zstd, bzip2 or nothing at all, told by its first bytes)
/// into `plain`. More than `limit` bytes, or what is damaged, is Fault::integrity with `name` in
/// the message.
void decompress(Source& compressed, Sink& plain, std::uint64_t limit, const std::string& name);

}  // namespace mlpack
