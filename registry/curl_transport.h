#pragma once

#include "lib/file.h"
#include "lib/parallel.h"
#include "registry/environment.h"
#include "registry/proxy.h"
#include "registry/transport.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace mlpack {

struct CurlOptions {
  /// Trusted beside the system's certificates (`--ca`); empty: none.
  fs::path ca;
  /// The system's certificates; empty: the first that exists of the places where distributions
  /// keep them.
  fs::path system_ca;
  /// Folders of `HOST[:PORT]/{*.crt,*.cert,*.key}`, as docker and podman have them; of client
  /// certificates for the same host the last folder's counts.
  std::vector<fs::path> certificate_folders = {"/etc/docker/certs.d", "/etc/containers/certs.d"};
  ProxySettings proxies;
  /// Where passwords are that a request may use; empty: ~/.netrc.
  fs::path netrc;
  std::string user_agent = "mlpack";
  std::chrono::milliseconds connect_limit{30'000};
  /// Longest time in which less than 1 KiB a second moves, in both directions together …
  std::chrono::milliseconds stall_limit{60'000};
  /// … and once all is sent: a registry may hash a large blob before it answers.
  std::chrono::milliseconds answer_limit{900'000};
};

/// With SSL_CERT_FILE, NETRC, MLPACK_NETWORK and the proxies where they are set, and the user's
/// certificates.
CurlOptions curl_options(const Environment& environment, const fs::path& ca);

/// The certificates that count for every server, as PEM: the system's and those of `--ca`.
/// Fault::input where a file cannot be read.
std::string trusted_certificates(const CurlOptions& options);

/// Transport on libcurl: HTTP/1.1 and TLS, one connection for each request that runs, kept for the
/// next.
class CurlTransport : public Transport {
 public:
  /// `stop` must outlive it. Fault::input where a certificate file cannot be read.
  CurlTransport(CurlOptions options, const Stop& stop);
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  Response send(const Request& request) override;

  struct State;  // shared with the bodies of answers that are being read

 private:
  std::shared_ptr<State> state_;
};

}  // namespace mlpack
