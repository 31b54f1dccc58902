#pragma once

#include "registry/transport.h"
#include "registry/url.h"

#include <optional>
#include <string>

namespace mlpack {

/// A URL whose user name and password were taken out of it.
struct UrlWithCredentials {
  Url url;
  std::string authorization;  // a header's value; empty: the URL had none
};

/// `https://user:password@host/…`, also without the first part; nullopt for what is no URL.
std::optional<UrlWithCredentials> split_credentials(const std::string& text);

/// Puts `authorization` on a request to `url` where that is on the server of `owner`; where there
/// is none, a netrc file may have a password.
void authorize_request(const Url& url,
                       const Url& owner,
                       const std::string& authorization,
                       Request& request);

}  // namespace mlpack
