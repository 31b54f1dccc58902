#include "layers/deb_version.h"

#include <cstddef>

namespace mlpack {
namespace {

struct VersionParts {
  std::string_view epoch;
  std::string_view upstream;
  std::string_view revision;
};

VersionParts parts_of(std::string_view version) {
  VersionParts parts;
  if (const std::size_t colon = version.find(':'); colon != std::string_view::npos) {
    parts.epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
  }
  if (const std::size_t dash = version.rfind('-'); dash != std::string_view::npos) {
    parts.revision = version.substr(dash + 1);
    version = version.substr(0, dash);
  }
  parts.upstream = version;
  return parts;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// `~` sorts before the end of the text, letters before everything else.
int weight(std::string_view text) {
  if (text.empty() || is_digit(text.front())) return 0;
  const char c = text.front();
  if (c == '~') return -1;
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter ? c : static_cast<unsigned char>(c) + 256;
}

int compare_text(std::string_view& a, std::string_view& b) {
  while ((!a.empty() && !is_digit(a.front())) || (!b.empty() && !is_digit(b.front()))) {
    const int difference = weight(a) - weight(b);
    if (difference != 0) return difference;
    if (!a.empty()) a.remove_prefix(1);
    if (!b.empty()) b.remove_prefix(1);
  }
  return 0;
}

std::string_view take_number(std::string_view& text) {
  while (!text.empty() && text.front() == '0')
    text.remove_prefix(1);
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length]))
    ++length;
  const std::string_view number = text.substr(0, length);
  text.remove_prefix(length);
  return number;
}

int compare_numbers(std::string_view& a, std::string_view& b) {
  const std::string_view first = take_number(a);
  const std::string_view second = take_number(b);
  if (first.size() != second.size()) return first.size() < second.size() ? -1 : 1;
  return first.compare(second);
}

int compare_part(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    if (const int text = compare_text(a, b); text != 0) return text;
    if (const int number = compare_numbers(a, b); number != 0) return number;
  }
  return 0;
}

}  // namespace

int compare_deb_versions(std::string_view a, std::string_view b) {
  const VersionParts first = parts_of(a);
  const VersionParts second = parts_of(b);
  if (const int epoch = compare_part(first.epoch, second.epoch); epoch != 0) return epoch;
  if (const int upstream = compare_part(first.upstream, second.upstream); upstream != 0) {
    return upstream;
  }
  return compare_part(first.revision, second.revision);
}

}  // namespace mlpack
