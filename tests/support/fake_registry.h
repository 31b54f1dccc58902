#pragma once

#include "lib/digest.h"
#include "tests/support/fake_net.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace mlpack::test {

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
  /// An upload that broke off, of which `bytes` came: as distribution 3 does, it goes on from
  /// there.
  void leave(const std::string& session, const std::string& bytes);
  std::optional<std::string> manifest(const std::string& repository, const std::string& at) const;

  bool anonymous_pull = false;
  bool allow_mount = true;
  bool lists_referrers = false;
  std::size_t referrers_on_page = 1000;
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
  Response patch_upload(const Seen& seen, const std::string& name, const std::string& session);
  Response upload_status(const std::string& name, const std::string& session);
  Response end_upload(const Seen& seen, Repository& repository, const std::string& session);
  Response list_referrers(const Seen& seen, const std::string& name, const std::string& subject);
  Response get_manifest(const Seen& seen, Repository& repository, const std::string& at) const;
  Response take_manifest(const Seen& seen, Repository& repository, const std::string& at);

  mutable std::mutex guard_;
  std::string host_;
  std::string login_;
  enum class Auth { none, basic, token } auth_ = Auth::none;
  int tokens_ = 0;
  std::set<std::string> valid_tokens_;
  int next_session_ = 0;
  std::map<std::string, std::string> begun_;  // what was patched, by session
  std::map<std::string, Repository> repositories_;
};

}  // namespace mlpack::test
