#pragma once

#include "lib/spec/problems.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

struct YamlEntry;

/// A node of a YAML document: a plain tree, in which aliases are copies of what they stand for.
struct YamlNode {
  enum class Kind { null, scalar, list, map };
  /// What a plain scalar means in YAML 1.2's core schema; quoted ones are text. So `yes`, `on` and
  /// `1:30` are text here.
  enum class Scalar { text, boolean, integer, real };

  Kind kind = Kind::null;
  Scalar type = Scalar::text;
  bool plain = false;  // of a scalar: neither quoted nor a block
  Place place;
  std::string text;                // of a scalar: as written, quotes and escapes resolved
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in the order of the file, each key once

  /// The value of `key` in a map; nullptr where there is none.
  const YamlNode* find(std::string_view key) const;
  YamlNode* find(std::string_view key);
};

struct YamlEntry {
  std::string key;
  Place place;
  YamlNode value;
};

/// Reads the one document of `text`; null where there is none. Duplicate keys, merge keys, keys
/// that are not text and tags go to `problems`; what makes reading on pointless (bad UTF-8, bad
/// syntax, several documents, an alias inside of what it stands for, more than 64 levels, 20,000
/// nodes or 4 MiB once aliases are copied) is raised at once.
YamlNode parse_yaml(std::string_view text, Problems& problems);

}  // namespace mlpack
