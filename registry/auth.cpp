#include "registry/auth.h"

#include "lib/error.h"
#include "lib/text.h"
#include "registry/redirect.h"
#include "registry/refusal.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::size_t longest_token_body = std::size_t{64} << 10;
constexpr double shortest_life = 60;  // what the token specification tells to assume

using Json = nlohmann::json;

std::string parameter(const Challenge& challenge, const char* name) {
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? "" : found->second;
}

// Bearer before Basic: a token reveals less.
std::optional<Challenge> choose(const Headers& headers) {
  std::optional<Challenge> basic;
  for (const std::string& value : headers.all("WWW-Authenticate")) {
    for (const Challenge& challenge : parse_challenges(value)) {
      if (challenge.scheme == "bearer") {
        return challenge;
      }
      if (challenge.scheme == "basic" && !basic) basic = challenge;
    }
  }
  return basic;
}

std::string identity_of(const std::optional<Credentials>& credentials) {
  if (!credentials) {
    return "";
  }
  return fmt::format("{} (from {})",
                     credentials->identity_token.empty()
                         ? fmt::format("as `{}`", printable(credentials->username))
                         : "with an identity token",
                     credentials->source);
}

std::string basic_header(const Credentials& credentials) {
  return "Basic " + base64(credentials.username + ":" + credentials.password);
}

// A token becomes part of a header: nothing that could end the line gets through.
bool is_token(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string token_member(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string parse_token(const Json& body, const std::string& service) {
  const std::string token = body.is_object() ? token_member(body, "token") : "";
  const std::string access = body.is_object() ? token_member(body, "access_token") : "";
  if (!token.empty() && !access.empty() && token != access) {
    fail(Fault::auth, "token service `{}` sent two different tokens", service);
  }
  const std::string& chosen = token.empty() ? access : token;
  if (!is_token(chosen)) {
    fail(Fault::auth, "token service `{}` sent no token", service);
  }
  return chosen;
}

double parse_life(const Json& body) {
  const auto found = body.find("expires_in");
  if (found == body.end() || !found->is_number()) {
    return shortest_life;
  }
  return std::clamp(found->get<double>(), shortest_life, 86400.0);
}

std::string read_token_body(const Response& response, const std::string& service) {
  const BodyText body = read_body(*response.body, longest_token_body);
  if (body.truncated) {
    fail(Fault::auth, "token service `{}` sent more than 64 KiB", service);
  }
  if (body.failure) {
    fail(Fault::network, "no token from `{}`: {}", service, body.failure->message);
  }
  return body.text;
}

}  // namespace

Authorizer::Authorizer(Transport& transport,
                       CredentialsSource& credentials,
                       const RetryPolicy& policy,
                       PlainRealm plain)
    : transport_(transport), source_(credentials), policy_(policy), plain_(plain) {}

Grant Authorizer::current(const AuthContext& context) {
  const std::scoped_lock lock(guard_);
  const auto known = challenges_.find(context.host);
  if (known == challenges_.end()) {
    return {};
  }
  return known->second.scheme == "basic" ? basic(context) : bearer(context, known->second, "");
}

std::string Authorizer::known_header(const AuthContext& context) {
  const std::scoped_lock lock(guard_);
  const auto token = tokens_.find({context.host, context.scopes});
  if (token != tokens_.end() && !token->second.value.empty()) {
    return "Bearer " + token->second.value;
  }
  const auto known = challenges_.find(context.host);
  const auto who = credentials_.find({context.host, context.repository});
  const bool is_basic = known != challenges_.end() && known->second.scheme == "basic";
  if (!is_basic || who == credentials_.end()) {
    return "";
  }
  const std::optional<Credentials>& credentials = who->second;
  return credentials ? basic_header(*credentials) : "";
}

Grant Authorizer::renew(const AuthContext& context,
                        const Headers& challenge,
                        const std::string& used) {
  const std::scoped_lock lock(guard_);
  std::optional<Challenge> chosen = choose(challenge);
  const auto known = challenges_.find(context.host);
  // Some registries say how to come by a token only once, and of one that expired just 401.
  if (!chosen && !used.empty() && known != challenges_.end()) chosen = known->second;
  if (!chosen) {
    return {};
  }
  challenges_[context.host] = *chosen;
  Grant grant = chosen->scheme == "basic" ? basic(context) : bearer(context, *chosen, used);
  if (grant.header == used) grant.header.clear();
  return grant;
}

std::optional<Credentials> Authorizer::credentials_for(const AuthContext& context) {
  const auto key = std::pair(context.host, context.repository);
  const auto known = credentials_.find(key);
  if (known != credentials_.end()) {
    return known->second;
  }
  return credentials_[key] = source_.find(context.host, context.repository);
}

Grant Authorizer::basic(const AuthContext& context) {
  const std::optional<Credentials> credentials = credentials_for(context);
  if (!credentials || credentials->password.empty()) {
    return {};
  }
  return {basic_header(*credentials), identity_of(credentials), ""};
}

Grant Authorizer::bearer(const AuthContext& context,
                         const Challenge& challenge,
                         const std::string& used) {
  const std::optional<Credentials> credentials = credentials_for(context);
  Grant grant{"", identity_of(credentials), ""};
  Token& token = tokens_[{context.host, context.scopes}];
  const double now = policy_.clock();
  if (token.value.empty() || now >= token.expires || "Bearer " + token.value == used) {
    token = {};
    const TokenRequest request = token_request(context, challenge, credentials);
    const std::string service = request.url.authority();
    const Response response = ask(context, request);
    const std::string body = read_token_body(response, service);
    if (response.status != 200) {
      const std::string errors = registry_errors(body);
      grant.note = fmt::format("token service `{}` replied {}{}",
                               service,
                               response.status,
                               errors.empty() ? "" : " (" + errors + ")");
      return grant;
    }
    const Json parsed = Json::parse(body, nullptr, false);
    token.value = parse_token(parsed, service);
    const double life = parse_life(parsed);
    token.expires = now + life - std::min(life / 10, 30.0);
  }
  grant.header = "Bearer " + token.value;
  return grant;
}

Url Authorizer::realm_of(const AuthContext& context, const Challenge& challenge) const {
  const std::string text = parameter(challenge, "realm");
  const std::optional<Url> realm = Url::parse(text);
  if (!realm) {
    fail(Fault::auth,
         "`{}` asks for a token from `{}`, which is no URL",
         context.host,
         printable(text.substr(0, 200)));
  }
  const bool plain_is_fine = !context.origin.secure() &&
                             (plain_ == PlainRealm::allowed || is_loopback_host(realm->host()) ||
                              realm->host() == context.origin.host());
  if (!realm->secure() && !plain_is_fine) {
    throw Error(
        Fault::auth,
        fmt::format("`{}` asks for a token from `{}`, in clear text", context.host, realm->shown()),
        "credentials are never sent without TLS; ask whoever runs the registry");
  }
  return *realm;
}

Authorizer::TokenRequest Authorizer::token_request(
    const AuthContext& context,
    const Challenge& challenge,
    const std::optional<Credentials>& credentials) const {
  Url url = realm_of(context, challenge);
  Request request;
  request.peers = context.peers;
  if (url.host() == context.origin.host()) request.trust = context.trust;
  request.headers.add("Accept", "application/json");
  std::vector<std::string> scopes = context.scopes;
  if (scopes.empty() && !parameter(challenge, "scope").empty()) {
    scopes.push_back(parameter(challenge, "scope"));
  }
  const std::string service = parameter(challenge, "service");
  if (credentials && !credentials->identity_token.empty()) {
    request.method = "POST";
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = fmt::format(
        "grant_type=refresh_token&client_id=mlpack&service={}&scope={}&refresh_token={}",
        escape_query(service),
        escape_query(join(scopes, " ")),
        escape_query(credentials->identity_token));
    request.url = url.text();
    return {url, std::move(request)};
  }
  if (!service.empty()) url = url.with_query("service", service);
  for (const std::string& scope : scopes) {
    url = url.with_query("scope", scope);
  }
  if (credentials) request.headers.add("Authorization", basic_header(*credentials));
  request.url = url.text();
  return {url, std::move(request)};
}

// A form that holds a token is sent to the realm and nowhere else; a plain request may be
// redirected, without our password where it leaves the realm's origin.
Response Authorizer::ask(const AuthContext& context, const TokenRequest& asked) {
  const Url& start = asked.url;
  const Request& request = asked.request;
  const auto send = [&](const Url& url) {
    Request next = request;
    next.url = url.text();
    if (!same_origin(url, start)) {
      next.headers = {};
      next.headers.add("Accept", "application/json");
      next.peers = context.peers;
      next.trust = Request::Trust::verified;
    }
    return transport_.send(next);
  };
  Attempts attempts(policy_, policy_.attempts);
  for (;;) {
    Response response = request.method == "POST"
                            ? transport_.send(request)
                            : follow_redirects(start, request.method, send).response;
    if (!response.failure) answered_.insert(start.authority());
    const bool is_known = answered_.count(start.authority()) > 0;
    attempts.set_limit(is_known ? policy_.attempts
                                : std::min(policy_.attempts, policy_.first_attempts));
    const bool final_failure = response.failure && !response.failure->may_pass();
    const bool passing = response.failure || is_passing(response.status);
    if (passing && !final_failure && attempts.again()) {
      policy_.sleep(retry_wait(policy_, attempts, response));
      continue;
    }
    if (response.failure) {
      const NetworkFailure& failure = *response.failure;
      throw Error(Fault::network,
                  fmt::format("no token from `{}`: {}", start.authority(), failure.message),
                  failure.hint.empty() ? "the registry names this token service; check whether it "
                                         "can be reached from here"
                                       : failure.hint);
    }
    return response;
  }
}

}  // namespace mlpack
