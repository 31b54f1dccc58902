#pragma once

#include "layers/tar_view.h"
#include "lib/file.h"
#include "lib/sink.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace mlpack::test {

/// What `command` (run by sh) writes to stdout and stderr; the test fails unless it exits with 0.
inline std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::string buffer(4096, '\0');
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer, 0, count);
  }
  INFO(command);
  INFO(text);
  REQUIRE(::pclose(pipe) == 0);
  return text;
}

inline std::string all_of(Source& source) {
  StringSink sink(std::numeric_limits<std::size_t>::max());
  copy(source, sink);
  return sink.text;
}

inline RecipeEntry text_entry(std::string path, std::string text) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.size = text.size();
  entry.content = std::move(text);
  return entry;
}

inline RecipeEntry folder_entry(std::string path) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.kind = EntryKind::directory;
  entry.mode = 0755;
  return entry;
}

inline RecipeEntry link_entry(std::string path, std::string target) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.kind = EntryKind::symlink;
  entry.mode = 0777;
  entry.link = std::move(target);
  return entry;
}

inline RecipeEntry file_entry(std::string path, const fs::path& file) {
  const FileIdentity identity = identity_of(open_regular(file));
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.size = identity.size;
  entry.content = FileRange{file, identity, 0};
  return entry;
}

/// The archive of `view` as a file at `path`.
inline void write_tar(const TarView& view, const fs::path& path) {
  AtomicFile file(path);
  copy(*view.open(), file);
  file.commit();
}

}  // namespace mlpack::test
