#include "lib/spec/problems.h"

#include "lib/spec/secrets.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t max_listed = 100;
constexpr std::size_t max_width = 100;    // of a source line, in characters
constexpr std::size_t max_margin = 2048;  // bytes looked at around what is shown
constexpr std::size_t max_message = 1000;

bool is_tail(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// The byte at which character `index` (from 0) of UTF-8 `text` begins.
std::size_t byte_of_character(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    ++at;
    while (at < text.size() && is_tail(text[at]))
      ++at;
  }
  return at;
}

std::string_view line_of(std::string_view source, std::size_t number) {
  for (; number > 1; --number) {
    const std::size_t end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  const std::string_view line = source.substr(0, source.find('\n'));
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

// What stands under the line up to the caret: tabs stay, so that the caret lines up everywhere.
std::string indent_of(std::string_view before) {
  std::string indent;
  for (const char c : before) {
    if (c == '\t') {
      indent += '\t';
    } else if (!is_tail(c)) {
      indent += ' ';
    }
  }
  return indent;
}

// printable, but tabs stay.
std::string visible(std::string_view text) {
  std::string shown;
  for (const std::string_view part : split(text, '\t')) {
    if (!shown.empty() || part.data() != text.data()) shown += '\t';
    shown += printable(part);
  }
  return shown;
}

// The source line with a caret below `column`; a long line is cut around the caret.
std::string excerpt(std::string_view line, std::size_t column) {
  std::size_t caret = byte_of_character(line, column - 1);
  std::size_t begin = 0;
  if (column > max_width - 20) begin = byte_of_character(line, column - max_width / 2);
  const bool cut_front = begin > 0;
  // Names and shapes of secrets are looked for in what is shown and well around it, not in a whole
  // line of a megabyte. Blanks have the length of what they hide, so the line can be cut at the
  // caret afterwards.
  const std::size_t margin = std::min(begin, max_margin);
  line = line.substr(begin - margin, (caret - begin) + 2 * max_margin);
  caret -= begin - margin;
  const std::string blanked = blank_secrets(line);
  const std::string_view marked(blanked);
  const std::string before = visible(show_blanks(marked.substr(margin, caret - margin)));
  const std::string after = show_blanks(marked.substr(caret));
  const std::size_t kept = byte_of_character(after, max_width / 2);
  return fmt::format("  {}{}{}{}\n  {}^\n",
                     cut_front ? "..." : "",
                     before,
                     visible(after.substr(0, kept)),
                     kept < after.size() ? "..." : "",
                     (cut_front ? "   " : "") + indent_of(before));
}

// A message quotes what the file holds: it is cut, secrets are masked, and nothing in it may steer
// a terminal. What is cut off is looked at a little further, for secrets that the cut goes through.
std::string harmless(std::string_view message) {
  const std::string blanked = blank_secrets(message.substr(0, max_message + max_margin));
  std::size_t end = std::min(blanked.size(), max_message);
  while (end > 0 && end < blanked.size() && is_tail(blanked[end]))
    --end;
  return printable(show_blanks(std::string_view(blanked).substr(0, end))) +
         (end < blanked.size() ? "..." : "");
}

}  // namespace

void Problems::add(Place place, std::string_view message, std::string_view hint) {
  std::string text = harmless(message);
  if (!hint.empty()) text += "\nhint: " + harmless(hint);
  found_.push_back({file_, place.line, place.column, std::move(text)});
}

bool Problems::is_full() const {
  return found_.size() >= max_listed;
}

void Problems::raise_if_any() {
  if (!found_.empty()) raise();
}

void Problems::fatal(Place place, std::string_view message, std::string_view hint) {
  add(place, message, hint);
  raise();
}

void Problems::raise() {
  std::stable_sort(found_.begin(), found_.end(), [](const Where& a, const Where& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  const std::size_t count = found_.size();
  if (count > max_listed) {
    found_.resize(max_listed);
    found_.push_back({file_, 0, 0, fmt::format("{} more problems", count - max_listed)});
  }
  const std::string problems = count == 1 ? "a problem" : fmt::format("{} problems", count);
  throw Error(fault_, fmt::format("`{}` has {}", file_, problems), {}, found_);
}

std::string format_problem(const Where& where, std::string_view source) {
  const std::size_t end = where.message.find('\n');
  const std::string_view message = std::string_view(where.message).substr(0, end);
  std::string text = printable(where.file);
  if (where.line > 0) text += fmt::format(":{}:{}", where.line, where.column);
  text += fmt::format(": error: {}\n", message);
  if (where.line > 0 && where.column > 0) {
    const std::string_view line = line_of(source, where.line);
    if (!trim(line).empty()) text += excerpt(line, where.column);
  }
  if (end != std::string::npos) text += fmt::format("  {}\n", where.message.substr(end + 1));
  return text;
}

}  // namespace mlpack
