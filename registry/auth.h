#pragma once

#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/retry.h"
#include "registry/transport.h"
#include "registry/url.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// Who asks a registry for what.
struct AuthContext {
  std::string host;                                 // as references name it
  Url origin;                                       // where the registry is spoken to
  std::string repository;                           // for the choice of credentials; may be empty
  std::vector<std::string> scopes;                  // such as `repository:acme/x:pull,push`
  Request::Peers peers = Request::Peers::any;       // for what the registry names
  Request::Trust trust = Request::Trust::verified;  // for itself
};

/// An Authorization header, and where it came from.
struct Grant {
  std::string header;    // empty: none
  std::string identity;  // empty: anonymous
  std::string note;      // why there is no header although there should be one
};

/// Whether a token may be asked for over plain HTTP.
enum class PlainRealm { loopback_only, allowed };

/// Turns challenges into Authorization headers: basic, and bearer tokens (distribution's token
/// authentication and its OAuth2 form), which are kept until they are about to expire. Callable
/// from any thread; while one asks a token service, the others wait for what it gets.
class Authorizer {
 public:
  /// The references must outlive it; `policy` is complete.
  Authorizer(Transport& transport,
             CredentialsSource& credentials,
             const RetryPolicy& policy,
             PlainRealm plain);

  /// What to send with the first try; nothing for a registry that has not challenged us yet.
  Grant current(const AuthContext& context);
  /// The header of `current` where it is at hand; nobody is asked for it.
  std::string known_header(const AuthContext& context);
  /// After a 401 to a request that carried `used`: what to try once more with. The header is empty
  /// where there is nothing better. Fault::auth for a challenge that is not followed: a realm that
  /// is missing or without TLS.
  Grant renew(const AuthContext& context, const Headers& challenge, const std::string& used);

 private:
  struct Token {
    std::string value;
    double expires = 0;
  };

  struct TokenRequest {
    Url url;  // of the request
    Request request;
  };

  std::optional<Credentials> credentials_for(const AuthContext& context);
  Grant basic(const AuthContext& context);
  Grant bearer(const AuthContext& context, const Challenge& challenge, const std::string& used);
  Url realm_of(const AuthContext& context, const Challenge& challenge) const;
  TokenRequest token_request(const AuthContext& context,
                             const Challenge& challenge,
                             const std::optional<Credentials>& credentials) const;
  Response ask(const AuthContext& context, const TokenRequest& asked);

  Transport& transport_;
  CredentialsSource& source_;
  const RetryPolicy& policy_;
  PlainRealm plain_;

  std::mutex guard_;                             // of what follows, also while a token is asked for
  std::map<std::string, Challenge> challenges_;  // by host
  std::set<std::string> answered_;               // token services, by authority
  std::map<std::pair<std::string, std::vector<std::string>>, Token> tokens_;  // by host and scopes
  std::map<std::pair<std::string, std::string>, std::optional<Credentials>> credentials_;
};

/// RFC 4648, section 4.
std::string base64(std::string_view text);
/// nullopt where `text` is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace mlpack
