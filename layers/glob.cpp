#include "layers/glob.h"

#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <optional>

namespace mlpack {
namespace {

// One `[…]` of a segment, from after its bracket.
struct CharacterSet {
  bool holds;
  std::size_t length;  // up to and with the closing bracket
};

// nullopt where it is not closed. `]` counts as a member at the front.
std::optional<CharacterSet> match_set(std::string_view text, char byte) {
  std::size_t i = 0;
  const bool inverted = !text.empty() && (text[0] == '!' || text[0] == '^');
  if (inverted) ++i;
  const std::size_t first = i;
  bool found = false;
  const auto member = [&]() -> std::optional<unsigned char> {
    if (i < text.size() && text[i] == '\\') ++i;
    if (i >= text.size()) return std::nullopt;
    return static_cast<unsigned char>(text[i++]);
  };
  const auto value = static_cast<unsigned char>(byte);
  while (i < text.size() && (text[i] != ']' || i == first)) {
    const auto low = member();
    auto high = low;
    if (i + 1 < text.size() && text[i] == '-' && text[i + 1] != ']') {
      ++i;
      high = member();
    }
    if (!low || !high) return std::nullopt;
    found = found || (*low <= value && value <= *high);
  }
  if (i >= text.size()) return std::nullopt;
  return CharacterSet{found != inverted, i + 1};
}

// Matches one byte of text against the item at the front of `pattern`: the item's length, 0 where
// it does not match.
std::size_t match_item(std::string_view pattern, char byte) {
  switch (pattern[0]) {
    case '?':
      return 1;
    case '\\':
      return pattern.size() > 1 && pattern[1] == byte ? 2 : 0;
    case '[': {
      const auto set = match_set(pattern.substr(1), byte);
      return set && set->holds ? set->length + 1 : 0;
    }
    default:
      return pattern[0] == byte ? 1 : 0;
  }
}

// One star at a time: going back to the last one is enough, and keeps the work bounded.
bool match_segment(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
      continue;
    }
    const std::size_t item = p < pattern.size() ? match_item(pattern.substr(p), text[t]) : 0;
    if (item > 0) {
      p += item;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool has_unclosed_set(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[') {
      const auto set = match_set(pattern.substr(i + 1), '\0');
      if (!set) return true;
      i += set->length;
    }
  }
  return false;
}

// Trailing blanks of a line do not count unless escaped.
std::string_view without_trailing_blanks(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  while (line.ends_with(' ') && !line.ends_with("\\ ")) {
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

void Globs::add(std::string_view text, const std::string& what) {
  Pattern pattern;
  pattern.text = text;
  if (text.starts_with('!')) {
    pattern.negated = true;
    text.remove_prefix(1);
  }
  if (text.ends_with('/')) {
    pattern.folders_only = true;
    text.remove_suffix(1);
  }
  if (text.find('/') == std::string_view::npos) pattern.segments.emplace_back("**");
  const std::size_t before = pattern.segments.size();
  for (const std::string_view segment : split(text, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (has_unclosed_set(segment)) {
      fail(Fault::usage, "{}: `{}` has an unclosed `[`", what, printable(pattern.text));
    }
    pattern.segments.emplace_back(segment);
  }
  if (pattern.segments.size() == before) {
    fail(Fault::usage, "{}: `{}` is not a pattern", what, printable(pattern.text));
  }
  patterns_.push_back(std::move(pattern));
}

Globs Globs::parse(const std::vector<std::string>& patterns, const std::string& what) {
  Globs globs;
  for (const std::string& pattern : patterns) {
    globs.add(pattern, what);
  }
  return globs;
}

Globs Globs::parse_lines(std::string_view text, const std::string& what) {
  Globs globs;
  for (const std::string_view line : split(text, '\n')) {
    const std::string_view pattern = without_trailing_blanks(line);
    if (!pattern.empty() && !pattern.starts_with('#')) globs.add(pattern, what);
  }
  return globs;
}

// As match_segment, with `**` for the star. At the end it stands for one part or more: `a/**` is
// what lies below `a`.
bool Globs::matches(const Pattern& pattern, const std::vector<std::string_view>& path, Kind kind) {
  if (pattern.folders_only && kind == Kind::file) return false;
  const auto& segments = pattern.segments;
  std::size_t s = 0;
  std::size_t p = 0;
  std::size_t after_stars = std::string_view::npos;
  std::size_t stars_path = 0;
  while (p < path.size()) {
    if (s < segments.size() && segments[s] == "**") {
      if (s + 1 == segments.size()) return true;
      after_stars = ++s;
      stars_path = p;
    } else if (s < segments.size() && match_segment(segments[s], path[p])) {
      ++s;
      ++p;
    } else if (after_stars != std::string_view::npos) {
      s = after_stars;
      p = ++stars_path;
    } else {
      return false;
    }
  }
  return s == segments.size();
}

Globs::Verdict Globs::match(std::string_view path, Kind kind) {
  if (patterns_.empty()) return Verdict::unmatched;
  const std::vector<std::string_view> parts = split(path, '/');
  Verdict verdict = Verdict::unmatched;
  for (Pattern& pattern : patterns_) {
    if (!matches(pattern, parts, kind)) continue;
    pattern.used = true;
    verdict = pattern.negated ? Verdict::taken_back : Verdict::matched;
  }
  return verdict;
}

std::optional<std::string> Globs::matching(std::string_view path, Kind kind) const {
  if (patterns_.empty()) return std::nullopt;
  const std::vector<std::string_view> parts = split(path, '/');
  const auto last = std::find_if(patterns_.rbegin(), patterns_.rend(), [&](const Pattern& pattern) {
    return matches(pattern, parts, kind);
  });
  if (last == patterns_.rend() || last->negated) return std::nullopt;
  return last->text;
}

std::vector<std::string> Globs::unused() const {
  std::vector<std::string> texts;
  for (const Pattern& pattern : patterns_) {
    if (!pattern.used && !pattern.negated) texts.push_back(pattern.text);
  }
  return texts;
}

}  // namespace mlpack
