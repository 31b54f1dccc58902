#pragma once

#include "lib/file.h"
#include "lib/spec/place.h"
#include "lib/spec/problems.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A value of a file of templates/, or of one in its format, with its place for messages.
struct TemplateNode {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  Place place;
  std::string text;                 // of a scalar
  std::vector<TemplateNode> items;  // of a list; the values of a map
  std::vector<std::string> keys;    // of a map, in the file's order
  std::vector<Place> key_places;

  bool is_null() const { return kind == Kind::null; }
  /// The parts of a list, or the scalar alone; none for null. Rejects anything else.
  std::vector<std::string> texts() const;
};

/// Reads YAML; null where there is nothing in it. See parse_yaml for what goes to `problems`.
TemplateNode parse_template(std::string_view text, Problems& problems);
/// The file at `path`, at most 1 MiB; one Error of all its problems.
TemplateNode read_template(const fs::path& path);

/// Fault::input with the line in its message, and the place without a file.
[[noreturn]] void reject(const TemplateNode& node,
                         const std::string& message,
                         const std::string& hint = {});

/// Runs `work`; an Error that leaves it is about `node`.
template <class Work>
void at_node(const TemplateNode& node, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    reject(node, error.what(), error.hint());
  }
}

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
  /// Rejects the first key that is none of `keys`, and says which it may have been meant to be.
  void allow(const std::vector<std::string>& keys) const;
  void finish() const;
  const TemplateNode& node() const { return *node_; }

 private:
  const TemplateNode* node_;
  std::set<std::string> unread_;
};

}  // namespace mlpack
