#pragma once

#include "registry/transport.h"

#include <string>

namespace mlpack {

/// Where a server that answered with `response` may send us: no further in than it is itself. What
/// is behind a proxy counts as public.
Request::Peers peers_named_by(const Response& response);

/// Whether `peers` allow a connection to `address`.
bool is_allowed(Request::Peers peers, const std::string& address);
/// The same of a URL's host, where that is an address; a name is allowed.
bool is_allowed_host(Request::Peers peers, const std::string& host);

}  // namespace mlpack
