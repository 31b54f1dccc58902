#include "lib/model/tokens.h"

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::array source_suffixes{
    ".py"sv, ".pyc"sv, ".pyi"sv, ".pm"sv, ".rb"sv, ".js"sv, ".ts"sv, ".go"sv, ".h"sv, ".html"sv};

constexpr std::array foreign_places{"usr/bin/"sv, "usr/share/"sv, "usr/lib/"sv, "usr/include/"sv};
constexpr std::array foreign_folders{
    "-packages/"sv, "/lib/python3"sv, "/node_modules/"sv, "/test/"sv, "/tests/"sv};

// What follows the prefix: digits and capitals alone, letters and digits, or `_` and `-` as well.
enum class Alphabet { capitals, letters, words };

// What the tokens of somebody begin with, and how long what follows is at least; capitals are as
// many as that.
struct Token {
  std::string_view prefix;
  std::size_t rest;
  Alphabet alphabet;
  std::string_view what;
};
constexpr std::array tokens{Token{"hf_"sv, 30, Alphabet::letters, "a token of Hugging Face"sv},
                            Token{"AKIA"sv, 16, Alphabet::capitals, "an access key of AWS"sv},
                            Token{"ASIA"sv, 16, Alphabet::capitals, "an access key of AWS"sv},
                            Token{"nvapi-"sv, 40, Alphabet::words, "a key of NVIDIA NGC"sv},
                            Token{"ghp_"sv, 36, Alphabet::letters, "a token of GitHub"sv},
                            Token{"gho_"sv, 36, Alphabet::letters, "a token of GitHub"sv},
                            Token{"ghs_"sv, 36, Alphabet::letters, "a token of GitHub"sv},
                            Token{"github_pat_"sv, 40, Alphabet::words, "a token of GitHub"sv},
                            Token{"glpat-"sv, 20, Alphabet::words, "a token of GitLab"sv}};

// A key in PEM is the title, a line break (in JSON `\n`) and base64.
constexpr std::string_view key_title = "PRIVATE KEY-----";

bool is_digit_or_capital(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_letter_or_digit(char c) {
  return is_digit_or_capital(c) || (c >= 'a' && c <= 'z');
}

bool is_token_character(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '-';
}

// What people write in the place of a token: `hf_xxxxxxxx`, `AKIAIOSFODNN7EXAMPLE`,
// `glpat-YOUR-TOKEN-GOES-HERE`.
bool is_made_up(std::string_view word, Alphabet alphabet) {
  const auto has = [&](char from, char to) {
    return std::any_of(word.begin(), word.end(), [&](char c) { return c >= from && c <= to; });
  };
  if (std::all_of(word.begin(), word.end(), [&](char c) { return c == word[0]; })) return true;
  if (alphabet == Alphabet::words) return !has('0', '9') && !(has('a', 'z') && has('A', 'Z'));
  return alphabet == Alphabet::capitals && word.ends_with("EXAMPLE");
}

bool is_token(std::string_view word, const Token& token) {
  switch (token.alphabet) {
    case Alphabet::capitals:
      return word.size() == token.rest && std::ranges::all_of(word, is_digit_or_capital);
    case Alphabet::letters:
      return word.size() >= token.rest && std::ranges::all_of(word, is_letter_or_digit);
    case Alphabet::words:
      return word.size() >= token.rest;
  }
  return false;
}

bool holds_token(std::string_view text, const Token& token) {
  for (std::size_t at = text.find(token.prefix); at != std::string_view::npos;
       at = text.find(token.prefix, at + 1)) {
    if (at > 0 && is_token_character(text[at - 1])) continue;
    const std::string_view rest = text.substr(at + token.prefix.size());
    const auto* const end = std::find_if_not(rest.begin(), rest.end(), is_token_character);
    const std::string_view word = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    if (is_token(word, token) && !is_made_up(word, token.alphabet)) return true;
  }
  return false;
}

bool holds_key(std::string_view text) {
  for (std::size_t at = text.find(key_title); at != std::string_view::npos;
       at = text.find(key_title, at + 1)) {
    const std::string_view rest = text.substr(at + key_title.size(), 64);
    const auto is_base64 = [](char c) { return is_letter_or_digit(c) || c == '+' || c == '/'; };
    if (std::count_if(rest.begin(), rest.end(), is_base64) >= 48) return true;
  }
  return false;
}

}  // namespace

bool is_source_code(std::string_view path) {
  return std::any_of(source_suffixes.begin(), source_suffixes.end(), [&](std::string_view suffix) {
    return path.ends_with(suffix);
  });
}

bool may_hold_token(std::string_view path) {
  const auto begins = [&](std::string_view place) { return path.starts_with(place); };
  const auto holds = [&](std::string_view folder) {
    return path.find(folder) != std::string_view::npos;
  };
  return std::none_of(foreign_places.begin(), foreign_places.end(), begins) &&
         std::none_of(foreign_folders.begin(), foreign_folders.end(), holds);
}

std::string token_in(std::string_view text) {
  for (const Token& token : tokens)
    if (holds_token(text, token)) return std::string(token.what);
  return holds_key(text) ? "a private key" : "";
}

}  // namespace mlpack
