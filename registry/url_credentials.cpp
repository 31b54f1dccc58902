#include "registry/url_credentials.h"

#include "lib/text.h"
#include "registry/auth.h"

#include <algorithm>

namespace mlpack {

std::optional<UrlWithCredentials> split_credentials(const std::string& text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return std::nullopt;
  const std::size_t host = scheme + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", host), text.size());
  const std::size_t at = text.rfind('@', end);
  const bool has_user = at != std::string::npos && at >= host;
  const auto url = Url::parse(has_user ? text.substr(0, host) + text.substr(at + 1) : text);
  if (!url) return std::nullopt;
  if (!has_user) return UrlWithCredentials{*url, {}};
  std::string user = percent_decoded(text.substr(host, at - host));
  if (user.find(':') == std::string::npos) user += ':';
  return UrlWithCredentials{*url, "Basic " + base64(user)};
}

void authorize_request(const Url& url,
                       const Url& owner,
                       const std::string& authorization,
                       Request& request) {
  if (authorization.empty()) {
    request.netrc = Request::Netrc::used;
  } else if (same_origin(url, owner)) {
    request.headers.add("Authorization", authorization);
  }
}

}  // namespace mlpack
