#pragma once

#include "lib/check/layer_facts.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlpack {

/// The files of an image as a container sees them: layers put on each other from the lowest, what
/// they take away taken away. Paths are relative to the root, as in recipes.
class ImageFiles {
 public:
  /// A layer takes away before it adds; what is no folder replaces a folder with all in it; names
  /// go through the links that are there.
  void add(const LayerFacts& layer);

  /// What is at `path` itself, links not followed; nullptr: nothing, or a folder that no layer
  /// names.
  const FileFacts* find(std::string_view path) const;
  bool is_folder(const std::string& path) const;
  /// Where `path` (with a slash in front or without) leads, all links and dots followed as the
  /// kernel does; nullopt: nowhere, or in circles.
  std::optional<std::string> real_path(std::string_view path) const;
  /// The file that `path` leads to; nullptr: none, or a folder.
  const FileFacts* file(std::string_view path) const;
  /// The files right in the folder `path`, which is real, by name.
  std::vector<const FileFacts*> children(const std::string& path) const;
  const std::map<std::string, FileFacts, std::less<>>& all() const { return files_; }

 private:
  void remove_below(const std::string& path);
  void add_file(FileFacts file);
  std::string with_real_folder(const std::string& path) const;

  std::map<std::string, FileFacts, std::less<>> files_;
};

/// The lines of etc/passwd that are well-formed.
struct PasswdLine {
  std::string name;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::string home;
};
std::vector<PasswdLine> passwd_lines(const ImageFiles& files);

}  // namespace mlpack
