#pragma once

#include "lib/check/elf_facts.h"
#include "lib/oci/recipe.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What was found out from the bytes of a file.
struct FileContent {
  /// All of a file that sets up users or the loader, or configures a model; of a script its first
  /// line, with `#!`.
  std::string text;
  std::optional<ElfFacts> elf;
  std::string secret;                // such as `a private key`; never the secret itself
  std::vector<std::string> imports;  // of a pickle, such as `os.system`, sorted
  std::string unread;                // why the pickles in it could not be read; empty: they were
  bool is_lfs_pointer = false;       // a line that stands for a file of Git LFS
  std::string sample;                // of a file of weights: of its bytes here and there, a digest
  /// Of a tokenizer_config.json.
  enum class ChatTemplate { unknown, absent, present } chat_template = ChatTemplate::unknown;
  std::vector<std::string> shards;  // that an index of weights names, sorted
  bool operator==(const FileContent&) const = default;
};

/// A path of a layer.
struct FileFacts {
  std::string path;  // as in recipes
  EntryKind kind = EntryKind::file;
  unsigned mode = 0;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint64_t size = 0;
  std::string link;
  std::shared_ptr<const FileContent> content;  // nullptr: nothing of interest
};

/// What a layer does to a root, and what there is to know of its files.
struct LayerFacts {
  std::vector<FileFacts> files;      // in the archive's order; devices and FIFOs as empty files
  std::vector<std::string> removed;  // paths of the layers below that are gone, with all in them
  std::vector<std::string> emptied;  // folders of which what the layers below put in is gone
};

}  // namespace mlpack
