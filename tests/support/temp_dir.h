#pragma once

#include "lib/file.h"

#include <string>
#include <string_view>

namespace mlpack::test {

/// A fresh folder under the system's temporary folder; removed with all it holds when destroyed.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const fs::path& path() const { return path_; }
  fs::path operator/(std::string_view name) const { return path_ / name; }
  /// Writes `text` to `name` below this folder, making parents, and returns the path.
  fs::path write(std::string_view name, std::string_view text) const;
  std::string read(std::string_view name) const;

 private:
  fs::path path_;
};

}  // namespace mlpack::test
