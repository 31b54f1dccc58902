#pragma once

#include "lib/file.h"
#include "lib/sink.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace mlpack {

/// The files of a layout's folder or of a tar archive, by their path in it. Nothing is unpacked.
class ArchiveFiles {
 public:
  static ArchiveFiles in_folder(const fs::path& folder);
  /// Reads the headers of the archive. A compressed one is Fault::input.
  static ArchiveFiles in_tar(const fs::path& archive);

  /// Fault::input for what is there and no regular file, here and below.
  bool has(const std::string& path) const;
  std::uint64_t size(const std::string& path) const;
  /// Fault::input where there is no such file.
  std::unique_ptr<Source> open(const std::string& path) const;
  /// A small file; larger than `limit` is Fault::input.
  std::string text(const std::string& path, std::uint64_t limit) const;
  /// What messages call it.
  const std::string& name() const { return name_; }

 private:
  struct Range {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  std::optional<Range> range(const std::string& path) const;

  fs::path path_;
  std::string name_;
  bool is_folder_ = false;
  FileIdentity identity_;                // of the archive
  std::map<std::string, Range> ranges_;  // in the archive
};

}  // namespace mlpack
