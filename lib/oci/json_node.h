#pragma once

#include "lib/digest.h"
#include "lib/error.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// A foreign JSON document: how messages name it, and what a broken rule is.
struct Document {
  std::string what;  // such as "manifest of `x`"
  Fault fault = Fault::input;
  std::string hint;
};

/// parse_json, its errors those of `document`.
nlohmann::ordered_json parse_document(std::string_view text, const Document& document);

/// Foreign text as messages quote it: printable, in backticks, cut where it is long.
std::string in_backticks(std::string_view text);

/// Compact JSON. Text that is not UTF-8 is Fault::input naming `what`.
std::string dump_json(const nlohmann::ordered_json& value, std::string_view what);

/// A value of a foreign document and its place in it; reads it as what it must be, or throws the
/// document's fault naming the place and the rule. A view: value and document must outlive it.
class JsonNode {
 public:
  JsonNode(const nlohmann::ordered_json& value, const Document& document)
      : JsonNode(value, document, {}) {}

  /// Throws "WHAT: PLACE RULE", such as "manifest of `x`: `layers[0].size` is negative".
  [[noreturn]] void refuse(std::string_view rule) const;

  /// The member `key` of an object; nullopt where it is absent or null (Go writes null for nil).
  std::optional<JsonNode> find(std::string_view key) const;
  /// As find, but absence is refused.
  JsonNode at(std::string_view key) const;

  /// Text without NUL bytes.
  std::string text() const;
  /// A whole number from 0 to `max`.
  std::uint64_t number(std::uint64_t max) const;
  bool boolean() const;
  Digest digest() const;
  /// A list of at most 65,536 entries, or `most`.
  std::vector<JsonNode> items() const;
  std::vector<JsonNode> items(std::size_t most) const;
  std::vector<std::pair<std::string, JsonNode>> members() const;
  std::map<std::string, std::string> text_map() const;
  std::vector<std::string> text_list() const;

  /// Refuses a key that differs from one of `keys` in case only: Go's decoder would take it for the
  /// key itself, and see another document than we do.
  void check_spelling(std::span<const std::string_view> keys) const;

  /// Text of the member `key`, empty where it is absent.
  std::string text_or_empty(std::string_view key) const;

  const nlohmann::ordered_json& value() const { return *value_; }

 private:
  JsonNode(const nlohmann::ordered_json& value, const Document& document, std::string path)
      : value_(&value), document_(&document), path_(std::move(path)) {}
  JsonNode member(const std::string& key, const nlohmann::ordered_json& value) const;
  void check_count(std::size_t most) const;
  std::string checked_text(const std::string& text) const;

  const nlohmann::ordered_json* value_;
  const Document* document_;
  std::string path_;  // empty: the document itself
};

}  // namespace mlpack
