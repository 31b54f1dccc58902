#include "registry/client.h"

#include "lib/error.h"
#include "lib/oci/manifest.h"
#include "lib/text.h"
#include "registry/client_state.h"
#include "registry/reader.h"

namespace mlpack {
namespace {

constexpr int looks_after_put = 4;

std::string accepted_manifests() {
  return fmt::format("{}, {}, {}, {}",
                     media_type::oci_manifest,
                     media_type::oci_index,
                     media_type::docker_manifest,
                     media_type::docker_list);
}

Call manifest_call(const Repository& repository, const std::string& method, const std::string& at) {
  Call call{.method = method, .target = registry_path(repository, "manifests/" + at)};
  call.headers.add("Accept", accepted_manifests());
  return call;
}

std::string named(const Repository& repository, const std::string& at) {
  return fmt::format("`{}{}{}`", repository.name.name(), at.find(':') == at.npos ? ":" : "@", at);
}

PullKind kind_of(const Repository& repository, const std::string& at) {
  const bool by_digest = repository.name.digest() || at.find(':') != std::string::npos;
  return by_digest ? PullKind::digest : PullKind::tag;
}

// Without parameters such as `; charset=utf-8`.
std::string content_type(const Headers& headers) {
  const std::string value = headers.find("Content-Type").value_or("");
  return to_lower(trim(value.substr(0, value.find(';'))));
}

// Some servers, such as plain file servers, do not know the type of a manifest; it says so itself.
std::string type_of(const Headers& headers, const std::string& bytes) {
  std::string type = content_type(headers);
  const bool generic = type.empty() || type == "application/json" || type == "text/plain" ||
                       type == "application/octet-stream";
  if (!generic) {
    return type;
  }
  return sniff_manifest_type(bytes);
}

std::optional<Digest> said_digest(const Headers& headers) {
  return Digest::parse(headers.find("Docker-Content-Digest").value_or(""));
}

void check_digest(const Answer& answer, const Digest& found, const std::string& name) {
  const std::optional<Digest> said = said_digest(answer.response.headers);
  if (said && *said != found) {
    fail(Fault::integrity,
         "manifest {}: `{}` says that its digest is `{}`, but it is `{}`",
         name,
         answer.url.authority(),
         said->text(),
         found.text());
  }
}

Error manifest_lost(const std::string& name, const Answer& answer) {
  return Error(
      Fault::refused,
      fmt::format("manifest {}: `{}` took it and does not have it", name, answer.url.authority()),
      "push again; where that does not help, ask whoever runs the registry");
}

Error manifest_replaced(const std::string& name,
                        const Answer& answer,
                        const Digest& found,
                        const Digest& wanted) {
  return Error(Fault::integrity,
               fmt::format("manifest {}: `{}` took `{}`, but has `{}` there",
                           name,
                           answer.url.authority(),
                           wanted.text(),
                           found.text()),
               "somebody else may have pushed meanwhile; push again");
}

std::string read_manifest(const Answer& answer, const Attempt& attempt) {
  BodyText body = read_body(*answer.response.body, max_manifest_bytes);
  if (body.truncated) {
    fail(Fault::integrity,
         "cannot {}: it is larger than {}",
         attempt.what,
         human_size(max_manifest_bytes));
  }
  if (body.failure) {
    throw unreachable(attempt.what, *body.failure);
  }
  return std::move(body.text);
}

}  // namespace

Client::Client(Transport& transport,
               CredentialsSource& credentials,
               ClientOptions options,
               Progress& progress,
               const Stop& stop)
    : state_(std::make_unique<State>(transport, credentials, std::move(options), progress, stop)) {}

Client::~Client() = default;

Answer Client::State::ping(const std::string& host, const Attempt& attempt) {
  const std::optional<Reference> name = Reference::parse(host + "/check");
  if (!name || name->host() != host) {
    fail(Fault::usage, "`{}` is not the host of a registry", printable(host));
  }
  const Repository repository{*name, Access::pull};
  Answer answer = persist(repository, {.target = "/v2/"}, attempt);
  if (answer.response.status == 404) {
    throw no_registry(attempt, answer);
  }
  return answer;
}

void Client::check(const std::string& host) {
  const Attempt attempt{fmt::format("reach registry `{}`", host), host, ""};
  const Answer answer = state_->ping(host, attempt);
  if (!is_success(answer)) {
    throw refusal(attempt, answer);
  }
}

void Client::check_login(const std::string& host, const Credentials& credentials) {
  FixedCredentials fixed(credentials);
  const Client other(state_->transport, fixed, state_->options, state_->progress, state_->stop);
  const Attempt attempt{
      fmt::format("log in to `{}` as `{}`", host, printable(credentials.username)), host, ""};
  const Answer answer = other.state_->ping(host, attempt);
  if (!is_success(answer)) {
    throw login_refusal(attempt, answer);
  }
}

std::optional<Descriptor> Client::head_manifest(const Repository& repository,
                                                const std::string& at) {
  return state_->look_in_places(repository, kind_of(repository, at), [&](const Repository& place) {
    return state_->head_manifest(place, at);
  });
}

std::optional<Descriptor> Client::State::head_manifest(const Repository& repository,
                                                       const std::string& at) {
  const Attempt look = attempt(repository, "look for " + named(repository, at));
  const Answer answer = persist(repository, manifest_call(repository, "HEAD", at), look);
  const int status = answer.response.status;
  if (status == 401 || status == 403) {
    throw refusal(look, answer);
  }
  const std::optional<Digest> digest = said_digest(answer.response.headers);
  const std::string type = content_type(answer.response.headers);
  if (status != 200 || !digest || !(is_index(type) || is_manifest(type))) {
    return std::nullopt;
  }
  return Descriptor{.media_type = type,
                    .digest = *digest,
                    .size = content_length(answer.response.headers).value_or(0),
                    .annotations = {},
                    .platform = {}};
}

std::optional<FoundManifest> Client::get_manifest(const Repository& repository,
                                                  const std::string& at) {
  return state_->look_in_places(repository, kind_of(repository, at), [&](const Repository& place) {
    return state_->get_manifest(place, at);
  });
}

std::optional<FoundManifest> Client::State::get_manifest(const Repository& repository,
                                                         const std::string& at) {
  const std::string name = named(repository, at);
  const Attempt fetch = attempt(repository, "fetch manifest " + name);
  const Answer answer = persist(repository, manifest_call(repository, "GET", at), fetch);
  if (answer.response.status == 404) {
    return std::nullopt;
  }
  if (answer.response.status != 200) {
    throw refusal(fetch, answer);
  }
  std::string bytes = read_manifest(answer, fetch);
  const Digest digest = Digest::of(bytes);
  if (const auto wanted = Digest::parse(at); wanted && *wanted != digest) {
    fail(Fault::integrity,
         "manifest {} has digest `{}`; `{}` sent something else",
         name,
         digest.text(),
         answer.url.authority());
  }
  check_digest(answer, digest, name);
  std::string type = type_of(answer.response.headers, bytes);
  return FoundManifest{std::move(bytes), std::move(type), digest};
}

PutManifest Client::put_manifest(const Repository& repository,
                                 const std::string& at,
                                 const std::string& bytes,
                                 const std::string& media_type) {
  const std::string name = named(repository, at);
  const Attempt attempt = state_->attempt(repository, "put manifest " + name);
  Call call = manifest_call(repository, "PUT", at);
  call.headers.add("Content-Type", media_type);
  call.body = bytes;
  const Answer answer = state_->persist(repository, call, attempt);
  const std::string body = error_body(answer.response);
  if (answer.response.status == 400 || answer.response.status == 404) {
    if (has_error_code(body, "MANIFEST_BLOB_UNKNOWN") || has_error_code(body, "BLOB_UNKNOWN")) {
      return PutManifest::blobs_missing;
    }
  }
  if (!is_success(answer)) {
    throw refusal(attempt, answer, body);
  }
  const bool said = said_digest(answer.response.headers).has_value();
  if (answer.response.status != 201 && !said) {
    throw no_registry(attempt, answer);
  }
  check_digest(answer, Digest::of(bytes), name);
  return PutManifest::done;
}

void Client::check_manifest(const Repository& repository,
                            const std::string& at,
                            const Digest& digest) {
  const std::string name = named(repository, at);
  const Attempt attempt = state_->attempt(repository, "look for " + name);
  for (int look = 1;; ++look) {
    const Answer answer =
        state_->persist(repository, manifest_call(repository, "HEAD", at), attempt);
    std::optional<Digest> found = said_digest(answer.response.headers);
    if (answer.response.status == 200 && !found) {
      if (const auto manifest = get_manifest(repository, at)) found = manifest->digest;
    }
    const bool absent = answer.response.status == 404;
    const bool other = answer.response.status == 200 && found && *found != digest;
    if (!absent && !other) {
      return;
    }
    if (look == looks_after_put) {
      throw absent ? manifest_lost(name, answer) : manifest_replaced(name, answer, *found, digest);
    }
    pause(look - 1);
  }
}

UploadRules Client::upload_rules(const Repository& repository) {
  return state_->upload_rules(repository);
}
std::uint64_t Client::bytes_sent() const {
  return state_->bytes_sent;
}
std::size_t Client::retries() const {
  return state_->retries;
}
const ClientOptions& Client::options() const {
  return state_->options;
}
Progress& Client::progress() const {
  return state_->progress;
}
const Stop& Client::stop() const {
  return state_->stop;
}

void Client::pause(int attempt) {
  Attempts attempts(state_->policy, attempt + 2);
  for (int i = 0; i <= attempt; ++i) {
    attempts.again();
  }
  state_->policy.sleep(attempts.wait());
}

double Client::seconds() const {
  return state_->policy.clock();
}

}  // namespace mlpack
