#pragma once

#include "lib/file.h"
#include "lib/sink.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mlpack {

/// A member of a ZIP file as its central directory has it.
struct ZipMember {
  enum class Kind { file, folder };
  enum class Method { stored, deflated };
  std::string name;  // relative, UTF-8, no empty, `.` or `..` part; of a folder without its slash
  Kind kind = Kind::file;
  Method method = Method::stored;
  unsigned mode = 0;  // permission bits; 0 where it was not made on Unix
  std::uint64_t size = 0;
  std::uint64_t compressed = 0;
  std::uint64_t header = 0;  // offset of its local header
};

/// The ZIP files that wheels are (APPNOTE.TXT 6.3, with ZIP64), read in any order, from any thread.
///
///   file      = { local header , data , [descriptor] } , central directory ,
///               [ZIP64 end , ZIP64 locator] , end of central directory , [comment]
///
/// Fault::integrity, with the name of the wheel, for what breaks the format or could mean different
/// things to different readers: something before or between these parts but for the gaps between
/// members, several disks, encryption, other methods than deflate, paths that leave the folder,
/// control characters and backslashes in names, symlinks and devices, a name twice (case and the
/// encoding of accents ignored), a file where others have a folder, members that share bytes, more
/// than a million of them, and content that grows beyond 1000 times its archive and 64 MiB.
class ZipFile {
 public:
  /// `name` is for messages.
  ZipFile(const fs::path& path, std::string name);
  ~ZipFile();
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;

  /// In the order of the central directory.
  const std::vector<ZipMember>& members() const;
  /// The content of a file, exactly member.size bytes of it. Must not outlive this.
  std::unique_ptr<Source> open(const ZipMember& member) const;
  /// A file of at most `limit` bytes.
  std::string read(const ZipMember& member, std::uint64_t limit) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlpack
