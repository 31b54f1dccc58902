#pragma once

#include "registry/environment.h"
#include "registry/url.h"

#include <string>
#include <vector>

namespace mlpack {

/// The proxies of the environment. Their URLs may hold a password.
struct ProxySettings {
  std::string http;   // for http URLs; empty: none
  std::string https;  // for https URLs
  std::vector<std::string> exceptions;
};

/// http_proxy, https_proxy, all_proxy and no_proxy; in capitals too, which count less.
ProxySettings proxy_settings(const Environment& environment);

/// The proxy to reach `url` by; empty: none. This machine never has one. Exceptions are `*`, a name
/// for itself and all below it (`example.com`, `.example.com`), an address, a range of them
/// (`10.0.0.0/8`), each with a port or without.
std::string proxy_for(const ProxySettings& settings, const Url& url);

}  // namespace mlpack
