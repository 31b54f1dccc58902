#pragma once

#include "lib/file.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// A value of a file of templates/, with its line for messages.
struct TemplateNode {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  std::size_t line = 0;
  std::string text;                 // of a scalar
  std::vector<TemplateNode> items;  // of a list; the values of a map
  std::vector<std::string> keys;    // of a map, in the file's order

  bool is_null() const { return kind == Kind::null; }
  /// The parts of a list, or the scalar alone; none for null. Rejects anything else.
  std::vector<std::string> texts() const;
};

TemplateNode read_template(const fs::path& path);

/// Fault::input with the line.
[[noreturn]] void reject(const TemplateNode& node, const std::string& message);

/// A map of a template; what was not read by `finish` is an error, so nothing in a table is idle.
class TemplateMap {
 public:
  explicit TemplateMap(const TemplateNode& node);

  bool has(const std::string& key) const;
  const TemplateNode& at(const std::string& key);
  std::string text(const std::string& key);
  std::uint64_t number(const std::string& key);
  std::string one_of(const std::string& key, const std::vector<std::string>& allowed);
  std::vector<std::string> list(const std::string& key);
  std::vector<TemplateMap> rows(const std::string& key);
  /// For readers alone; they may be absent.
  void skip(const std::vector<std::string>& keys);
  void finish() const;
  const TemplateNode& node() const { return *node_; }

 private:
  const TemplateNode* node_;
  std::set<std::string> unread_;
};

}  // namespace mlpack
