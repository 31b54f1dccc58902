#include "registry/challenge.h"

#include "lib/text.h"

#include <algorithm>
#include <optional>

namespace mlpack {
namespace {

constexpr std::size_t longest_header = 16384;

bool is_token_character(char c) {
  return c > ' ' && c < 0x7f &&
         std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
}

// Reads from the front of a header value; every function leaves the text as it was where it finds
// nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip(std::string_view characters) {
    text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
  }
  bool take(char c) {
    if (!text_.starts_with(c)) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }
  std::string_view token() {
    const auto end = std::find_if_not(text_.begin(), text_.end(), is_token_character);
    const auto length = static_cast<std::size_t>(end - text_.begin());
    const std::string_view taken = text_.substr(0, length);
    text_.remove_prefix(length);
    return taken;
  }
  // nullopt where the closing quote is missing.
  std::optional<std::string> quoted() {
    std::string value;
    for (std::size_t i = 1; i < text_.size(); ++i) {
      if (text_[i] == '"') {
        text_.remove_prefix(i + 1);
        return value;
      }
      if (text_[i] == '\\' && i + 1 < text_.size()) ++i;
      value += text_[i];
    }
    return std::nullopt;
  }
  std::optional<std::string> value() {
    if (text_.starts_with('"')) {
      return quoted();
    }
    const std::string_view taken = token();
    return taken.empty() ? std::nullopt : std::optional(std::string(taken));
  }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

}  // namespace

// A word that is followed by `=` is a parameter of the challenge before it, else it is the scheme
// of a new one.
std::vector<Challenge> parse_challenges(std::string_view text) {
  std::vector<Challenge> challenges;
  Scanner scanner(text.substr(0, longest_header));
  for (scanner.skip(" \t,"); !scanner.at_end(); scanner.skip(" \t,")) {
    const std::string word = to_lower(scanner.token());
    scanner.skip(" \t");
    if (word.empty()) {
      break;
    }
    if (!scanner.take('=')) {
      challenges.push_back({word, {}});
      continue;
    }
    scanner.skip(" \t");
    const std::optional<std::string> value = scanner.value();
    if (!value || challenges.empty()) {
      break;
    }
    challenges.back().parameters.emplace(word, *value);
  }
  return challenges;
}

}  // namespace mlpack
