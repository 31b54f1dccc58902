#include "registry/proxy.h"

#include "lib/text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace mlpack {
namespace {

std::string either_case(const Environment& environment, const std::string& name) {
  if (const auto value = set_value(environment, name)) return *value;
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return set_value(environment, upper).value_or("");
}

// The bytes of an IPv4 or IPv6 address; empty where it is none.
std::string address_bytes(const std::string& text) {
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
  return {};
}

bool is_in_range(const std::string& host, std::string_view range) {
  const std::size_t slash = range.find('/');
  const std::string network = address_bytes(std::string(range.substr(0, slash)));
  const std::string address = address_bytes(host);
  const auto bits = parse_number(range.substr(slash + 1), network.size() * 8);
  if (network.empty() || address.size() != network.size() || !bits) return false;
  for (std::size_t bit = 0; bit < *bits; ++bit) {
    const int differs = (network[bit / 8] ^ address[bit / 8]) >> (7 - bit % 8) & 1;
    if (differs != 0) return false;
  }
  return true;
}

// `host:8080` without its port; nullopt where that is another one than `port`.
std::optional<std::string_view> without_port(std::string_view entry, unsigned port) {
  const std::size_t colon = entry.rfind(':');
  const bool bare_v6 = entry.find(':') != colon && !entry.starts_with('[');
  if (colon == std::string_view::npos || bare_v6 || entry.ends_with(']')) return entry;
  if (parse_number(entry.substr(colon + 1), 65535).value_or(0) != port) return std::nullopt;
  return entry.substr(0, colon);
}

std::string_view without_brackets(std::string_view host) {
  const bool has = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return has ? host.substr(1, host.size() - 2) : host;
}

bool is_exception(std::string_view entry, const Url& url) {
  if (entry == "*") return true;
  const std::string host(without_brackets(url.host()));
  if (entry.find('/') != std::string_view::npos) return is_in_range(host, entry);
  const auto bare = without_port(entry, url.port());
  if (!bare) return false;
  std::string name = to_lower(without_brackets(*bare));
  if (name.starts_with("*.")) name.erase(0, 1);
  if (name.starts_with('.')) name.erase(0, 1);
  return !name.empty() && (host == name || host.ends_with("." + name));
}

}  // namespace

ProxySettings proxy_settings(const Environment& environment) {
  ProxySettings settings;
  const std::string all = either_case(environment, "all_proxy");
  settings.http = either_case(environment, "http_proxy");
  settings.https = either_case(environment, "https_proxy");
  if (settings.http.empty()) settings.http = all;
  if (settings.https.empty()) settings.https = all;
  std::string list = either_case(environment, "no_proxy");
  std::replace_if(
      list.begin(), list.end(), [](char c) { return c == ' ' || c == '\t'; }, ',');
  for (const std::string_view entry : split(list, ',')) {
    if (!entry.empty()) settings.exceptions.emplace_back(entry);
  }
  return settings;
}

std::string proxy_for(const ProxySettings& settings, const Url& url) {
  const bool excepted =
      is_loopback_host(url.host()) ||
      std::any_of(settings.exceptions.begin(),
                  settings.exceptions.end(),
                  [&](const std::string& entry) { return is_exception(entry, url); });
  if (excepted) return {};
  return url.secure() ? settings.https : settings.http;
}

}  // namespace mlpack
