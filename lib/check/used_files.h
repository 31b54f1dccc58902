#pragma once

#include "lib/check/check.h"
#include "lib/check/loader.h"

#include <set>
#include <string>

namespace mlpack {

/// A module of a Python package that is written in C.
bool is_python_module(std::string_view path);

/// The programs and libraries that a container is known to load: what is started, with the
/// libraries that it needs and what lies beside them in a folder of their own (plug-ins are loaded
/// by name), and all that Python packages bring. Where a shell is started nobody knows, and
/// everything counts.
class UsedFiles {
 public:
  UsedFiles(const CheckInput& input, Loader& loader);
  bool contains(const FileFacts& file) const;

 private:
  void add(const FileFacts* start, Loader& loader);

  bool is_everything_ = false;
  std::set<const FileFacts*> files_;
  std::set<std::string, std::less<>> folders_;
};

}  // namespace mlpack
