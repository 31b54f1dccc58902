#pragma once

#include "lib/sink.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// Header fields in the order in which they came. Names compare without case.
class Headers {
 public:
  void add(std::string name, std::string_view value);
  /// The first value of `name`, without surrounding blanks.
  std::optional<std::string> find(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Who signs a request for S3 (AWS Signature Version 4). Without a body; the headers that are
/// signed must hold x-amz-content-sha256.
struct S3Signer {
  std::string key_id;
  std::string secret;
  std::string region;
};

/// One HTTP request. `url` is absolute and already escaped.
struct Request {
  std::string method = "GET";
  std::string url = {};
  Headers headers = {};
  std::string body = {};     // sent where `source` is null
  Source* source = nullptr;  // gives exactly `length` bytes; what it throws leaves `send`
  std::uint64_t length = 0;  // of `source`

  /// Where the connection may lead, once the name is resolved; looked at before anything is sent,
  /// and on a proxy's way of the name alone. `network` refuses this machine and its link
  /// (loopback, link-local, multicast), `public_only` private addresses too: a public registry must
  /// not send us into the local network.
  enum class Peers { any, network, public_only } peers = Peers::any;
  /// `any_certificate` is for hosts of which the user said so.
  enum class Trust { verified, any_certificate } trust = Trust::verified;
  /// Whether the user's netrc file may name a password for the host: over TLS or to this machine.
  enum class Netrc { ignored, used } netrc = Netrc::ignored;
  /// `finish` is for what is sent to clean up after a stop was requested; it gets a few seconds.
  enum class WhenStopped { abandon, finish } when_stopped = WhenStopped::abandon;
  std::optional<S3Signer> signer = {};  // absent: the request is not signed
};

/// Why there is no answer, or no more of it.
struct NetworkFailure {
  std::string message;
  /// What another attempt cannot change: a certificate that is not trusted, ours or theirs, a
  /// server that has no TLS, an address that `Peers` forbids, a proxy that does not let us pass.
  enum class Kind { passing, certificate, clear_text, forbidden, proxy } kind = Kind::passing;
  std::string hint = {};  // what to do about it, where that is known
  bool may_pass() const { return kind == Kind::passing; }
};

/// The body of an answer as it arrives. Destroying it early abandons the rest. `read` returns 0 at
/// the end and where the connection broke; then, and only then, `failure` is set.
class Body : public Source {
 public:
  virtual const std::optional<NetworkFailure>& failure() const = 0;
};

struct Response {
  int status = 0;
  Headers headers;
  std::unique_ptr<Body> body;  // never null where `failure` is not set
  std::string peer;            // the address that answered; through a proxy its own
  bool by_proxy = false;
  std::optional<NetworkFailure> failure;  // set: nothing else is
};

/// Sends requests. An interface so that tests can put a registry behind it; see
/// tests/support/fake_net.h. Callable from any thread.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Sends `request` and returns when the head of the answer is here. Follows no redirect, adds no
  /// credentials, does not retry. A host that cannot be reached is a Response with `failure`;
  /// Error is thrown only for a stop and for what `request.source` throws.
  virtual Response send(const Request& request) = 0;
};

/// The body as text, at most `limit` bytes of it; `truncated` where there was more.
struct BodyText {
  std::string text;
  bool truncated = false;
  std::optional<NetworkFailure> failure;
};
BodyText read_body(Body& body, std::size_t limit);

}  // namespace mlpack
