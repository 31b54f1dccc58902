#include "registry/remote_xml.h"

#include "lib/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace mlpack {
namespace {

constexpr int deepest = 16;
constexpr std::string_view xml_blanks = " \t\r\n";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-.:").find(c) != std::string_view::npos;
}

void append_utf8(std::string& text, std::uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr std::array<std::uint32_t, 4> leads = {0, 0xc0, 0xe0, 0xf0};
  text += static_cast<char>(leads[static_cast<std::size_t>(more)] | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) {
    text += static_cast<char>(0x80U | ((code >> (6 * i)) & 0x3fU));
  }
}

// `#65` or `#x41`: a character that XML 1.0 allows.
std::optional<std::uint32_t> character(std::string_view reference) {
  const bool is_hex = reference.starts_with("#x");
  const std::string digits = to_lower(reference.substr(is_hex ? 2 : 1));
  std::uint32_t code = 0;
  for (const char c : digits) {
    const std::size_t value = std::string_view("0123456789abcdef").find(c);
    if (value >= (is_hex ? 16U : 10U)) return std::nullopt;
    code = code * (is_hex ? 16U : 10U) + static_cast<std::uint32_t>(value);
    if (code > 0x10ffff) return std::nullopt;
  }
  const bool is_surrogate = code >= 0xd800 && code < 0xe000;
  const bool is_control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
  return digits.empty() || is_surrogate || is_control ? std::nullopt : std::optional(code);
}

bool append_entity(std::string& text, std::string_view entity) {
  constexpr std::array<std::pair<std::string_view, char>, 5> named = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [name, meaning] : named) {
    if (entity == name) {
      text += meaning;
      return true;
    }
  }
  const auto code = entity.starts_with('#') ? character(entity) : std::nullopt;
  if (code) append_utf8(text, *code);
  return code.has_value();
}

// Reads from the front of `left_`. Every function is false where the document is not one.
class Reader {
 public:
  Reader(std::string_view text, std::size_t most) : left_(text), most_(most) {}

  std::optional<XmlElement> document() {
    if (left_.starts_with("\xef\xbb\xbf")) left_.remove_prefix(3);
    if (left_.starts_with("<?xml ") && !skip_past("?>")) return std::nullopt;
    skip_blanks();
    XmlElement root;
    if (!take("<") || !element(root, 0)) return std::nullopt;
    skip_blanks();
    return left_.empty() ? std::optional(std::move(root)) : std::nullopt;
  }

 private:
  // Behind the `<` of its start tag.
  bool element(XmlElement& element, int depth) {
    if (depth == deepest || most_ == 0 || !name(element.name)) return false;
    --most_;
    bool is_open = false;
    return attributes(is_open) && (!is_open || content(element, depth));
  }

  bool attributes(bool& is_open) {
    for (;;) {
      const bool blank = skip_blanks();
      if (take("/>")) return true;
      is_open = take(">");
      if (is_open) return true;
      std::string ignored;
      if (!blank || !name(ignored) || !take("=") || !quoted()) return false;
    }
  }

  bool quoted() {
    const std::string quote(left_.substr(0, 1));
    return (quote == "\"" || quote == "'") && take(quote) && skip_past(quote);
  }

  bool content(XmlElement& element, int depth) {
    while (!left_.empty()) {
      if (take("</")) return end_tag(element.name);
      if (take("<")) {
        if (!this->element(element.children.emplace_back(), depth + 1)) return false;
      } else if (!character_data(element.text)) {
        return false;
      }
    }
    return false;
  }

  bool end_tag(const std::string& expected) {
    std::string found;
    if (!name(found) || found != expected) return false;
    skip_blanks();
    return take(">");
  }

  bool character_data(std::string& text) {
    if (!take("&")) {
      const std::size_t end = std::min(left_.find_first_of("<&"), left_.size());
      text += left_.substr(0, end);
      left_.remove_prefix(end);
      return true;
    }
    const std::size_t end = left_.substr(0, 12).find(';');
    if (end == left_.npos || !append_entity(text, left_.substr(0, end))) return false;
    left_.remove_prefix(end + 1);
    return true;
  }

  bool name(std::string& name) {
    const auto* const end = std::find_if_not(left_.begin(), left_.end(), is_name_character);
    name.assign(left_.begin(), end);
    left_.remove_prefix(name.size());
    return !name.empty() && name.size() <= 256;
  }

  bool take(std::string_view expected) {
    if (!left_.starts_with(expected)) return false;
    left_.remove_prefix(expected.size());
    return true;
  }

  bool skip_past(std::string_view end) {
    const std::size_t found = left_.find(end);
    if (found == left_.npos) return false;
    left_.remove_prefix(found + end.size());
    return true;
  }

  bool skip_blanks() {
    const std::size_t count = std::min(left_.find_first_not_of(xml_blanks), left_.size());
    left_.remove_prefix(count);
    return count > 0;
  }

  std::string_view left_;
  std::size_t most_;
};

}  // namespace

const XmlElement* XmlElement::find(std::string_view child) const {
  const auto found = std::find_if(
      children.begin(), children.end(), [&](const XmlElement& item) { return item.name == child; });
  return found == children.end() ? nullptr : &*found;
}

std::string XmlElement::text_of(std::string_view child) const {
  const XmlElement* const found = find(child);
  return found == nullptr ? "" : found->text;
}

std::optional<XmlElement> parse_xml(std::string_view text, std::size_t most) {
  return is_utf8(text) ? Reader(text, most).document() : std::nullopt;
}

}  // namespace mlpack
