#pragma once

#include "layers/file_set.h"
#include "layers/glob.h"

#include <string>

namespace mlpack {

/// Which files of a TreeInput are taken: `include`, `exclude` and the ignore file together. Paths
/// are relative to the source.
class FileFilter {
 public:
  /// `shown` is the source as messages name it, `absolute` where it is.
  FileFilter(const TreeInput& input, std::string shown, const std::string& absolute);

  enum class Taken { no, yes };
  /// What holds at the source itself.
  Taken at_top() const;
  /// Excluded: neither it nor what lies below it.
  bool excludes(const std::string& path, Globs::Kind kind);
  /// Whether an include takes `path`; `above` is what holds for its folder.
  Taken includes(const std::string& path, Globs::Kind kind, Taken above);
  /// Fault::usage naming the first include that took nothing.
  void check_all_used() const;

 private:
  void read_ignore_file(const fs::path& file, const std::string& absolute);

  std::string shown_;
  Globs include_;
  Globs include_of_excluded_;  // the same, matched against what is left out
  Globs exclude_;
  Globs ignore_;
  std::string ignore_prefix_;  // from the folder of the ignore file to the source
};

}  // namespace mlpack
