#pragma once

#include "lib/error.h"
#include "lib/file.h"
#include "lib/sink.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// An entry as a foreign archive has it. Nothing was cleaned: see `is_safe`.
struct TarEntry {
  enum class Kind { file, directory, symlink, hardlink, block_device, character_device, fifo };
  std::string path;  // bytes, without slashes at its end and a leading `./`
  Kind kind = Kind::file;
  unsigned mode = 0;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint64_t size = 0;
  std::int64_t mtime = 0;
  std::string link;
  std::uint64_t offset = 0;  // of its data in the archive

  /// False for absolute paths and those with a `..` part.
  bool is_safe() const;
  /// A whiteout or opaque marker (image-spec, layer.md).
  bool is_whiteout() const;
};

/// A Source that can pass over bytes without reading them.
class SkippingSource : public Source {
 public:
  /// Passes over at most `count` bytes; returns how many there were.
  virtual std::uint64_t skip(std::uint64_t count) = 0;
};

/// Reads tar (v7, ustar, pax, GNU long names and base-256 numbers) in one pass and flat memory.
/// Malformed or truncated archives are the fault `damaged`, with the offset.
class TarReader {
 public:
  explicit TarReader(std::unique_ptr<Source> source, Fault damaged = Fault::integrity);
  /// What `next` passes over is skipped.
  explicit TarReader(std::unique_ptr<SkippingSource> source, Fault damaged = Fault::integrity);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// The next entry; what is left of the last one's data is skipped. nullopt at the end.
  std::optional<TarEntry> next();
  /// Data of the current entry; 0 at its end.
  std::size_t read(std::span<std::byte> buffer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The archive with its last block filled up with zeros, which some tools (umoci 0.4.7) leave out.
/// For layers, whose digest says whether they are whole.
std::unique_ptr<Source> with_whole_blocks(std::unique_ptr<Source> tar);

/// The same of an archive in a file, of which parts can be skipped.
std::unique_ptr<SkippingSource> open_tar_file(const fs::path& path);

/// All entries of an uncompressed layer.
std::vector<TarEntry> list_tar(std::unique_ptr<Source> source);

}  // namespace mlpack
