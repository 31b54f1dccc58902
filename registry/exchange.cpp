#include "lib/error.h"
#include "lib/text.h"
#include "registry/client_state.h"
#include "registry/peers.h"
#include "registry/redirect.h"

#include <algorithm>

namespace mlpack {
namespace {

// Docker's registry answers under a name that its images do not have.
std::string api_host(const std::string& host) {
  return host == "docker.io" || host == "index.docker.io" ? "registry-1.docker.io" : host;
}

Url base_url(const std::string& host, PlainHttp plain) {
  const bool clear = plain == PlainHttp::always || is_loopback_host(host);
  const std::optional<Url> url = Url::parse((clear ? "http://" : "https://") + api_host(host));
  if (!url) {
    fail(Fault::usage, "`{}` is not the host of a registry", printable(host));
  }
  return *url;
}

std::string scope_of(const Reference& name, Access access) {
  return fmt::format(
      "repository:{}:{}", name.repository(), access == Access::push ? "pull,push" : "pull");
}

// Tells `moved` how many bytes went by in each read.
class CountingSource : public Source {
 public:
  CountingSource(Source& source, std::function<void(std::size_t)> moved)
      : source_(source), moved_(std::move(moved)) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = source_.read(buffer);
    if (count > 0) moved_(count);
    return count;
  }

 private:
  Source& source_;
  std::function<void(std::size_t)> moved_;
};

// One that does not even answer is no more than asked; a connection that broke is taken up once.
RetryPolicy brief(RetryPolicy policy) {
  constexpr int most_attempts = 2;
  policy.attempts = std::min(policy.attempts, most_attempts);
  policy.first_attempts = 1;
  return policy;
}

}  // namespace

std::string reason(const Answer& answer) {
  return answer.response.failure
             ? answer.response.failure->message
             : fmt::format("`{}` replied {}", answer.url.authority(), answer.response.status);
}

std::string registry_path(const Repository& repository, const std::string& rest) {
  return fmt::format("/v2/{}/{}", repository.name.repository(), rest);
}

bool is_success(const Answer& answer) {
  return answer.response.status >= 200 && answer.response.status <= 299;
}

std::optional<std::uint64_t> content_length(const Headers& headers) {
  const std::optional<std::string> value = headers.find("Content-Length");
  return value ? parse_number(*value, std::uint64_t{1} << 62) : std::nullopt;
}

Client::State::State(Transport& wire,
                     CredentialsSource& source,
                     ClientOptions given,
                     Progress& tell,
                     const Stop& end)
    : transport(wire),
      credentials(source),
      options(std::move(given)),
      progress(tell),
      stop(end),
      policy(complete(options.retry, end)),
      brief_policy(brief(policy)),
      authorizer(transport,
                 credentials,
                 policy,
                 options.plain_http == PlainHttp::always ? PlainRealm::allowed
                                                         : PlainRealm::loopback_only) {}

RegistryHost& Client::State::host_of(const Repository& repository) {
  const std::string& name = repository.name.host();
  if (name.empty()) {
    throw Error(Fault::usage,
                fmt::format("`{}` names no registry", repository.name.text()),
                "put the registry's host before it: `registry.example.com/…`");
  }
  const RegistriesConf& conf = registries();
  if (repository.access == Access::push) conf.require_allowed(repository.name);
  const Tls tls = repository.tls == Tls::optional ? Tls::optional : conf.tls_of(repository.name);
  const std::scoped_lock lock(guard_);
  std::unique_ptr<RegistryHost>& host = hosts_[{name, tls}];
  if (!host) {
    host.reset(new RegistryHost{.guard = {},
                                .base = base_url(name, options.plain_http),
                                .rules = {},
                                .gate = Gate(options.jobs)});
    host->tls = tls;
    host->try_secure = options.plain_http != PlainHttp::always && !host->base.secure();
    host->try_plain = tls == Tls::optional && host->base.secure();
  }
  return *host;
}

Attempt Client::State::attempt(const Repository& repository, std::string what) const {
  return {std::move(what), repository.name.host(), scope_of(repository.name, repository.access)};
}

const RetryPolicy& Client::State::policy_for(const Repository& repository) const {
  return repository.patience == Repository::Patience::whole ? policy : brief_policy;
}

int Client::State::attempt_limit(RegistryHost& host, const RetryPolicy& patience) {
  const std::scoped_lock lock(host.guard);
  return host.answered ? patience.attempts : std::min(patience.attempts, patience.first_attempts);
}

UploadRules Client::State::upload_rules(const Repository& repository) {
  RegistryHost& host = host_of(repository);
  const std::string& name = repository.name.host();
  const std::scoped_lock lock(host.guard);
  if (!host.rules) {
    host.rules = UploadRules::of(name);
    const auto known = options.recall ? options.recall(name) : std::nullopt;
    if (known) host.rules->recall(*known, policy.wall());
  }
  return *host.rules;
}

void Client::State::learn(const Repository& repository,
                          const std::function<void(UploadRules&)>& change) {
  upload_rules(repository);
  RegistryHost& host = host_of(repository);
  const std::scoped_lock lock(host.guard);
  change(*host.rules);
}

void Client::State::remember_rules(const Repository& repository) {
  const UploadRules rules = upload_rules(repository);
  if (!rules.is_changed() || !options.remember) return;
  options.remember(repository.name.host(), rules.text(policy.wall()));
}

AuthContext Client::State::context_for(RegistryHost& host,
                                       const Repository& repository,
                                       const Call& call) {
  AuthContext context{repository.name.host(), host.base, repository.name.repository(), {}};
  if (call.target != "/v2/") {
    context.scopes.push_back(scope_of(repository.name, repository.access));
  }
  for (const Reference& other : call.also) {
    context.scopes.push_back(scope_of(other, Access::pull));
  }
  const std::scoped_lock lock(host.guard);
  context.origin = host.base;
  context.peers = host.peers;
  if (host.tls == Tls::optional) context.trust = Request::Trust::any_certificate;
  return context;
}

// The only place where a request gets its Authorization header: nothing but the registry's own
// origin ever sees one.
Response Client::State::send_to(const Url& url,
                                const AuthContext& context,
                                const Call& call,
                                const Grant& grant,
                                Request::Peers peers) {
  Request request{.method = call.method, .url = url.text(), .headers = call.headers};
  request.peers = peers;
  if (same_origin(url, context.origin)) request.trust = context.trust;
  if (same_origin(url, context.origin) && !grant.header.empty()) {
    request.headers.add("Authorization", grant.header);
  }
  if (!call.open) {
    request.body = call.body;
    bytes_sent += call.body.size();
    return transport.send(request);
  }
  const std::unique_ptr<Source> source = call.open();
  CountingSource counted(*source, [this](std::size_t count) { bytes_sent += count; });
  request.source = &counted;
  request.length = call.length;
  return transport.send(request);
}

Answer Client::State::send(RegistryHost& host,
                           const AuthContext& context,
                           const Call& call,
                           const Grant& grant) {
  const std::optional<Url> url = call.target.starts_with('/')
                                     ? context.origin.with_target(call.target)
                                     : Url::parse(call.target);
  if (!url) {
    fail(Fault::internal, "`{}` was not checked before it was used", printable(call.target));
  }
  // The registry itself may be anywhere; where it sends us may not, under its own name neither.
  Request::Peers peers = call.target.starts_with('/') ? Request::Peers::any : context.peers;
  Landed landed = follow_redirects(*url, call.method, [&](const Url& next) {
    Response response = send_to(next, context, call, grant, peers);
    peers = context.peers;
    if (!response.failure && same_origin(next, context.origin)) peers = peers_named_by(response);
    return response;
  });
  Answer answer{std::move(landed.response), landed.url, grant.identity, grant.note};
  learn(host, answer);
  return answer;
}

void Client::State::learn(RegistryHost& host, const Answer& answer) {
  const std::scoped_lock lock(host.guard);
  if (answer.response.failure || !same_origin(answer.url, host.base)) {
    return;
  }
  host.answered = true;
  host.peers = peers_named_by(answer.response);
}

// What registries.conf calls insecure may speak plain HTTP where it does not speak TLS.
bool Client::State::settle_plain(RegistryHost& host, const Response& response) {
  if (!response.failure) {
    host.try_plain = false;
    return false;
  }
  const std::optional<Url> plain = Url::parse("http://" + host.base.authority() + "/v2/");
  if (!plain || transport.send({.url = plain->text()}).failure) return false;
  host.try_plain = false;
  host.base = plain->with_target("/");
  return true;
}

// A loopback registry is taken to speak plain HTTP. One that has TLS hangs up or replies 400, and
// then answers here; one that is starting hangs up, too.
bool Client::State::settle_scheme(RegistryHost& host, const Response& response) {
  const std::scoped_lock lock(host.guard);
  if (host.try_plain) return settle_plain(host, response);
  if (!host.try_secure) {
    return false;
  }
  if (!response.failure && response.status != 400) {
    host.try_secure = false;
    return false;
  }
  const std::optional<Url> secure = Url::parse("https://" + host.base.authority() + "/v2/");
  Request probing{.url = secure->text()};
  if (host.tls == Tls::optional) probing.trust = Request::Trust::any_certificate;
  const Response probe = transport.send(probing);
  const bool is_clear = probe.failure && probe.failure->kind == NetworkFailure::Kind::clear_text;
  if (is_clear || (probe.failure && probe.failure->may_pass())) {
    return false;
  }
  host.try_secure = false;
  host.base = secure->with_target("/");
  return true;
}

// A registry that told one worker to wait told all of them.
void Client::State::hold(RegistryHost& host) {
  stop.check();
  double wait = 0;
  {
    const std::scoped_lock lock(host.guard);
    wait = host.not_before - policy.clock();
  }
  if (wait > 0) policy.sleep(wait);
}

Answer Client::State::exchange(const Repository& repository, const Call& call) {
  RegistryHost& host = host_of(repository);
  // What is read meanwhile, from the same registry it may be, does not wait for uploads to end.
  if (!call.open) return exchange_now(host, repository, call);
  const Gate::Pass pass = host.gate.enter(stop);
  Answer answer = exchange_now(host, repository, call);
  host.gate.note(answer.response.failure || is_passing(answer.response.status) ? Gate::Went::badly
                                                                               : Gate::Went::well);
  return answer;
}

Answer Client::State::exchange_now(RegistryHost& host,
                                   const Repository& repository,
                                   const Call& call) {
  hold(host);
  AuthContext context = context_for(host, repository, call);
  const Grant first = authorizer.current(context);
  Answer answer = send(host, context, call, first);
  if (call.target.starts_with('/') && settle_scheme(host, answer.response)) {
    context = context_for(host, repository, call);
    answer = send(host, context, call, first);
  }
  const bool challenged = answer.response.status == 401 && same_origin(answer.url, context.origin);
  if (!challenged || !first.note.empty()) {
    return answer;
  }
  context = context_for(host, repository, call);  // it knows more of the host now
  const Grant second = authorizer.renew(context, answer.response.headers, first.header);
  answer.identity = second.identity;
  answer.auth_note = second.note;
  return second.header.empty() ? std::move(answer) : send(host, context, call, second);
}

void Client::State::cancel(const Repository& repository, const std::string& location) {
  const AuthContext context = context_for(host_of(repository), repository, {});
  const std::optional<Url> url = Url::parse(location);
  if (!url) {
    return;
  }
  Request request{.method = "DELETE", .url = url->text()};
  request.when_stopped = Request::WhenStopped::finish;
  request.peers = context.peers;
  const std::string header = authorizer.known_header(context);
  if (same_origin(*url, context.origin) && !header.empty()) {
    request.headers.add("Authorization", header);
  }
  transport.send(request);
}

// Where there is another place, nobody waits for one that asks for time or takes it.
bool Client::State::is_worth_waiting(const Repository& repository,
                                     const Answer& answer,
                                     double seconds) {
  constexpr double short_try = 5;
  return repository.patience == Repository::Patience::whole ||
         (seconds < short_try && !answer.response.headers.find("Retry-After"));
}

bool Client::State::wait_for_next(RegistryHost& host,
                                  const Answer& answer,
                                  Attempts& attempts,
                                  const std::string& what) {
  const Response& response = answer.response;
  const bool hopeless = response.failure && !response.failure->may_pass();
  if (hopeless || !attempts.again()) {
    return false;
  }
  ++retries;
  const double wait = retry_wait(policy, attempts, response);
  if (response.headers.find("Retry-After")) {
    const std::scoped_lock lock(host.guard);
    host.not_before = std::max(host.not_before, policy.clock() + wait);
  }
  progress.note(
      fmt::format("{}; trying to {} again in {}", reason(answer), what, human_seconds(wait)));
  policy.sleep(wait);
  return true;
}

Answer Client::State::persist(const Repository& repository,
                              const Call& call,
                              const Attempt& attempt) {
  RegistryHost& host = host_of(repository);
  Attempts attempts(policy, attempt_limit(host, policy_for(repository)));
  for (;;) {
    const double begun = policy.clock();
    Answer answer = exchange(repository, call);
    attempts.set_limit(attempt_limit(host, policy_for(repository)));
    if (answer.response.failure || is_passing(answer.response.status)) {
      const bool waits = is_worth_waiting(repository, answer, policy.clock() - begun);
      if (waits && wait_for_next(host, answer, attempts, attempt.what)) continue;
      throw refusal(attempt, answer);
    }
    if (is_success(answer) && is_web_page(answer.response)) {
      throw no_registry(attempt, answer);
    }
    return answer;
  }
}

}  // namespace mlpack
