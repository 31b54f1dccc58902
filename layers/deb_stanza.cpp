#include "layers/deb_stanza.h"

#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::size_t longest_paragraph = std::size_t{512} << 10;  // real ones: 76 KiB

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_continuation(std::string_view text, std::size_t line) {
  return line < text.size() && (text[line] == ' ' || text[line] == '\t');
}

// The place after the line break that ends the field starting at `line`.
std::size_t end_of_field(std::string_view text, std::size_t line) {
  do {
    const std::size_t newline = text.find('\n', line);
    if (newline == std::string_view::npos) return text.size();
    line = newline + 1;
  } while (is_continuation(text, line));
  return line;
}

}  // namespace

std::string_view deb_field(std::string_view paragraph, std::string_view name) {
  std::size_t line = 0;
  while (line < paragraph.size()) {
    const std::size_t end = end_of_field(paragraph, line);
    const std::string_view field = paragraph.substr(line, end - line);
    if (field.size() > name.size() && field[name.size()] == ':' &&
        same_name(field.substr(0, name.size()), name)) {
      return trim(field.substr(name.size() + 1));
    }
    line = end;
  }
  return {};
}

std::vector<std::string> deb_paragraphs(std::string_view text) {
  std::vector<std::string> paragraphs;
  std::string paragraph;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with('#')) continue;
    if (!trim(line).empty()) {
      paragraph.append(line).push_back('\n');
    } else if (!paragraph.empty()) {
      paragraphs.push_back(std::exchange(paragraph, {}));
    }
  }
  if (!paragraph.empty()) paragraphs.push_back(std::move(paragraph));
  return paragraphs;
}

void ParagraphSink::write(Bytes bytes) {
  pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = pending_.find("\n\n", std::max(begin, searched_));
    if (end == std::string::npos) break;
    const std::string_view paragraph = std::string_view(pending_).substr(begin, end + 1 - begin);
    if (!trim(paragraph).empty()) each_(paragraph);
    begin = end + 2;
    searched_ = begin;
  }
  pending_.erase(0, begin);
  searched_ = pending_.empty() ? 0 : pending_.size() - 1;
  if (pending_.size() > longest_paragraph) {
    fail(Fault::integrity, "a paragraph of a package list is longer than 512 KiB");
  }
}

void ParagraphSink::finish() {
  if (!trim(pending_).empty()) each_(pending_);
  pending_.clear();
}

std::string_view dependency_name(std::string_view alternative) {
  return alternative.substr(0, alternative.find_first_of(" \t\n:([<"));
}

std::vector<std::vector<std::string_view>> dependencies(std::string_view field) {
  std::vector<std::vector<std::string_view>> found;
  for (const std::string_view item : split(field, ',')) {
    if (trim(item).empty()) continue;
    std::vector<std::string_view>& alternatives = found.emplace_back();
    for (const std::string_view alternative : split(item, '|'))
      alternatives.push_back(trim(alternative));
  }
  return found;
}

}  // namespace mlpack
