#include "lib/oci/json_node.h"

#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_quote = 100;
// Far more than any image has, and little enough to be read in some tenths of a second.
constexpr std::size_t max_entries = 65'536;

void require_utf8_text(std::string_view text, std::string_view what) {
  if (!is_utf8(text)) {
    fail(Fault::input, "cannot write {}: {} is not UTF-8", what, in_backticks(text));
  }
}

// Only over documents that we made ourselves, which are a few levels deep.
void require_utf8(const Json& value, std::string_view what) {
  if (value.is_string()) require_utf8_text(value.get_ref<const std::string&>(), what);
  if (!value.is_structured()) return;
  for (const auto& item : value.items()) {
    if (value.is_object()) require_utf8_text(item.key(), what);
    require_utf8(item.value(), what);
  }
}

// The name of an algorithm and something behind it (OCI image-spec 1.1, descriptor.md, digests).
std::optional<std::string_view> digest_algorithm(std::string_view text) {
  const std::size_t colon = text.find(':');
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789+._-";
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view name = text.substr(0, colon);
  if (name.find_first_not_of(letters) != std::string_view::npos) return std::nullopt;
  return name;
}

}  // namespace

std::string in_backticks(std::string_view text) {
  if (text.size() <= longest_quote) return "`" + printable(text) + "`";
  std::size_t end = longest_quote;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return "`" + printable(text.substr(0, end)) + "…`";
}

std::string dump_json(const Json& value, std::string_view what) {
  require_utf8(value, what);
  return value.dump();
}

void JsonNode::refuse(std::string_view rule) const {
  const std::string place = path_.empty() ? " " : ": " + in_backticks(path_) + " ";
  throw Error(
      document_->fault, fmt::format("{}{}{}", document_->what, place, rule), document_->hint);
}

JsonNode JsonNode::member(const std::string& key, const Json& value) const {
  return {value, *document_, path_.empty() ? key : path_ + "." + key};
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  if (!value_->is_object()) refuse("is not an object");
  const auto found = value_->find(std::string(key));
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return member(found.key(), *found);
}

JsonNode JsonNode::at(std::string_view key) const {
  const std::optional<JsonNode> found = find(key);
  if (!found) refuse(fmt::format("has no `{}`", key));
  return *found;
}

std::string JsonNode::checked_text(const std::string& text) const {
  // Nothing that takes such text (the kernel, other tools, C) keeps what follows a NUL.
  if (text.find('\0') != std::string::npos) refuse("holds a NUL byte");
  return text;
}

std::string JsonNode::text() const {
  if (!value_->is_string()) refuse("is not a string");
  return checked_text(value_->get_ref<const std::string&>());
}

std::uint64_t JsonNode::number(std::uint64_t max) const {
  if (!value_->is_number()) refuse("is not a number");
  if (value_->is_number_float()) refuse("is not a whole number that fits in 64 bits");
  if (!value_->is_number_unsigned()) refuse("is negative");
  const auto number = value_->get<std::uint64_t>();
  if (number > max) refuse(fmt::format("is {}, larger than {}", number, max));
  return number;
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) refuse("is neither true nor false");
  return value_->get<bool>();
}

Digest JsonNode::digest() const {
  const std::string value = text();
  if (const auto digest = Digest::parse(value)) return *digest;
  const auto algorithm = digest_algorithm(value);
  if (algorithm && *algorithm != "sha256") {
    refuse(
        fmt::format("uses the algorithm {}, only `sha256` is accepted", in_backticks(*algorithm)));
  }
  refuse("is not a digest: " + in_backticks(value));
}

void JsonNode::check_count(std::size_t most) const {
  if (value_->size() > most) refuse(fmt::format("has more than {} entries", most));
}

std::vector<JsonNode> JsonNode::items() const {
  return items(max_entries);
}

std::vector<JsonNode> JsonNode::items(std::size_t most) const {
  if (!value_->is_array()) refuse("is not a list");
  check_count(most);
  std::vector<JsonNode> items;
  items.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) {
    items.push_back({(*value_)[i], *document_, fmt::format("{}[{}]", path_, i)});
  }
  return items;
}

std::vector<std::pair<std::string, JsonNode>> JsonNode::members() const {
  if (!value_->is_object()) refuse("is not an object");
  check_count(max_entries);
  std::vector<std::pair<std::string, JsonNode>> members;
  members.reserve(value_->size());
  for (const auto& item : value_->items()) {
    members.emplace_back(checked_text(item.key()), member(item.key(), item.value()));
  }
  return members;
}

std::map<std::string, std::string> JsonNode::text_map() const {
  std::map<std::string, std::string> map;
  for (const auto& [key, value] : members())
    map.emplace(key, value.text());
  return map;
}

std::vector<std::string> JsonNode::text_list() const {
  std::vector<std::string> list;
  for (const JsonNode& item : items())
    list.push_back(item.text());
  return list;
}

void JsonNode::check_spelling(std::span<const std::string_view> keys) const {
  for (const auto& [name, value] : members()) {
    for (const std::string_view key : keys) {
      if (name != key && name.size() == key.size() && to_lower(name) == to_lower(key)) {
        value.refuse(fmt::format("differs from `{}` in case only", key));
      }
    }
  }
}

std::string JsonNode::text_or_empty(std::string_view key) const {
  const std::optional<JsonNode> found = find(key);
  return found ? found->text() : std::string();
}

}  // namespace mlpack
