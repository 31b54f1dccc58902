#include "registry/peers.h"

#include "lib/error.h"
#include "registry/url.h"

namespace mlpack {

using Peers = Request::Peers;

Peers peers_named_by(const Response& response) {
  if (response.by_proxy) return Peers::public_only;
  switch (scope_of_address(response.peer)) {
    case AddressScope::host:
      return Peers::any;
    case AddressScope::network:
      return Peers::network;
    case AddressScope::internet:
      return Peers::public_only;
  }
  fail(Fault::internal, "no such scope of an address");
}

bool is_allowed(Peers peers, const std::string& address) {
  switch (peers) {
    case Peers::any:
      return true;
    case Peers::network:
      return scope_of_address(address) != AddressScope::host;
    case Peers::public_only:
      return scope_of_address(address) == AddressScope::internet;
  }
  fail(Fault::internal, "no such limit of addresses");
}

bool is_allowed_host(Peers peers, const std::string& host) {
  if (is_loopback_host(host)) return peers == Peers::any;
  const std::string bare = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  const bool is_v4 = bare.find_first_not_of("0123456789.") == std::string::npos;
  const bool is_address = host.starts_with('[') || is_v4;
  return !is_address || is_allowed(peers, bare);
}

}  // namespace mlpack
