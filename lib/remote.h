#pragma once

#include "lib/digest.h"
#include "lib/digest_git.h"
#include "lib/sink.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// One file of a remote source, as the server describes it.
struct RemoteFile {
  std::string path;  // relative to the source; check_remote_path holds
  std::uint64_t size = 0;
  std::optional<Digest> sha256 = {};         // where the server says it
  std::optional<std::string> git_sha1 = {};  // of its git blob: what a hub says of small files
  std::string version = {};  // commit, ETag or date; other content, other version; empty: none
};

struct RemoteListing {
  std::string revision;           // what names exactly these files: a commit, a digest
  std::vector<RemoteFile> files;  // sorted by path, no path twice
  /// `file`: the source is that file itself, not a folder that holds it.
  enum class Kind { folder, file } kind = Kind::folder;
};

/// Most files of one source. Hubs advise against repositories of more than 100,000 files.
inline constexpr std::size_t max_remote_files = 100'000;
/// Most text that is read for one listing.
inline constexpr std::size_t max_listing_bytes = std::size_t{64} << 20;

/// Weights that somebody's server has. Callable from any thread. Faults: auth for 401 and 403,
/// refused for other answers, network for none, integrity for files that are not what the server
/// said, input where the environment forbids the network. No message holds a secret.
class RemoteSource {
 public:
  virtual ~RemoteSource() = default;
  /// As messages have it: `hf://org/repo`, a URL without its query.
  virtual const std::string& name() const = 0;
  virtual RemoteListing list() = 0;
  /// Whether the source names its files for good, by a commit or a digest: what was listed once is
  /// listed.
  virtual bool is_pinned() const { return false; }
  /// Whether `name` and `file` lead to the same bytes for good, or to an error: they are named by a
  /// digest, or by a version that the server holds to, and the name leaves nothing out.
  virtual bool keeps(const RemoteFile& file) const { return file.sha256.has_value(); }
  /// Asks the server for what a listing left out (a digest); by default there is nothing to ask.
  virtual void describe(RemoteFile& file) { static_cast<void>(file); }
  /// `length` bytes from `offset`, each once and in order, across lost connections. The server's
  /// word about the size is held against the file's; digests are not. What is returned must not
  /// outlive this.
  virtual std::unique_ptr<Source> open(const RemoteFile& file,
                                       std::uint64_t offset,
                                       std::uint64_t length) = 0;
  /// Writes the bytes that `open` gives to `sink`.
  void fetch(const RemoteFile& file, std::uint64_t offset, std::uint64_t length, Sink& sink);
  /// The whole file, its last bytes only after its digests were found right. Must not outlive this.
  std::unique_ptr<Source> open_whole(const RemoteFile& file);
};

/// Passes the bytes of a whole file on to a sink, the last of them after size and digests were
/// found to be those of `file`; else Fault::integrity, naming the file as one of `source`.
class RemoteCheck : public Sink {
 public:
  /// `next` outlives it.
  RemoteCheck(const RemoteFile& file, std::string source, Sink& next);
  void write(Bytes bytes) override;
  /// After the last byte: the sha256 of the file. Fault::integrity where bytes are missing.
  Digest finish();

 private:
  void verify();

  std::string name_;
  std::uint64_t size_;
  std::optional<Digest> sha256_;
  std::optional<std::string> git_sha1_;
  Sink& next_;
  Hasher hasher_;
  std::unique_ptr<GitHasher> git_;  // where nothing better is known
  std::optional<Digest> found_;
};

/// Fault::integrity unless `path`, of `source`, names a file below a folder on every system:
/// relative, no empty, `.` or `..` part, no control character or backslash, UTF-8, parts of at most
/// 255 bytes and at most 4096 in all.
void check_remote_path(std::string_view path, const std::string& source);

/// `files` sorted. Fault::integrity for a path that is there twice, or is both a file and a folder.
std::vector<RemoteFile> sorted_remote_files(std::vector<RemoteFile> files,
                                            const std::string& source);

}  // namespace mlpack
