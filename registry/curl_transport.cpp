#include "registry/curl_transport.h"

#include "registry/curl_transport_transfer.h"
#include "registry/network_limits.h"

#include <utility>

namespace mlpack {

CurlOptions curl_options(const Environment& environment, const fs::path& ca) {
  CurlOptions options;
  options.ca = ca;
  options.system_ca = environment("SSL_CERT_FILE").value_or("");
  options.netrc = environment("NETRC").value_or("");
  options.proxies = proxy_settings(environment);
  fs::path config = environment("XDG_CONFIG_HOME").value_or("");
  const std::optional<std::string> home = environment("HOME");
  if (!config.is_absolute() && home) config = fs::path(*home) / ".config";
  if (config.is_absolute()) {
    // Of docker without root, and of podman.
    options.certificate_folders.push_back(config / "docker/certs.d");
    options.certificate_folders.push_back(config / "containers/certs.d");
  }
  network_limits(environment).apply_to(options);
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
