#pragma once

#include "lib/file.h"

#include <memory>
#include <string>
#include <string_view>

namespace mlpack {

/// Where an upload goes on that breaks off: the URL that the registry gave for the rest. Held by
/// whoever uploads; a process that is killed leaves it to the next. Readable for its owner alone,
/// since some registries sign such URLs. Only speed depends on it: what cannot be kept is not.
class UploadNote {
 public:
  /// nullptr where somebody else is at that upload, or no file can be kept there.
  static std::unique_ptr<UploadNote> take(const fs::path& path);
  /// The file stays where something was kept and not dropped.
  ~UploadNote();
  UploadNote(const UploadNote&) = delete;
  UploadNote& operator=(const UploadNote&) = delete;

  /// What was kept last, by a process of today or yesterday; empty: nothing.
  std::string location() const;
  void keep(std::string_view location);
  void drop();

 private:
  UploadNote(fs::path path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  fs::path path_;
  Fd fd_;
};

}  // namespace mlpack
