#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A list of patterns as gitignore(5) has them, matched byte by byte:
///
///   pattern = [ "!" ] , [ "/" ] , segment , { "/" , segment } , [ "/" ]
///   segment = "**" | { "*" | "?" | "[" set "]" | "\" byte | byte }
///
/// A pattern with a slash before its end is anchored at the root, any other matches at every depth;
/// a slash at the end matches folders only; `!` takes back what an earlier pattern matched. What is
/// below a matched folder is for the caller: it matches the folders on the way down.
class Globs {
 public:
  /// Throws Fault::usage naming `what` (such as "`include` of `weights/`") and the pattern where
  /// one is empty or holds an unclosed `[`.
  static Globs parse(const std::vector<std::string>& patterns, const std::string& what);
  /// A file of patterns, one a line; blank lines and those that begin with `#` do not count.
  static Globs parse_lines(std::string_view text, const std::string& what);

  enum class Kind { file, folder };
  enum class Verdict { unmatched, matched, taken_back };
  /// What the last pattern that matches `path` (relative to the root, no slash at the ends) says.
  Verdict match(std::string_view path, Kind kind);
  /// The pattern, as written, by which `path` is matched; nullopt where it is not.
  std::optional<std::string> matching(std::string_view path, Kind kind) const;

  bool empty() const { return patterns_.empty(); }
  /// The patterns without `!` that matched nothing so far, as written.
  std::vector<std::string> unused() const;

 private:
  struct Pattern {
    std::string text;  // as written
    std::vector<std::string> segments;
    bool negated = false;
    bool folders_only = false;
    bool used = false;
  };
  static bool matches(const Pattern& pattern, const std::vector<std::string_view>& path, Kind kind);
  void add(std::string_view text, const std::string& what);

  std::vector<Pattern> patterns_;
};

}  // namespace mlpack
