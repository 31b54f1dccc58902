#include "registry/json_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(blanks, at), text.size());
}

// Behind the string whose quote is at `at`.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

std::size_t skip_container(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    at = c == '"' ? skip_string(text, at) : at + 1;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) break;
  }
  return at;
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  switch (text[at]) {
    case '"':
      return skip_string(text, at);
    case '{':
    case '[':
      return skip_container(text, at);
    default:
      return std::min(text.find_first_of(",]} \t\r\n", at), text.size());
  }
}

std::string lead_of(std::string_view text, const ObjectText& object) {
  const std::size_t begin = object.open + 1;
  return std::string(text.substr(begin, object.members.front().begin - begin));
}

bool is_spread(const JsonLayout& layout) {
  return layout.lead.find('\n') != std::string::npos;
}

// The lines behind the first one start as deep as the member that the value belongs to.
std::string rendered(const nlohmann::ordered_json& value, const JsonLayout& layout) {
  if (!is_spread(layout)) return value.dump();
  const std::string depth = layout.lead.substr(layout.lead.rfind('\n') + 1);
  const char filling = layout.unit.empty() ? ' ' : layout.unit.front();
  std::string result;
  for (const char c : value.dump(static_cast<int>(layout.unit.size()), filling)) {
    result += c;
    if (c == '\n') result += depth;
  }
  return result;
}

}  // namespace

const ObjectText::Member* ObjectText::find(std::string_view name) const {
  const auto found = std::find_if(
      members.begin(), members.end(), [&](const Member& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

ObjectText read_object(std::string_view text, std::size_t open) {
  ObjectText object{open, 0, {}};
  std::size_t at = skip_blanks(text, open + 1);
  while (at < text.size() && text[at] == '"') {
    const std::size_t begin = at;
    at = skip_string(text, at);
    const auto name = nlohmann::json::parse(text.substr(begin, at - begin)).get<std::string>();
    at = skip_blanks(text, at);      // at the colon
    at = skip_blanks(text, at + 1);  // at the value
    const std::size_t end = skip_value(text, at);
    object.members.push_back({name, begin, at, end});
    at = skip_blanks(text, end);
    if (at < text.size() && text[at] == ',') at = skip_blanks(text, at + 1);
  }
  object.close = at;
  return object;
}

JsonLayout layout_of(std::string_view text, const ObjectText& document) {
  if (document.members.empty()) return {};
  const std::string lead = lead_of(text, document);
  const std::size_t line = lead.rfind('\n');
  return {lead, line == std::string::npos ? "" : lead.substr(line + 1)};
}

JsonLayout layout_of(std::string_view text, const ObjectText& object, const JsonLayout& outer) {
  if (object.members.empty()) return outer.deeper();
  return {lead_of(text, object), outer.unit};
}

std::string put_member(std::string text,
                       const ObjectText& object,
                       const std::string& name,
                       const nlohmann::ordered_json& value,
                       const JsonLayout& layout) {
  const std::string written = rendered(value, layout);
  if (const ObjectText::Member* known = object.find(name)) {
    return text.replace(known->value, known->end - known->value, written);
  }
  const char* const colon = is_spread(layout) ? ": " : ":";
  const std::string member = layout.lead + nlohmann::json(name).dump() + colon + written;
  if (!object.members.empty()) return text.insert(object.members.back().end, "," + member);
  const bool is_deep = layout.lead.ends_with(layout.unit);
  const std::string end =
      is_deep ? layout.lead.substr(0, layout.lead.size() - layout.unit.size()) : layout.lead;
  return text.replace(object.open + 1, object.close - object.open - 1, member + end);
}

std::string drop_member(std::string text, const ObjectText& object, std::size_t index) {
  const auto& members = object.members;
  std::size_t begin = members[index].begin;
  std::size_t end = members[index].end;
  if (members.size() == 1) {
    begin = object.open + 1;
    end = object.close;
  } else if (index + 1 < members.size()) {
    end = members[index + 1].begin;
  } else {
    begin = members[index - 1].end;
  }
  return text.erase(begin, end - begin);
}

}  // namespace mlpack
