#pragma once

#include "lib/error.h"
#include "lib/progress.h"
#include "lib/remote.h"
#include "registry/client.h"
#include "registry/environment.h"
#include "registry/redirect.h"
#include "registry/retry.h"
#include "registry/transport.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mlpack {

/// What every remote source works with. The references must outlive the source.
struct RemoteContext {
  Transport& transport;
  Environment environment;
  Progress& progress;
  const Stop& stop;
  RetryPolicy retry = {};
  PlainHttp plain_http = PlainHttp::loopback_only;
};

/// One request to a remote source.
struct RemoteCall {
  Url url;
  std::string what;  // for messages, after "cannot"
  std::string method = "GET";
  Headers headers = {};
  enum class Redirects { followed, returned } redirects = Redirects::followed;
  /// Puts what not every server may see, such as credentials, on a request to `url`.
  std::function<void(const Url& url, Request& request)> prepare = {};
  /// Looks at every answer on the way, redirects too.
  std::function<void(const Url& url, const Response& response)> seen = {};
  /// The Error for an answer that is not 2xx.
  std::function<Error(const Landed& landed)> refusal = {};
};

/// The bytes of a file that are wanted.
struct RemoteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t size = 0;  // of the whole file
  /// Tells by ETag or Last-Modified whether the file is still the one that was listed; empty where
  /// its digest will tell.
  std::string validator = {};
};

/// HTTP for remote sources: follows redirects, a public server never into a private network, tries
/// again what may pass, and goes on where a connection broke.
class RemoteWire {
 public:
  explicit RemoteWire(const RemoteContext& context);

  /// The answer, whatever it is; Fault::network for none.
  Landed send(const RemoteCall& call) const;
  /// The answer and its whole body, at most `limit` bytes of it (Fault::integrity past that).
  struct Text {
    Landed landed;
    std::string text;
  };
  Text get_text(const RemoteCall& call, std::size_t limit) const;
  /// The range's bytes, in order. Fault::integrity for a file that changed or has another size.
  /// What is returned must not outlive this, and the functions of `call` are called meanwhile.
  std::unique_ptr<Source> source(RemoteCall call, RemoteRange range) const;

  const Stop& stop() const { return stop_; }

 private:
  class RangeSource;
  Landed follow(const RemoteCall& call) const;
  bool wait(const RemoteCall& call, const Landed& landed, Attempts& attempts) const;
  std::unique_ptr<Body> open(const RemoteCall& call,
                             const RemoteRange& range,
                             std::uint64_t at) const;

  Transport& transport_;
  Progress& progress_;
  const Stop& stop_;
  RetryPolicy policy_;
};

/// Fault::usage for an http URL, unless it is of this machine or clear text is allowed.
void require_private(const Url& url, PlainHttp plain, const std::string& name);

/// `path`, which begins with `/`, below `base`, where that may end in one.
Url below(const Url& base, const std::string& path);

/// What tells one state of a file from another (RFC 9110, 13.1.5): its strong ETag, else its date.
std::string validator_of(const Headers& headers);

}  // namespace mlpack
