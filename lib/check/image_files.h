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
  ImageFiles() = default;
  ImageFiles(ImageFiles&&) = default;
  ImageFiles& operator=(ImageFiles&&) = default;
  ImageFiles(const ImageFiles&) = delete;
  ImageFiles& operator=(const ImageFiles&) = delete;

  /// A layer takes away before it adds; what is no folder replaces a folder with all in it; names
  /// go through the links that are there.
  void add(LayerFacts layer);

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
  /// Those of which something was found out from their bytes, by path.
  const std::map<std::string_view, const FileFacts*>& read() const { return read_; }
  /// Large files that lower layers carry and nobody sees, because layers above replace or remove
  /// them.
  struct HiddenFile {
    std::string path;
    std::uint64_t size = 0;
  };
  const std::vector<HiddenFile>& hidden() const { return hidden_; }
  /// Files with a secret, of all layers, from the lowest: whoever can pull the image can read those
  /// that are not seen any more, too.
  struct LayerSecret {
    std::string path;
    std::string secret;     // as FileContent has it
    std::size_t layer = 0;  // the lowest is 1
  };
  const std::vector<LayerSecret>& secrets() const { return secrets_; }
  /// How many layers were added.
  std::size_t layers() const { return layers_; }

 private:
  using Files = std::map<std::string, FileFacts, std::less<>>;
  /// Where the folders of a layer's files really are. What is new changes nothing about it, only
  /// what takes another's place does.
  struct RealFolders {
    std::string last;  // files come in a row
    std::string last_real;
    std::unordered_map<std::string, std::string> known;
  };
  void remove(Files::iterator first, Files::iterator last);
  void remove_below(const std::string& path);
  void add_file(FileFacts file, RealFolders& folders);
  std::string with_real_folder(const std::string& path) const;
  std::optional<std::string> real_below_known(std::string_view folder,
                                              const RealFolders& folders) const;
  const std::string& real_folder(std::string_view folder, RealFolders& folders) const;
  bool make_room(const FileFacts& file);

  Files files_;
  std::map<std::string_view, const FileFacts*> read_;  // views of keys of `files_`
  std::vector<HiddenFile> hidden_;
  std::vector<LayerSecret> secrets_;
  std::size_t layers_ = 0;
};

/// The lines of etc/passwd that are well-formed.
struct PasswdLine {
  std::string name;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::string home;
};
std::vector<PasswdLine> passwd_lines(const ImageFiles& files);

/// The same of etc/group.
struct GroupLine {
  std::string name;
  std::uint64_t gid = 0;
  std::vector<std::string> members;
};
std::vector<GroupLine> group_lines(const ImageFiles& files);

}  // namespace mlpack
