#pragma once

#include "layers/file_set.h"
#include "layers/glob.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

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
  bool excludes(const std::string& path, Globs::Kind kind) const;
  /// Whether an include takes `path`; `above` is what holds for its folder.
  Taken includes(const std::string& path, Globs::Kind kind, Taken above);
  /// Whether `file`, and every folder on the way to it, is taken.
  bool takes(const std::string& file);
  /// Fault::usage naming the first include that took nothing, and the patterns that exclude all
  /// that it matches, if they do.
  void check_all_used() const;
  /// Of `files`, all that a source somewhere else lists, those that are taken, as of a folder with
  /// just them. Fault::usage as check_all_used.
  std::vector<std::string> select(const std::vector<std::string>& files);

 private:
  void read_ignore_file(const fs::path& file);
  // The pattern that excludes `path`; the second one's may exclude a folder above it.
  std::optional<std::string> excluder(const std::string& path, Globs::Kind kind) const;
  std::optional<std::string> excluder_on_the_way(const std::string& path, Globs::Kind kind) const;
  std::set<std::string> excluders_of(const std::string& include) const;
  std::set<std::string> excluders_among(const std::vector<std::string>& files,
                                        const std::string& include) const;
  void refuse_unused(const std::string& include,
                     const std::set<std::string>& excluders,
                     const std::string& hint) const;

  std::string shown_;
  fs::path absolute_;
  TreeInput::Links links_;
  Globs include_;
  Globs exclude_;
  Globs ignore_;
  std::string ignore_prefix_;  // from the folder of the ignore file to the source
};

}  // namespace mlpack
