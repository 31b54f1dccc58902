#pragma once

#include "lib/error.h"
#include "registry/auth.h"
#include "registry/client.h"
#include "registry/gate.h"
#include "registry/places.h"
#include "registry/refusal.h"
#include "registry/upload_rules.h"
#include "registry/url.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// What the client knows of one registry.
struct RegistryHost {
  std::mutex guard;  // of the rest
  Url base;          // scheme and authority; path `/`
  bool answered = false;
  Request::Peers peers = Request::Peers::any;  // where it may send us
  Tls tls = Tls::required;
  bool try_plain = false;   // TLS is a guess so far
  bool try_secure = false;  // plain HTTP is a guess so far
  double not_before = 0;    // it asked everybody to wait until then
  std::optional<UploadRules> rules;
  Gate gate;  // has a guard of its own
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
  /// The same of one place alone.
  std::optional<Descriptor> head_manifest(const Repository& repository, const std::string& at);
  std::optional<FoundManifest> get_manifest(const Repository& repository, const std::string& at);
  std::optional<std::vector<Descriptor>> referrers(const Repository& repository,
                                                   const Digest& subject,
                                                   const std::string& artifact_type);
  std::unique_ptr<Source> open_blob_at(const Repository& repository,
                                       const Descriptor& blob,
                                       std::uint64_t offset);
  /// What `/v2/` of `host` answers; Fault::refused where it is no registry.
  Answer ping(const std::string& host, const Attempt& attempt);
  /// Whether another attempt may follow at `repository` after one that took some seconds.
  static bool is_worth_waiting(const Repository& repository, const Answer& answer, double seconds);
  /// Counts a failure, tells about it and waits; false where no attempt is left.
  bool wait_for_next(RegistryHost& host,
                     const Answer& answer,
                     Attempts& attempts,
                     const std::string& what);

  /// Asks for an upload to be dropped. Asks no token service, never throws for an answer.
  void cancel(const Repository& repository, const std::string& location);

  RegistryHost& host_of(const Repository& repository);
  /// What `look` finds in the first of the places that registries.conf has for `repository`.
  template <class Look>
  auto look_in_places(const Repository& repository, PullKind kind, const Look& look)
      -> decltype(look(repository)) {
    Places places(*this, repository, kind);
    for (;;) {
      auto found = places.look(look);
      if (found || !places.next()) return found;
    }
  }
  /// The places that registries.conf has for `repository`, itself last; without mirrors that were
  /// given up.
  std::vector<Repository> places_of(const Repository& repository, PullKind kind);
  /// The mirrors of it that are out of reach, first those that answered before.
  std::vector<Repository> lost_places_of(const Repository& repository, PullKind kind);
  /// Notes what went wrong in a mirror, once; one that is out of reach is not asked first any more.
  /// Throws `error` again where it is no matter of the mirror's.
  void give_up(const Repository& mirror, const Error& error);
  /// A mirror that was out of reach is there again.
  void found_again(const Repository& mirror);
  /// The same of a mirror that sent something else than it should have: it is not asked again.
  void distrust(const Repository& mirror, const Error& error);
  /// "push `x`" and the scope it takes, for messages.
  Attempt attempt(const Repository& repository, std::string what) const;
  const RetryPolicy& policy_for(const Repository& repository) const;
  static int attempt_limit(RegistryHost& host, const RetryPolicy& patience);

  /// How the registry takes blobs, as far as is known by now.
  UploadRules upload_rules(const Repository& repository);
  /// Changes what is known, for all who upload there.
  void learn(const Repository& repository, const std::function<void(UploadRules&)>& change);
  /// Keeps what was learnt for later runs, where that is something.
  void remember_rules(const Repository& repository);

  Transport& transport;
  CredentialsSource& credentials;
  ClientOptions options;
  Progress& progress;
  const Stop& stop;
  RetryPolicy policy;
  RetryPolicy brief_policy;
  Authorizer authorizer;
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::size_t> retries{0};

 private:
  Answer exchange_now(RegistryHost& host, const Repository& repository, const Call& call);
  void hold(RegistryHost& host);
  AuthContext context_for(RegistryHost& host, const Repository& repository, const Call& call);
  Answer send(RegistryHost& host, const AuthContext& context, const Call& call, const Grant& grant);
  Response send_to(const Url& url,
                   const AuthContext& context,
                   const Call& call,
                   const Grant& grant,
                   Request::Peers peers);
  bool settle_scheme(RegistryHost& host, const Response& response);
  bool settle_plain(RegistryHost& host, const Response& response);
  void learn(RegistryHost& host, const Answer& answer);

  const RegistriesConf& registries();

  std::mutex guard_;  // of the rest
  std::map<std::pair<std::string, Tls>, std::unique_ptr<RegistryHost>> hosts_;
  std::optional<RegistriesConf> registries_;
  std::set<std::string> lost_mirrors_;  // hosts out of reach
  std::set<std::string> bad_mirrors_;   // hosts that sent something else
};

/// `/v2/REPOSITORY/REST`
std::string registry_path(const Repository& repository, const std::string& rest);

/// What was wrong with an answer, for notes.
std::string reason(const Answer& answer);

/// 200 to 299.
bool is_success(const Answer& answer);

/// The Content-Length of an answer, where it is one.
std::optional<std::uint64_t> content_length(const Headers& headers);

}  // namespace mlpack
