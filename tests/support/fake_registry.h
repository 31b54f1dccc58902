#pragma once

#include "lib/digest.h"
#include "registry/transport.h"
#include "registry/url.h"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mlpack::test {

/// An answer with a body in memory. With `cut`, the connection breaks after that many bytes of it.
Response reply(int status,
               std::vector<std::pair<std::string, std::string>> headers = {},
               const std::string& body = "",
               std::optional<std::size_t> cut = std::nullopt);
/// No answer at all.
Response no_answer(const std::string& message = "connection reset by peer");

/// What a server saw of a request.
struct Seen {
  std::string method;
  std::string url;
  Headers headers;
  std::string body;  // what was sent of it
  std::string line() const { return method + " " + Url::parse(url)->path(); }
};

/// A Transport without a network: every origin has a function that answers. It records all
/// requests, and plays the faults that it was told. Thread-safe.
class FakeNet : public Transport {
 public:
  using Server = std::function<Response(const Seen&)>;

  /// `origin` such as `https://registry.example.com`; `peer` is the address it resolves to.
  void serve(const std::string& origin, Server server, std::string peer = "203.0.113.7");
  Response send(const Request& request) override;

  /// A fault for requests whose `METHOD URL` contains `match`: of those, the first `skip` pass,
  /// and the next `times` meet it.
  struct Fault {
    std::string match;
    int times = 1;
    int skip = 0;
    /// Reads only so much of the request's body, then the connection is gone.
    std::optional<std::size_t> cut_request = {};
    /// Takes the place of the server; absent: it is asked.
    std::function<Response(const Seen&)> instead = {};
    /// Has the last word on what the server answered.
    std::function<Response(Response)> then = {};
  };
  void fault(Fault fault);

  std::vector<Seen> seen() const;
  /// `METHOD path` of every request, in order; the part of a digest behind 6 digits is cut off.
  std::vector<std::string> lines() const;
  /// How many of `lines` begin with `prefix`.
  std::size_t count(const std::string& prefix) const;
  void forget();

 private:
  std::optional<Fault> take_fault(const Seen& seen);

  mutable std::mutex guard_;
  std::map<std::string, std::pair<Server, std::string>> servers_;
  std::vector<Fault> faults_;
  std::vector<Seen> seen_;
};

/// A registry in memory that speaks distribution-spec 1.1 as strictly as a client deserves: blobs
/// are hashed, manifests need their blobs, sessions are used once.
class FakeRegistry {
 public:
  /// Joins `net` as `https://HOST`.
  explicit FakeRegistry(FakeNet& net,
                        std::string host = "registry.example.com",
                        const std::string& scheme = "https",
                        const std::string& peer = "203.0.113.7");

  /// Wants `user:password`, as basic authentication.
  void require_basic(const std::string& login);
  /// Wants tokens, which `https://auth.example.com/token` gives to `user:password`; anonymous ones
  /// may pull where `anonymous_pull`.
  void require_token(const std::string& login);
  /// Every token that was given is worthless now.
  void expire_tokens();

  Digest put_blob(const std::string& repository, const std::string& bytes);
  Digest put_manifest(const std::string& repository,
                      const std::string& tag,
                      const std::string& bytes,
                      const std::string& type);
  bool has_blob(const std::string& repository, const Digest& digest) const;
  std::optional<std::string> manifest(const std::string& repository, const std::string& at) const;

  bool anonymous_pull = false;
  bool allow_mount = true;
  std::string token_life = "300";  // `expires_in` as it is sent
  std::string realm = "https://auth.example.com/token";
  std::string location_prefix;      // before the path of an upload's Location
  std::vector<std::string> scopes;  // asked of the token service
  std::set<std::string> sessions;   // uploads that were begun and not ended

 private:
  struct Manifest {
    std::string type;
    std::string bytes;
  };
  struct Repository {
    std::map<std::string, std::string> blobs;   // by digest
    std::map<std::string, Manifest> manifests;  // by tag and by digest
  };

  Response handle(const Seen& seen);
  Response route(const Seen& seen, const std::string& path);
  Response give_token(const Seen& seen);
  bool is_authorized(const Seen& seen) const;
  Response challenge(const Seen& seen) const;
  Response blob(const Seen& seen, Repository& repository, const std::string& digest) const;
  Response begin_upload(const Seen& seen, const std::string& name);
  Response end_upload(const Seen& seen, Repository& repository, const std::string& session);
  Response get_manifest(const Seen& seen, Repository& repository, const std::string& at) const;
  Response take_manifest(const Seen& seen, Repository& repository, const std::string& at);

  mutable std::mutex guard_;
  std::string host_;
  std::string login_;
  enum class Auth { none, basic, token } auth_ = Auth::none;
  int tokens_ = 0;
  std::set<std::string> valid_tokens_;
  int next_session_ = 0;
  std::map<std::string, Repository> repositories_;
};

}  // namespace mlpack::test
