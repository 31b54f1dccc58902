#include "lib/python/logical_lines.h"

#include "lib/text.h"

#include <cstdint>

namespace mlpack {
namespace {

// pip cuts at a `#` that begins the line or follows a blank.
std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

void append_utf8(std::string& text, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | (c >> 6));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

enum class ByteOrder { little, big };

std::optional<std::string> utf8_of_utf16(std::string_view bytes, ByteOrder order) {
  if (bytes.size() % 2 != 0) return std::nullopt;
  const auto unit = [&](std::size_t at) {
    const auto one = static_cast<unsigned char>(bytes[at]);
    const auto two = static_cast<unsigned char>(bytes[at + 1]);
    return order == ByteOrder::little ? std::uint32_t{one} | std::uint32_t{two} << 8
                                      : std::uint32_t{two} | std::uint32_t{one} << 8;
  };
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    std::uint32_t c = unit(at);
    if (c >= 0xD800 && c < 0xE000) {
      const std::uint32_t low = at + 2 < bytes.size() ? unit(at + 2) : 0;
      if (c >= 0xDC00 || low < 0xDC00 || low >= 0xE000) return std::nullopt;
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    append_utf8(text, c);
  }
  return text;
}

}  // namespace

std::vector<LogicalLine> logical_lines(std::string_view text) {
  std::vector<LogicalLine> lines;
  std::size_t number = 0;
  bool goes_on = false;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_comment = trim(line).starts_with('#');
    if (!goes_on) lines.push_back({{}, number});
    goes_on = line.ends_with('\\') && !is_comment;
    if (goes_on) line.remove_suffix(1);
    lines.back().text += is_comment ? " " : std::string(line);
  }
  for (LogicalLine& line : lines)
    line.text = trim(without_comment(line.text));
  std::erase_if(lines, [](const LogicalLine& line) { return line.text.empty(); });
  return lines;
}

std::optional<std::string> decoded_text(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) return text.substr(3);
  const bool is_little = text.starts_with("\xFF\xFE");
  if (!is_little && !text.starts_with("\xFE\xFF")) return text;
  return utf8_of_utf16(std::string_view(text).substr(2),
                       is_little ? ByteOrder::little : ByteOrder::big);
}

}  // namespace mlpack
