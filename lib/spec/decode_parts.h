#pragma once

#include "lib/spec/spec.h"
#include "lib/spec/variables.h"
#include "lib/spec/yaml.h"

#include <span>

/// Pieces of decode: all take nodes that were found to be right.
namespace mlpack::decoding {

/// The text of `key`; empty where there is none.
std::string text(const YamlNode& map, std::string_view key);
std::uint64_t number(const YamlNode* node, std::uint64_t fallback);
std::span<const YamlNode> list(const YamlNode* node);
std::span<const YamlEntry> entries(const YamlNode* node);
std::vector<std::string> texts(const YamlNode* node);
/// `90s`, `30m`, `1h`; 0 for empty text.
std::uint64_t seconds(const std::string& duration);

/// `path` seen from the spec's folder.
fs::path resolved(const fs::path& folder, const std::string& path);
std::string without_slash(std::string path);

Compression compression(const YamlNode* node, Compression fallback);
Base base(const YamlNode& node, const fs::path& folder);
Runtime runtime(const YamlNode& node, const fs::path& folder);
Python python(const YamlNode& node, const fs::path& folder);
Weights weights(const YamlNode& node, const fs::path& folder);

}  // namespace mlpack::decoding
