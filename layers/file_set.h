#pragma once

#include "lib/file.h"
#include "lib/oci/recipe.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

struct Owner {
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  bool operator==(const Owner&) const = default;
};

/// A file or folder of the user's and where it goes.
struct TreeInput {
  enum class Links {
    keep,   // as symlinks; one that leaves the source is refused (`files`)
    follow  // what they lead to is taken, wherever it is (`weights`: the hub's cache is made of
            // them)
  };
  fs::path source;
  std::string target;                // absolute; ends in `/`: a file lands in it
  std::vector<std::string> include;  // empty: everything
  std::vector<std::string> exclude;  // wins
  std::optional<unsigned> mode;      // of files; folders get an x for every r
  std::optional<Owner> owner;        // default 0:0
  fs::path ignore_file;              // its patterns are relative to its folder; may be missing
  Links links = Links::keep;
};

/// What `input` puts into an image, sorted by the bytes of the paths: files with mode 0644, or 0755
/// where their owner may execute them, folders 0755 (the target itself too, its parents not), empty
/// folders kept where there is no `include`. Only names and states are looked at, no content is
/// read. A hard link is a file of its own; a sparse file is as long as it says.
///
/// Fault::usage: a bad target, an include that matches nothing. Fault::input naming the path: what
/// is missing or unreadable; a FIFO, socket or device; a file of /proc and its like; a symlink that
/// leaves the source, leads nowhere (followed ones) or in circles; a name with a newline or that
/// begins with `.wh.`.
std::vector<RecipeEntry> walk(const TreeInput& input);

/// `/a//b/./c/` as `a/b/c`; Fault::usage naming `what` where `target` is not absolute or holds
/// `..`, a NUL or newline, or a part that begins with `.wh.`.
std::string parse_target(const std::string& target, const std::string& what);

/// One line for each group of `entries` whose paths have one fold (see fold_name).
std::vector<std::string> case_collisions(const std::vector<RecipeEntry>& entries);

}  // namespace mlpack
