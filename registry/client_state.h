#pragma once

#include "registry/auth.h"
#include "registry/client.h"
#include "registry/refusal.h"
#include "registry/url.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mlpack {

/// What the client knows of one registry.
struct RegistryHost {
  std::mutex guard;  // of the rest
  Url base;          // scheme and authority; path `/`
  bool answered = false;
  bool is_public = false;   // it answered from a public address
  bool try_secure = false;  // plain HTTP is a guess so far
  double not_before = 0;    // it asked everybody to wait until then
};

/// A request to a registry, before URLs, tokens and redirects.
struct Call {
  std::string method = "GET";
  std::string target;  // `/v2/…`, or an absolute URL that the registry gave
  Headers headers = {};
  std::string body = {};
  OpenSource open = {};  // for bodies that are not in memory; opened for each attempt
  std::uint64_t length = 0;
  std::vector<Reference> also = {};  // repositories that the token must let us pull from too
};

/// Shared by the parts of the client; see client.h. Not for other folders.
struct Client::State {
  State(Transport& wire,
        CredentialsSource& source,
        ClientOptions given,
        Progress& tell,
        const Stop& end);

  /// Sends once, with the token it takes and along redirects; a 401 brings a new token and one more
  /// attempt.
  Answer exchange(const Repository& repository, const Call& call);
  /// As exchange, again and again while the answer is one that may pass. Fault::network where there
  /// is none, Fault::refused for a web page; other answers are the caller's to judge.
  Answer persist(const Repository& repository, const Call& call, const Attempt& attempt);
  /// What `/v2/` of `host` answers; Fault::refused where it is no registry.
  Answer ping(const std::string& host, const Attempt& attempt);
  /// Counts a failure, tells about it and waits; false where no attempt is left.
  bool wait_for_next(RegistryHost& host,
                     const Answer& answer,
                     Attempts& attempts,
                     const std::string& what);

  /// Asks for an upload to be dropped. Asks no token service, never throws for an answer.
  void cancel(const Repository& repository, const std::string& location);

  RegistryHost& host_of(const Repository& repository);
  /// "push `x`" and the scope it takes, for messages.
  Attempt attempt(const Repository& repository, std::string what) const;
  int attempt_limit(RegistryHost& host) const;

  Transport& transport;
  CredentialsSource& credentials;
  ClientOptions options;
  Progress& progress;
  const Stop& stop;
  RetryPolicy policy;
  Authorizer authorizer;
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::size_t> retries{0};

 private:
  void hold(RegistryHost& host);
  AuthContext context_for(RegistryHost& host, const Repository& repository, const Call& call);
  Answer send(RegistryHost& host, const AuthContext& context, const Call& call, const Grant& grant);
  Response send_to(const Url& url,
                   const AuthContext& context,
                   const Call& call,
                   const Grant& grant);
  bool settle_scheme(RegistryHost& host, const Response& response);
  void learn(RegistryHost& host, const Answer& answer);

  std::mutex guard_;  // of the map
  std::map<std::string, std::unique_ptr<RegistryHost>> hosts_;
};

/// `/v2/REPOSITORY/REST`
std::string registry_path(const Repository& repository, const std::string& rest);

/// 200 to 299.
bool is_success(const Answer& answer);

/// The Content-Length of an answer, where it is one.
std::optional<std::uint64_t> content_length(const Headers& headers);

}  // namespace mlpack
