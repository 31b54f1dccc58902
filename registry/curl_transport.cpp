#include "registry/curl_transport.h"

#include "registry/curl_transport_transfer.h"

#include <utility>

namespace mlpack {

CurlOptions curl_options(const Environment& environment, const fs::path& ca) {
  CurlOptions options;
  options.ca = ca;
  options.system_ca = environment("SSL_CERT_FILE").value_or("");
  options.netrc = environment("NETRC").value_or("");
  // libcurl reads https_proxy and no_proxy in both cases, but http_proxy in lower case only.
  if (!environment("http_proxy")) options.http_proxy = environment("HTTP_PROXY").value_or("");
  return options;
}

CurlTransport::CurlTransport(CurlOptions options, const Stop& stop)
    : state_(std::make_shared<State>(std::move(options), stop)) {
  if (!state_->options.ca.empty()) state_->certificates_for("");
}

CurlTransport::~CurlTransport() = default;

Response CurlTransport::send(const Request& request) {
  auto transfer = std::make_unique<Transfer>(state_, request);
  Response response = transfer->answer();
  if (!response.failure) response.body = std::move(transfer);
  return response;
}

}  // namespace mlpack
