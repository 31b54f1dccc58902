#include "lib/catalog/template_node.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace mlpack {
namespace {

TemplateNode converted(const YAML::Node& node) {
  TemplateNode result;
  result.line = static_cast<std::size_t>(node.Mark().line) + 1;
  if (node.IsScalar()) {
    result.kind = TemplateNode::Kind::scalar;
    result.text = node.Scalar();
  } else if (node.IsSequence()) {
    result.kind = TemplateNode::Kind::list;
    for (const YAML::Node& item : node)
      result.items.push_back(converted(item));
  } else if (node.IsMap()) {
    result.kind = TemplateNode::Kind::map;
    for (const auto& entry : node) {
      result.keys.push_back(entry.first.Scalar());
      result.items.push_back(converted(entry.second));
    }
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

TemplateNode read_template(const fs::path& path) {
  return converted(YAML::Load(read_file(path, 1 << 20)));
}

void reject(const TemplateNode& node, const std::string& message) {
  throw Error(Fault::input, fmt::format("line {}: {}", node.line, message));
}

TemplateMap::TemplateMap(const TemplateNode& node) : node_(&node) {
  if (node.kind != TemplateNode::Kind::map) reject(node, "expected a map");
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    if (unread_.insert(node.keys[i]).second) continue;
    reject(node.items[i], "duplicate key " + node.keys[i]);
  }
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

void TemplateMap::finish() const {
  if (!unread_.empty()) reject(*node_, "unknown key " + *unread_.begin());
}

}  // namespace mlpack
