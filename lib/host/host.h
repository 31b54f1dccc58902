#pragma once

#include "lib/file.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The file system of a machine: this one's, or a tree that was captured of another, below its
/// root. Links are followed inside of the root alone. Nothing here fails: what is not there, or may
/// not be read, is absent.
class Host {
 public:
  explicit Host(fs::path root = "/");

  /// Whether it is the machine that we run on, which can be asked for more than files.
  bool is_here() const { return root_ == "/"; }
  const fs::path& root() const { return root_; }

  /// Where `path` (`/etc/cdi`) is for us, all links followed; nullopt: nowhere.
  std::optional<fs::path> real(std::string_view path) const;
  bool exists(std::string_view path) const { return real(path).has_value(); }
  /// A regular file of at most `limit` bytes.
  std::optional<std::string> text(std::string_view path,
                                  std::uint64_t limit = std::uint64_t{4} << 20) const;
  /// The first bytes of a file, at most `most`; empty where there is none.
  std::string head(std::string_view path, std::size_t most) const;
  /// Its first line without blanks around it; empty where there is none.
  std::string line(std::string_view path) const;
  /// The names in a folder, sorted.
  std::vector<std::string> names(std::string_view path) const;
  /// The last part of what the link `path` leads to; empty: it is none.
  std::string link_name(std::string_view path) const;

 private:
  std::optional<fs::path> walk(std::string_view path, bool follow_last) const;

  fs::path root_;
};

}  // namespace mlpack
