#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// An absolute `http` or `https` URL. Parsing is strict and the text is made anew from the parts,
/// so that nobody who reads it later (libcurl) can see another host in it: no user information, no
/// control characters, blanks or backslashes; fragments are dropped.
class Url {
 public:
  static std::optional<Url> parse(std::string_view text);
  /// `reference` as a server's Location means it, relative to this URL: absolute, `//host/path`,
  /// `/path`, `?query` or `path`.
  std::optional<Url> resolve(std::string_view reference) const;

  bool secure() const { return secure_; }
  /// Lower case; an IPv6 address has its brackets.
  const std::string& host() const { return host_; }
  unsigned port() const { return port_; }
  /// Path and query; begins with `/`.
  const std::string& target() const { return target_; }
  std::string path() const { return target_.substr(0, target_.find('?')); }

  /// The same server with another path and query.
  Url with_target(std::string target) const;
  /// `name=value` appended to the query, escaped.
  Url with_query(std::string_view name, std::string_view value) const;
  /// `host`, or `host:port` where the port is not the scheme's.
  std::string authority() const;
  std::string origin() const;
  std::string text() const { return origin() + target_; }
  /// For messages: without the query, which may hold a signature.
  std::string shown() const { return origin() + path(); }
  bool operator==(const Url&) const = default;

 private:
  Url() = default;
  bool secure_ = true;
  std::string host_;
  unsigned port_ = 443;
  std::string target_;
};

/// Scheme, host and port are the same.
bool same_origin(const Url& left, const Url& right);

/// Percent-encoded for a query or a form.
std::string escape_query(std::string_view text);

/// True for `localhost`, 127.0.0.0/8 and `[::1]`, with or without a port.
bool is_loopback_host(std::string_view host);

/// Whose an address is; in IPv6 clothes (mapped, NAT64, 6to4) the IPv4 address counts.
enum class AddressScope {
  host,      // loopback, unspecified, link-local, multicast, broadcast, and what is no address
  network,   // private, shared, unique local, and what is set aside for tests
  internet,  // all others
};
AddressScope scope_of_address(const std::string& address);
/// Whether it is AddressScope::internet.
bool is_public_address(const std::string& address);

}  // namespace mlpack
