#pragma once

#include "lib/oci/recipe.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What is known of the root that layers are put on: folders that are surely there, so that no
/// layer brings them again with other rights, and symlinks on the way to a destination. Paths are
/// relative to the root, as in recipes.
class RootView {
 public:
  /// `scratch`: nothing is there.
  static RootView empty();
  /// An image whose files were not looked at: the folders of the FHS are there, and whether /bin,
  /// /sbin, /lib*, /var/run and /var/lock are links nobody knows.
  static RootView unknown_image();

  void add_folder(std::string path);
  void add_link(std::string path, std::string target);
  /// All folders and symlinks of `recipe` (a system layer, for instance).
  void add(const LayerRecipe& recipe);

  /// False for an image whose files were not looked at: any folder may be there, with any rights.
  bool is_known() const { return known_; }
  bool has_folder(std::string_view path) const;
  const std::set<std::string, std::less<>>& folders() const { return folders_; }
  const std::map<std::string, std::string, std::less<>>& links() const { return links_; }

  /// Where a folder at `path` really is: every link on the way and at its end is followed. Throws
  /// Fault::usage where a link may be in the way and is not known, or links lead in circles.
  std::string resolve_folder(std::string_view path) const;
  /// Where an entry other than a folder at `path` really is; Fault::usage where it would replace a
  /// link to a folder.
  std::string resolve_entry(std::string_view path) const;

 private:
  std::string resolve(std::string_view folder, std::string_view shown, std::string_view last) const;
  void check_known(const std::string& folder,
                   const std::string& rest,
                   std::string_view shown) const;
  bool may_be_redirected(std::string_view path) const;

  bool known_ = true;
  std::set<std::string, std::less<>> folders_;
  std::set<std::string, std::less<>> redirecting_;  // first parts of links and doubtful paths
  std::map<std::string, std::string, std::less<>> links_;
  std::map<std::string, std::string, std::less<>> doubtful_;  // path → where it mostly leads
};

}  // namespace mlpack
