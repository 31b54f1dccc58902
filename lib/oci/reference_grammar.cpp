#include "lib/oci/reference_grammar.h"

#include "lib/digest.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mlpack {
namespace {

constexpr std::size_t longest_name = 255;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c);
}
bool is_name_letter(char c) {
  return is_lower(c) || is_digit(c);
}

// The first part of a name is a host where it cannot be anything else.
bool is_host_like(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:[") != std::string_view::npos;
}

// `.`, `_`, `__` or any number of `-`.
bool is_separator(std::string_view text) {
  return text == "." || text == "_" || text == "__" ||
         text.find_first_not_of('-') == std::string_view::npos;
}

// [a-z0-9]+ ((\.|_|__|-+) [a-z0-9]+)*
bool is_path_part(std::string_view part) {
  if (part.empty() || !is_name_letter(part.front()) || !is_name_letter(part.back())) return false;
  while (!part.empty()) {
    const auto* const word_end =
        std::find_if_not(part.begin(), part.end(), [](char c) { return is_name_letter(c); });
    part.remove_prefix(static_cast<std::size_t>(word_end - part.begin()));
    const auto* const next = std::find_if(part.begin(), part.end(), is_name_letter);
    const auto length = static_cast<std::size_t>(next - part.begin());
    if (length > 0 && !is_separator(part.substr(0, length))) return false;
    part.remove_prefix(length);
  }
  return true;
}

std::optional<std::string> path_problem(std::string_view path) {
  for (const std::string_view part : split(path, '/')) {
    if (part.empty()) return "a part of the name is empty";
    if (std::any_of(part.begin(), part.end(), is_upper)) {
      return in_backticks(part) + " has upper case letters";
    }
    if (!is_path_part(part)) {
      return in_backticks(part) +
             " is not a part of a name: lower case letters and digits, with `.`, `_`, `__` or `-` "
             "between them";
    }
  }
  return std::nullopt;
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(
             label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_host_name(std::string_view name) {
  const auto labels = split(name, '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_port(std::string_view text) {
  const auto port = parse_number(text, 65535);
  return port && *port > 0 && text.front() != '0';
}

std::optional<std::string> port_problem(std::string_view host, std::size_t colon) {
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view port = host.substr(colon + 1);
  if (is_port(port)) return std::nullopt;
  return in_backticks(port) + " is not a port";
}

std::optional<std::string> ipv6_problem(std::string_view host) {
  const std::size_t end = host.find(']');
  if (end == std::string_view::npos || !is_ipv6(host.substr(1, end - 1))) {
    return in_backticks(host) + " is not an IPv6 address in brackets";
  }
  if (end + 1 == host.size()) return std::nullopt;
  if (host[end + 1] != ':') return in_backticks(host) + " is not a host";
  return port_problem(host, end + 1);
}

std::optional<std::string> host_problem(std::string_view host) {
  if (host.empty()) return std::nullopt;
  if (host.front() == '[') return ipv6_problem(host);
  const std::size_t colon = host.find(':');
  if (!is_host_name(host.substr(0, colon))) return in_backticks(host) + " is not a host";
  return port_problem(host, colon);
}

}  // namespace

ReferenceParts split_reference(std::string_view text) {
  ReferenceParts parts;
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    parts.digest = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && is_host_like(text.substr(0, slash))) {
    parts.host = text.substr(0, slash);
    text.remove_prefix(slash + 1);
  }
  const std::size_t last_slash = text.rfind('/');
  const std::size_t colon = text.find(':', last_slash == std::string_view::npos ? 0 : last_slash);
  if (colon != std::string_view::npos) {
    parts.tag = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  parts.path = text;
  return parts;
}

std::optional<std::string> problem_of(const ReferenceParts& parts) {
  if (parts.path.empty()) return "the name is empty";
  if (auto problem = host_problem(parts.host)) return problem;
  if (auto problem = path_problem(parts.path)) return problem;
  if (parts.host.size() + 1 + parts.path.size() > longest_name) {
    return fmt::format("the name is longer than {} bytes", longest_name);
  }
  if (parts.tag && !is_tag(*parts.tag)) return in_backticks(*parts.tag) + " is not a tag";
  if (parts.digest && !Digest::parse(*parts.digest)) {
    return in_backticks(*parts.digest) + " is not `sha256:` and 64 hexadecimal digits";
  }
  return std::nullopt;
}

bool is_tag(std::string_view text) {
  const auto is_word = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return !text.empty() && text.size() <= 128 && is_word(text.front()) &&
         std::all_of(
             text.begin(), text.end(), [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

}  // namespace mlpack
