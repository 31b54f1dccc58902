#include "lib/spec/decode_parts.h"

#include "lib/spec/rules.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace mlpack::decoding {
namespace {

using Kind = YamlNode::Kind;

// JSON numbers are written as they are; YAML's other notations (`0x10`, `.5`, `+1`) become text.
bool is_json_number(const YamlNode& node) {
  if (!node.plain || node.type == YamlNode::Scalar::text) return false;
  return nlohmann::json::accept(node.text) && node.type != YamlNode::Scalar::boolean;
}

// std::string(text) keeps what nlohmann would refuse: the spec was found to be UTF-8.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

std::string compact_json(const YamlNode& node) {
  std::vector<std::string> parts;
  switch (node.kind) {
    case Kind::null:
      return "null";
    case Kind::scalar:
      if (node.plain && node.type == YamlNode::Scalar::boolean) return to_lower(node.text);
      return is_json_number(node) ? node.text : quoted(node.text);
    case Kind::list:
      for (const YamlNode& item : node.items)
        parts.push_back(compact_json(item));
      return "[" + join(parts, ",") + "]";
    case Kind::map:
      for (const YamlEntry& entry : node.entries) {
        parts.push_back(quoted(entry.key) + ":" + compact_json(entry.value));
      }
      return "{" + join(parts, ",") + "}";
  }
  return {};
}

RuntimeArg argument(const YamlEntry& entry) {
  RuntimeArg arg;
  arg.key = entry.key;
  const YamlNode& value = entry.value;
  if (value.kind == Kind::map) {
    arg.kind = RuntimeArg::Kind::json;
    arg.text = compact_json(value);
  } else if (value.kind == Kind::list) {
    arg.kind = RuntimeArg::Kind::list;
    for (const YamlNode& item : value.items) {
      arg.items.push_back(item.kind == Kind::scalar ? item.text : compact_json(item));
    }
  } else if (value.kind == Kind::scalar && value.plain && value.type == YamlNode::Scalar::boolean) {
    const bool set = to_lower(value.text) == "true";
    arg.kind = set ? RuntimeArg::Kind::flag : RuntimeArg::Kind::omitted;
  } else if (value.kind == Kind::scalar) {
    arg.kind = RuntimeArg::Kind::text;
    arg.text = value.text;
  }
  return arg;
}

struct Scheme {
  std::string_view prefix;
  SourceKind kind;
};

constexpr std::array schemes{
    Scheme{"hf://", SourceKind::hugging_face},
    Scheme{"https://", SourceKind::https},
    Scheme{"oci://", SourceKind::oci},
    Scheme{"s3://", SourceKind::s3},
};

SourceKind source_kind(std::string_view source) {
  for (const Scheme& scheme : schemes) {
    if (source.starts_with(scheme.prefix)) return scheme.kind;
  }
  return SourceKind::path;
}

std::optional<fs::path> optional_path(const YamlNode& map,
                                      std::string_view key,
                                      const fs::path& folder) {
  const YamlNode* const node = map.find(key);
  if (node == nullptr) return std::nullopt;
  return resolved(folder, node->text);
}

}  // namespace

std::string text(const YamlNode& map, std::string_view key) {
  const YamlNode* const node = map.find(key);
  return node == nullptr ? std::string() : node->text;
}

std::uint64_t number(const YamlNode* node, std::uint64_t fallback) {
  if (node == nullptr) return fallback;
  return parse_number(node->text, std::uint64_t{1} << 62).value_or(fallback);
}

std::span<const YamlNode> list(const YamlNode* node) {
  return node == nullptr ? std::span<const YamlNode>() : node->items;
}

std::span<const YamlEntry> entries(const YamlNode* node) {
  return node == nullptr ? std::span<const YamlEntry>() : node->entries;
}

std::vector<std::string> texts(const YamlNode* node) {
  std::vector<std::string> found;
  for (const YamlNode& item : list(node))
    found.push_back(item.text);
  return found;
}

std::uint64_t seconds(const std::string& duration) {
  if (duration.empty()) return 0;
  const std::uint64_t unit = duration.back() == 'h' ? 3600 : duration.back() == 'm' ? 60 : 1;
  const std::string_view count = std::string_view(duration).substr(0, duration.size() - 1);
  return parse_number(count, 999'999).value_or(0) * unit;
}

fs::path resolved(const fs::path& folder, const std::string& path) {
  return (folder / path).lexically_normal();
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path;
}

Compression compression(const YamlNode* node, Compression fallback) {
  if (node == nullptr) return fallback;
  if (node->text == "zstd") return Compression::zstd;
  return node->text == "gzip" ? Compression::gzip : Compression::none;
}

Base base(const YamlNode& node, const fs::path& folder) {
  if (node.kind == Kind::map) {
    return BaseDebian{text(node, "debian"),
                      text(node, "mirror"),
                      text(node, "security_mirror"),
                      text(node, "snapshot")};
  }
  if (node.text == "auto") return BaseAuto{};
  if (node.text == "scratch") return BaseScratch{};
  constexpr std::string_view layout = "oci:";
  if (!node.text.starts_with(layout)) return BaseReference{node.text};
  const std::string rest = node.text.substr(layout.size());
  const std::size_t colon = rest.find(':');
  const std::string tag = colon == std::string::npos ? "" : rest.substr(colon + 1);
  return BaseLayout{resolved(folder, rest.substr(0, colon)), tag};
}

Runtime runtime(const YamlNode& node, const fs::path& folder) {
  Runtime runtime;
  if (node.kind == Kind::scalar) {
    runtime.name = node.text;
    return runtime;
  }
  runtime.name = text(node, "name");
  runtime.version = text(node, "version");
  runtime.model = text(node, "model");
  runtime.adapters = texts(node.find("adapters"));
  runtime.config = optional_path(node, "config", folder);
  const YamlNode* const args = node.find("args");
  runtime.plain_args = texts(args);
  for (const YamlEntry& entry : entries(args))
    runtime.args.push_back(argument(entry));
  return runtime;
}

Python python(const YamlNode& node, const fs::path& folder) {
  Python python;
  python.version = text(node, "version");
  python.requirements = optional_path(node, "requirements", folder);
  python.lock = optional_path(node, "lock", folder);
  python.packages = texts(node.find("packages"));
  python.extras = texts(node.find("extras"));
  python.groups = texts(node.find("groups"));
  python.index_url = text(node, "index_url");
  python.extra_index_urls = texts(node.find("extra_index_urls"));
  for (const std::string& path : texts(node.find("find_links"))) {
    python.find_links.push_back(resolved(folder, path));
  }
  if (text(node, "install") == "base") python.install = Python::Install::base;
  return python;
}

Weights weights(const YamlNode& node, const fs::path& folder) {
  Weights weights;
  const YamlNode& source = *node.find("source");
  weights.kind = source_kind(source.text);
  weights.source_place = source.place;
  weights.source =
      weights.kind == SourceKind::path ? resolved(folder, source.text).string() : source.text;
  weights.name = text(node, "name");
  if (weights.name.empty()) weights.name = rules::default_weights_name(source.text);
  const std::string target = text(node, "target");
  weights.target = target.empty() ? "/models/" + weights.name : target;
  weights.include = texts(node.find("include"));
  weights.exclude = texts(node.find("exclude"));
  weights.license = text(node, "license");
  weights.compression = compression(node.find("compression"), Compression::none);
  return weights;
}

}  // namespace mlpack::decoding
