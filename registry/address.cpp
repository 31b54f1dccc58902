#include "lib/text.h"
#include "registry/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace mlpack {
namespace {

using V6 = std::array<std::uint8_t, 16>;

std::optional<std::uint32_t> parse_v4(const std::string& text) {
  in_addr address = {};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) {
    return std::nullopt;
  }
  return ntohl(address.s_addr);
}

std::optional<V6> parse_v6(const std::string& text) {
  V6 address = {};
  if (::inet_pton(AF_INET6, text.c_str(), address.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

struct V4Range {
  std::uint32_t first;
  int bits;
  AddressScope scope;
};

// RFC 6890 and the registries that follow it.
constexpr std::array<V4Range, 11> special_v4 = {{
    {0x00000000, 8, AddressScope::host},      // this network
    {0x0a000000, 8, AddressScope::network},   // private
    {0x64400000, 10, AddressScope::network},  // shared
    {0x7f000000, 8, AddressScope::host},      // loopback
    {0xa9fe0000, 16, AddressScope::host},     // link-local, cloud metadata
    {0xac100000, 12, AddressScope::network},  // private
    {0xc0000000, 24, AddressScope::network},  // protocol assignments
    {0xc0a80000, 16, AddressScope::network},  // private
    {0xc6120000, 15, AddressScope::network},  // benchmarks
    {0xe0000000, 4, AddressScope::host},      // multicast
    {0xf0000000, 4, AddressScope::host},      // reserved, broadcast
}};

AddressScope scope_of_v4(std::uint32_t address) {
  const auto* const found =
      std::find_if(special_v4.begin(), special_v4.end(), [&](const V4Range& range) {
        return (address ^ range.first) >> (32 - range.bits) == 0;
      });
  return found == special_v4.end() ? AddressScope::internet : found->scope;
}

std::uint32_t v4_at(const V6& address, std::size_t begin) {
  std::uint32_t value = 0;
  for (std::size_t i = begin; i < begin + 4; ++i) {
    value = value << 8 | address[i];
  }
  return value;
}

bool has_prefix(const V6& address, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

AddressScope scope_of_v6(const V6& address) {
  if (has_prefix(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}) ||     // IPv4-mapped
      has_prefix(address, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {  // NAT64
    return scope_of_v4(v4_at(address, 12));
  }
  if (has_prefix(address, {0x20, 0x02})) return scope_of_v4(v4_at(address, 2));  // 6to4
  if ((address[0] & 0xfeU) == 0xfc) return AddressScope::network;                // unique local
  if (has_prefix(address, {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01})) return AddressScope::network;
  const bool global = (address[0] & 0xe0U) == 0x20;  // global unicast, 2000::/3
  return global ? AddressScope::internet : AddressScope::host;
}

}  // namespace

AddressScope scope_of_address(const std::string& address) {
  if (const auto v4 = parse_v4(address)) return scope_of_v4(*v4);
  const auto v6 = parse_v6(address);
  return v6 ? scope_of_v6(*v6) : AddressScope::host;
}

bool is_public_address(const std::string& address) {
  return scope_of_address(address) == AddressScope::internet;
}

bool is_loopback_host(std::string_view host) {
  if (host.starts_with("[::1]")) {
    return host.size() == 5 || host[5] == ':';
  }
  const std::string name = to_lower(host.substr(0, host.find(':')));
  const auto v4 = parse_v4(name);
  return name == "localhost" || (v4 && *v4 >> 24 == 127);
}

}  // namespace mlpack
