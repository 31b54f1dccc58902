#pragma once

#include "lib/oci/recipe.h"

#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// Every path of a root, with the package that it came from.
class RootPaths {
 public:
  /// The owner of what no package holds.
  static constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();
  /// The owner of what a base image holds, whichever of its packages it is of.
  static constexpr std::size_t the_base = nobody - 2;

  /// Takes the entry in. Where its path is taken already, nothing changes, and the owner of that is
  /// returned unless both agree: two folders, or two symlinks with one target.
  std::optional<std::size_t> claim(RecipeEntry entry, std::size_t owner);
  /// Takes the entry in, in place of what is there.
  void replace(RecipeEntry entry, std::size_t owner);
  /// Forgets what lies below `path`.
  void remove_below(const std::string& path);
  /// Forgets `path` and what lies below it.
  void remove(const std::string& path);

  /// nullptr where there is none.
  const RecipeEntry* find(const std::string& path) const;
  /// `unknown` where the path is not there.
  static constexpr std::size_t unknown = nobody - 1;
  std::size_t owner(const std::string& path) const;
  /// What lies in the folder `path` itself, by name.
  std::vector<const RecipeEntry*> children(const std::string& path) const;

  /// Those of `names` that something which is no folder has, in whichever folder.
  std::set<std::string, std::less<>> names_among(
      const std::set<std::string, std::less<>>& names) const;

  /// `path` with every symlink on the way to its last part followed, as the kernel would from the
  /// root; Fault::integrity where that does not end.
  std::string resolve_parents(const std::string& path) const;
  /// The same with the last part followed as well.
  std::string resolve(const std::string& path) const;

 private:
  struct Claim {
    RecipeEntry entry;
    std::size_t owner;
  };
  std::map<std::string, Claim> claims_;
};

}  // namespace mlpack
