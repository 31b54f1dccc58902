#include "lib/spec/secrets.h"

#include "lib/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

// What a kind of token begins with, and how many token characters follow at least.
struct TokenShape {
  std::string_view prefix;
  std::size_t rest;
};

constexpr std::array shapes{
    TokenShape{"hf_", 20},       TokenShape{"sk-", 20},         TokenShape{"ghp_", 20},
    TokenShape{"gho_", 20},      TokenShape{"ghs_", 20},        TokenShape{"ghu_", 20},
    TokenShape{"ghr_", 20},      TokenShape{"github_pat_", 20}, TokenShape{"glpat-", 20},
    TokenShape{"npm_", 20},      TokenShape{"pypi-", 20},       TokenShape{"nvapi-", 20},
    TokenShape{"xoxa-", 20},     TokenShape{"xoxb-", 20},       TokenShape{"xoxc-", 20},
    TokenShape{"xoxd-", 20},     TokenShape{"xoxe-", 20},       TokenShape{"xoxp-", 20},
    TokenShape{"xoxr-", 20},     TokenShape{"xoxs-", 20},       TokenShape{"xapp-", 20},
    TokenShape{"AKIA", 16},      TokenShape{"ASIA", 16},        TokenShape{"AIza", 30},
    TokenShape{"dckr_pat_", 20}, TokenShape{"eyJhbGci", 20},
};

// A JSON Web Token: HEADER.PAYLOAD.SIGNATURE, of which the header is JSON in base64 and begins
// with `{"`. The shortest header and payload there are have more characters than these.
constexpr std::string_view jwt_prefix = "eyJ";
constexpr std::size_t jwt_header = 8;
constexpr std::size_t jwt_payload = 8;

constexpr std::array<std::string_view, 7> password_endings{
    "PASSWORD", "PASSWD", "SECRET", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY"};
constexpr std::array<std::string_view, 4> more_password_endings{
    "SECRET_KEY", "API_TOKEN", "ACCESS_TOKEN", "AUTH_TOKEN"};

// Of names whose values are masked in quoted lines, whatever they look like.
constexpr std::array<std::string_view, 8> masked_words{
    "pass", "pwd", "secret", "token", "key", "cred", "auth", "pw"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name(char c) {
  return is_digit(c) || is_letter(c) || c == '_';
}
bool is_token(char c) {
  return is_name(c) || c == '-';
}

template <class Predicate>
std::size_t run_length(std::string_view text, Predicate predicate) {
  const auto* const end = std::find_if_not(text.begin(), text.end(), predicate);
  return static_cast<std::size_t>(end - text.begin());
}

// Both cases of names are common; a mixture is not.
std::string upper_or_lower(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name == upper || name == to_lower(name) ? upper : std::string();
}

// `name` is `word` or ends in `_word`.
bool ends_in_word(std::string_view name, std::string_view word) {
  if (!name.ends_with(word)) return false;
  name.remove_suffix(word.size());
  return name.empty() || name.ends_with('_');
}

template <class Words>
bool ends_in_any(std::string_view name, const Words& words) {
  return std::any_of(
      words.begin(), words.end(), [&](std::string_view word) { return ends_in_word(name, word); });
}

bool may_be_named_password(std::string_view value) {
  constexpr std::array<std::string_view, 5> flags{"", "true", "false", "0", "1"};
  return value.starts_with('/') || std::find(flags.begin(), flags.end(), value) != flags.end();
}

bool is_token_value(std::string_view value) {
  const auto allowed = [](char c) { return is_token(c) || std::string_view(".+/=").find(c) < 4; };
  return value.size() >= 16 && std::all_of(value.begin(), value.end(), allowed) &&
         std::any_of(value.begin(), value.end(), is_digit) &&
         std::any_of(value.begin(), value.end(), is_letter);
}

// The JSON Web Token at the front of `text`: its length, 0 where there is none.
std::size_t jwt_length(std::string_view text) {
  if (!text.starts_with(jwt_prefix)) return 0;
  const std::size_t header = run_length(text, is_token);
  if (header < jwt_prefix.size() + jwt_header || text.substr(header, 1) != ".") return 0;
  if (run_length(text.substr(header + 1), is_token) < jwt_payload) return 0;
  return run_length(text, [](char c) { return is_token(c) || c == '.'; });
}

// The token at the front of `text`: its length, 0 where there is none.
std::size_t token_length(std::string_view text) {
  if (const std::size_t length = jwt_length(text); length > 0) return length;
  for (const TokenShape& shape : shapes) {
    if (!text.starts_with(shape.prefix)) continue;
    const std::size_t rest = run_length(text.substr(shape.prefix.size()), is_token);
    if (rest >= shape.rest) return shape.prefix.size() + rest;
  }
  return 0;
}

using Range = std::pair<std::size_t, std::size_t>;  // offset, length

std::optional<Range> find_token(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (at > 0 && is_token(text[at - 1])) continue;
    const std::size_t length = token_length(text.substr(at));
    if (length > 0) return Range{at, length};
  }
  return std::nullopt;
}

// The password of a URL's `user:password@`.
std::optional<Range> find_url_password(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find("://", from); at != std::string_view::npos;
       at = text.find("://", at + 3)) {
    const std::string_view rest = text.substr(at + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?# \t\r\n\"'"));
    const std::size_t colon = authority.find(':');
    const std::size_t sign = authority.rfind('@');
    if (sign == std::string_view::npos || colon == std::string_view::npos || colon > sign) continue;
    if (sign > colon + 1) return Range{at + 3 + colon + 1, sign - colon - 1};
  }
  return std::nullopt;
}

// The password of `user:password@host/…` in place of a reference; `name:tag@sha256:…` has none.
std::optional<Range> find_reference_password(std::string_view text, std::size_t from) {
  constexpr std::string_view ends = "/?# \t\r\n\"'`";
  for (std::size_t at = text.find('@', from + 1); at != std::string_view::npos;
       at = text.find('@', at + 1)) {
    const std::string_view host = text.substr(at + 1);
    if (host.starts_with("sha256:") || host.starts_with("sha512:")) continue;
    const std::size_t stop = text.substr(0, at).find_last_of(ends);
    const std::size_t begin = std::max(stop == std::string_view::npos ? 0 : stop + 1, from);
    const std::size_t colon = text.substr(begin, at - begin).find(':');
    if (colon == std::string_view::npos || colon == 0 || begin + colon + 1 == at) continue;
    if (!host.empty() && is_token(host.front())) {
      return Range{begin + colon + 1, at - begin - colon - 1};
    }
  }
  return std::nullopt;
}

// What follows the first line of a private key in PEM, up to a quote or the end of the line.
std::optional<Range> find_private_key(std::string_view text, std::size_t from) {
  constexpr std::string_view title = "PRIVATE KEY";
  for (std::size_t at = text.find(title, from); at != std::string_view::npos;
       at = text.find(title, at + 1)) {
    const std::size_t begin = at + title.size();
    for (const std::string_view end : {"-----", " BLOCK-----"}) {  // the second is GnuPG's
      const std::string_view rest = text.substr(begin);
      if (!rest.starts_with(end)) continue;
      const std::size_t stop = std::min(rest.find_first_of("\"'`\n"), rest.size());
      return Range{begin + end.size(), stop - end.size()};
    }
  }
  return std::nullopt;
}

// A line out of the middle of a private key: base64 with letters of both cases and digits, which no
// digest has.
std::optional<Range> find_key_line(std::string_view text, std::size_t from) {
  const auto is_base64 = [](char c) { return is_digit(c) || is_letter(c) || c == '+' || c == '/'; };
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  constexpr std::size_t shortest = 60;
  for (std::size_t at = from; at < text.size(); ++at) {
    const std::string_view run = text.substr(at, run_length(text.substr(at), is_base64));
    const auto has = [run](auto what) { return std::any_of(run.begin(), run.end(), what); };
    if (run.size() >= shortest && has(is_upper) && has(is_lower) && has(is_digit)) {
      return Range{at, run.size()};
    }
    at += run.size();
  }
  return std::nullopt;
}

// A URL's query, which may be a signature: whoever has it may fetch.
std::optional<Range> find_url_query(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find("://", from); at != text.npos; at = text.find("://", at + 1)) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n\"'`#", at), text.size());
    const std::size_t query = text.substr(0, end).find('?', at);
    if (query != text.npos && query + 1 < end) return Range{query + 1, end - query - 1};
  }
  return std::nullopt;
}

bool is_masked_name(std::string_view name) {
  const std::string lower = to_lower(name);
  return std::any_of(masked_words.begin(), masked_words.end(), [&](std::string_view word) {
    return lower.find(word) != std::string::npos;
  });
}

bool is_shouted(std::string_view name) {
  return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

// The value that follows a name: `: value`, `": value`, `=value`; with the quotes around it.
Range value_after(std::string_view text, std::size_t at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  while (at < text.size() && text[at] == ' ')
    ++at;
  const bool assigned = at < text.size() && text[at] == '=' && text.substr(at, 2) != "==";
  const bool mapped = text.substr(at, 2) == ": ";
  if (!assigned && !mapped) return {at, 0};
  at += assigned ? 1 : 2;
  while (at < text.size() && text[at] == ' ')
    ++at;
  const std::string_view value = text.substr(at);
  if (value.starts_with('"') || value.starts_with('\'')) {
    const std::size_t close = value.find(value[0], 1);
    return {at + 1, (close == std::string_view::npos ? value.size() : close) - 1};
  }
  return {at, std::min(value.find_first_of(",}]\n\"'`"), value.size())};
}

// Values of names that speak of secrets, and of every NAME=value.
std::optional<Range> find_named_value(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size();) {
    const std::size_t length = run_length(text.substr(at), is_name);
    if (length == 0) {
      ++at;
      continue;
    }
    const std::string_view name = text.substr(at, length);
    const Range value = value_after(text, at + length);
    const bool shouted = is_shouted(name) && !is_digit(name[0]);
    const bool assigned = value.first > 0 && text[value.first - 1] == '=';
    const bool is_list = value.second > 0 && text.find_first_of("[{&*", value.first) == value.first;
    if (value.second > 0 && !is_list && (is_masked_name(name) || (shouted && assigned))) {
      return value;
    }
    at += length;
  }
  return std::nullopt;
}

using Finder = std::optional<Range> (*)(std::string_view, std::size_t);

constexpr char blank = '\x01';

void blank_all(std::string& text, Finder find) {
  for (std::size_t from = 0;;) {
    const std::optional<Range> range = find(text, from);
    if (!range) return;
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(range->first), range->second, blank);
    from = range->first + range->second;
  }
}

}  // namespace

bool has_secret_shape(std::string_view text) {
  return find_token(text, 0) || find_url_password(text, 0) || find_private_key(text, 0);
}

bool looks_like_secret(std::string_view name, std::string_view value) {
  if (has_secret_shape(value)) return true;
  const std::string upper = upper_or_lower(name);
  if (ends_in_any(upper, password_endings) || ends_in_any(upper, more_password_endings)) {
    return !may_be_named_password(value);
  }
  return ends_in_word(upper, "TOKEN") && is_token_value(value);
}

std::string blank_secrets(std::string_view text) {
  std::string blanked(text);
  for (const Finder find : {find_private_key,
                            find_key_line,
                            find_token,
                            find_url_password,
                            find_reference_password,
                            find_url_query,
                            find_named_value}) {
    blank_all(blanked, find);
  }
  return blanked;
}

std::string show_blanks(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != blank) {
      shown += text[i];
    } else if (i == 0 || text[i - 1] != blank) {
      shown += "***";
    }
  }
  return shown;
}

std::string mask_secrets(std::string_view text) {
  return show_blanks(blank_secrets(text));
}

SecretPatterns secret_patterns() {
  return {
      .shapes =
          "(^|[^A-Za-z0-9_-])((hf_|sk-|ghp_|gho_|ghs_|ghu_|ghr_|github_pat_|glpat-|npm_|pypi-|"
          "nvapi-|xox[abcdeprs]-|xapp-|dckr_pat_|eyJhbGci)[A-Za-z0-9_-]{20}|"
          "(AKIA|ASIA)[A-Za-z0-9_-]{16}|AIza[A-Za-z0-9_-]{30}|"
          "eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8})|"
          "://[^/?# \\t\\r\\n\"':]*:[^/?# \\t\\r\\n\"']+@|PRIVATE KEY( BLOCK)?-----",
      .password_names =
          "(^|_)(PASSWORD|PASSWD|SECRET|SECRET_KEY|API_KEY|APIKEY|ACCESS_KEY|PRIVATE_KEY|"
          "API_TOKEN|ACCESS_TOKEN|AUTH_TOKEN)$|"
          "(^|_)(password|passwd|secret|secret_key|api_key|apikey|access_key|private_key|"
          "api_token|access_token|auth_token)$",
      .password_allowed = "^(/[\\s\\S]*|true|false|0|1)?$",
      .token_names = "(^|_)(TOKEN|token)$",
      .tokens = "^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_.+/=-]{16,}$",
  };
}

}  // namespace mlpack
