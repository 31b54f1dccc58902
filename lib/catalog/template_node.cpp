#include "lib/catalog/template_node.h"

#include "lib/error.h"
#include "lib/spec/yaml.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

TemplateNode converted(YamlNode node) {
  TemplateNode result;
  result.place = node.place;
  result.text = std::move(node.text);
  switch (node.kind) {
    case YamlNode::Kind::null:
      break;
    case YamlNode::Kind::scalar:
      result.kind = TemplateNode::Kind::scalar;
      break;
    case YamlNode::Kind::list:
      result.kind = TemplateNode::Kind::list;
      for (YamlNode& item : node.items)
        result.items.push_back(converted(std::move(item)));
      break;
    case YamlNode::Kind::map:
      result.kind = TemplateNode::Kind::map;
      for (YamlEntry& entry : node.entries) {
        result.keys.push_back(std::move(entry.key));
        result.key_places.push_back(entry.place);
        result.items.push_back(converted(std::move(entry.value)));
      }
      break;
  }
  return result;
}
}  // namespace

std::vector<std::string> TemplateNode::texts() const {
  std::vector<std::string> found;
  if (kind == Kind::scalar) found.push_back(text);
  if (kind == Kind::map) reject(*this, "expected text or a list");
  for (const TemplateNode& item : items) {
    if (item.kind != Kind::scalar) reject(item, "expected text");
    found.push_back(item.text);
  }
  return found;
}

TemplateNode parse_template(std::string_view text, Problems& problems) {
  return converted(parse_yaml(text, problems));
}

TemplateNode read_template(const fs::path& path) {
  Problems problems(path, Fault::input);
  TemplateNode root = parse_template(read_file(path, 1 << 20), problems);
  problems.raise_if_any();
  return root;
}

void reject(const TemplateNode& node, const std::string& message, const std::string& hint) {
  throw Error(Fault::input,
              fmt::format("line {}: {}", node.place.line, message),
              hint,
              {{"", node.place.line, node.place.column, message}});
}

TemplateMap::TemplateMap(const TemplateNode& node)
    : node_(&node), unread_(node.keys.begin(), node.keys.end()) {
  if (node.kind != TemplateNode::Kind::map) reject(node, "expected a map");
}

bool TemplateMap::has(const std::string& key) const {
  return unread_.contains(key);
}

const TemplateNode& TemplateMap::at(const std::string& key) {
  if (unread_.erase(key) == 0) reject(*node_, "missing " + key);
  const auto found = std::find(node_->keys.begin(), node_->keys.end(), key);
  return node_->items[static_cast<std::size_t>(found - node_->keys.begin())];
}

std::string TemplateMap::text(const std::string& key) {
  const TemplateNode& value = at(key);
  if (value.kind != TemplateNode::Kind::scalar) reject(value, key + " must be text");
  return value.text;
}

std::uint64_t TemplateMap::number(const std::string& key) {
  const auto number = parse_number(text(key), INT64_MAX);
  if (!number) reject(*node_, key + " must be a number");
  return *number;
}

std::string TemplateMap::one_of(const std::string& key, const std::vector<std::string>& allowed) {
  std::string value = text(key);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    reject(*node_, fmt::format("{} must be one of {}", key, join(allowed, ", ")));
  }
  return value;
}

std::vector<std::string> TemplateMap::list(const std::string& key) {
  const TemplateNode& value = at(key);
  if (value.kind != TemplateNode::Kind::list) reject(value, key + " must be a list");
  return value.texts();
}

std::vector<TemplateMap> TemplateMap::rows(const std::string& key) {
  const TemplateNode& value = at(key);
  if (value.kind != TemplateNode::Kind::list) reject(value, key + " must be a list");
  std::vector<TemplateMap> found;
  found.reserve(value.items.size());
  for (const TemplateNode& item : value.items)
    found.emplace_back(item);
  return found;
}

void TemplateMap::skip(const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    unread_.erase(key);
}

void TemplateMap::allow(const std::vector<std::string>& keys) const {
  const std::set<std::string> known(keys.begin(), keys.end());
  for (std::size_t i = 0; i < node_->keys.size(); ++i) {
    const std::string& key = node_->keys[i];
    if (known.contains(key)) continue;
    TemplateNode at;
    at.place = node_->key_places[i];
    const std::vector<std::string_view> candidates(keys.begin(), keys.end());
    const auto slip = did_you_mean(key.substr(0, 64), candidates);
    reject(at,
           fmt::format("unknown key {}", printable(key)),
           slip ? fmt::format("did you mean `{}`?", *slip) : "");
  }
}

void TemplateMap::finish() const {
  if (!unread_.empty()) reject(*node_, "unknown key " + *unread_.begin());
}

}  // namespace mlpack
