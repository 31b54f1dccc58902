#include "registry/url.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::size_t longest_url = 16384;

bool is_target_character(char c) {
  return c > ' ' && c < 0x7f && c != '\\' && c != '#';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

bool is_bracketed_address(std::string_view host) {
  return host.size() > 4 && host.front() == '[' && host.back() == ']' &&
         host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
}

struct Authority {
  std::string_view host;
  std::string_view port;  // empty: the scheme's
};

std::optional<Authority> parse_authority(std::string_view text) {
  Authority parts{text, {}};
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    parts = {text.substr(0, colon), text.substr(colon + 1)};
    if (!parse_number(parts.port, 65535).value_or(0)) {
      return std::nullopt;
    }
  }
  if (!is_name(parts.host) && !is_bracketed_address(parts.host)) {
    return std::nullopt;
  }
  return parts;
}

// `https://`, in any case; what follows is left in `text`.
std::optional<bool> take_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (to_lower(text.substr(0, scheme.size())) == scheme) {
      text.remove_prefix(scheme.size());
      return scheme == "https://";
    }
  }
  return std::nullopt;
}

bool has_scheme(std::string_view text) {
  const std::size_t end = text.find_first_of(":/?");
  return end != std::string_view::npos && end > 0 && text[end] == ':' && is_letter(text.front());
}

}  // namespace

std::optional<Url> Url::parse(std::string_view text) {
  if (text.size() > longest_url) {
    return std::nullopt;
  }
  const std::optional<bool> secure = take_scheme(text);
  const std::size_t slash = std::min(text.find_first_of("/?#"), text.size());
  const std::optional<Authority> authority = parse_authority(text.substr(0, slash));
  if (!secure || !authority) {
    return std::nullopt;
  }
  std::string_view target = text.substr(slash);
  target = target.substr(0, target.find('#'));
  if (!std::all_of(target.begin(), target.end(), is_target_character)) {
    return std::nullopt;
  }
  Url url;
  url.secure_ = *secure;
  url.host_ = to_lower(authority->host);
  url.port_ =
      static_cast<unsigned>(parse_number(authority->port, 65535).value_or(*secure ? 443U : 80U));
  url.target_ = (target.starts_with('/') ? "" : "/") + std::string(target);
  return url;
}

std::optional<Url> Url::resolve(std::string_view reference) const {
  reference = trim(reference);
  if (reference.empty()) {
    return std::nullopt;
  }
  if (has_scheme(reference)) {
    return parse(reference);
  }
  if (reference.starts_with("//")) {
    return parse((secure_ ? "https:" : "http:") + std::string(reference));
  }
  if (reference.starts_with('/')) {
    return parse(origin() + std::string(reference));
  }
  if (reference.starts_with('?')) {
    return parse(origin() + path() + std::string(reference));
  }
  const std::string folder = path().substr(0, path().rfind('/') + 1);
  return parse(origin() + folder + std::string(reference));
}

Url Url::with_target(std::string target) const {
  Url url = *this;
  url.target_ = std::move(target);
  return url;
}

Url Url::with_query(std::string_view name, std::string_view value) const {
  const char separator = target_.find('?') == std::string::npos ? '?' : '&';
  return with_target(
      fmt::format("{}{}{}={}", target_, separator, escape_query(name), escape_query(value)));
}

std::string Url::authority() const {
  return port_ == (secure_ ? 443U : 80U) ? host_ : fmt::format("{}:{}", host_, port_);
}

std::string Url::origin() const {
  return (secure_ ? "https://" : "http://") + authority();
}

bool same_origin(const Url& left, const Url& right) {
  return left.secure() == right.secure() && left.host() == right.host() &&
         left.port() == right.port();
}

std::string escape_query(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain =
        is_letter(c) || is_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos;
    escaped += plain ? std::string(1, c)
                     : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return escaped;
}

}  // namespace mlpack
