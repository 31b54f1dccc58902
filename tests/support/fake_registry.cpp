#include "tests/support/fake_registry.h"

#include "lib/text.h"
#include "registry/auth.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

namespace mlpack::test {
namespace {

std::string query_value(const std::string& url, const std::string& name) {
  const std::size_t begin = url.find(name + "=");
  if (begin == std::string::npos) {
    return "";
  }
  std::string value = url.substr(begin + name.size() + 1);
  value = value.substr(0, value.find('&'));
  for (std::size_t i = value.find('%'); i != std::string::npos; i = value.find('%', i + 1)) {
    value.replace(i, 3, 1, static_cast<char>(std::stoi(value.substr(i + 1, 2), nullptr, 16)));
  }
  return value;
}

Response error(int status, const std::string& code, const std::string& message) {
  const nlohmann::json body = {{"errors", {{{"code", code}, {"message", message}}}}};
  return reply(status, {{"Content-Type", "application/json"}}, body.dump());
}

std::vector<std::string> digests_in(const std::string& manifest) {
  std::vector<std::string> digests;
  const auto json = nlohmann::json::parse(manifest, nullptr, false);
  if (json.contains("config")) digests.push_back(json["config"]["digest"]);
  for (const auto& layer : json.value("layers", nlohmann::json::array())) {
    digests.push_back(layer["digest"]);
  }
  return digests;
}

// What stands between `begin` and `end`, where `text` has both.
std::optional<std::pair<std::string, std::string>> split_at(const std::string& text,
                                                            const std::string& middle) {
  const std::size_t at = text.find(middle);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  return std::pair(text.substr(0, at), text.substr(at + middle.size()));
}

}  // namespace

FakeRegistry::FakeRegistry(FakeNet& net,
                           std::string host,
                           const std::string& scheme,
                           const std::string& peer)
    : host_(std::move(host)) {
  net.serve(
      scheme + "://" + host_, [this](const Seen& seen) { return handle(seen); }, peer);
  net.serve("https://auth.example.com", [this](const Seen& seen) { return give_token(seen); });
}

void FakeRegistry::require_basic(const std::string& login) {
  auth_ = Auth::basic;
  login_ = login;
}

void FakeRegistry::require_token(const std::string& login) {
  auth_ = Auth::token;
  login_ = login;
}

void FakeRegistry::expire_tokens() {
  const std::scoped_lock lock(guard_);
  valid_tokens_.clear();
}

Digest FakeRegistry::put_blob(const std::string& repository, const std::string& bytes) {
  const std::scoped_lock lock(guard_);
  const Digest digest = Digest::of(bytes);
  repositories_[repository].blobs[digest.text()] = bytes;
  return digest;
}

Digest FakeRegistry::put_manifest(const std::string& repository,
                                  const std::string& tag,
                                  const std::string& bytes,
                                  const std::string& type) {
  const std::scoped_lock lock(guard_);
  const Digest digest = Digest::of(bytes);
  repositories_[repository].manifests[tag] = {type, bytes};
  repositories_[repository].manifests[digest.text()] = {type, bytes};
  return digest;
}

bool FakeRegistry::has_blob(const std::string& repository, const Digest& digest) const {
  const std::scoped_lock lock(guard_);
  const auto found = repositories_.find(repository);
  return found != repositories_.end() && found->second.blobs.count(digest.text()) != 0;
}

std::optional<std::string> FakeRegistry::manifest(const std::string& repository,
                                                  const std::string& at) const {
  const std::scoped_lock lock(guard_);
  const auto found = repositories_.find(repository);
  if (found == repositories_.end() || found->second.manifests.count(at) == 0) {
    return std::nullopt;
  }
  return found->second.manifests.at(at).bytes;
}

Response FakeRegistry::give_token(const Seen& seen) {
  const std::scoped_lock lock(guard_);
  const std::string given = seen.headers.find("Authorization").value_or("");
  const bool known = given == "Basic " + base64(login_) ||
                     seen.body.find("refresh_token=" + login_) != std::string::npos;
  if (!known && !(anonymous_pull && given.empty())) {
    return error(401, "UNAUTHORIZED", "wrong user name or password");
  }
  scopes.push_back(seen.url.find("scope=") == std::string::npos ? ""
                                                                : query_value(seen.url, "scope"));
  const std::string token = "token-" + std::to_string(++tokens_);
  valid_tokens_.insert("Bearer " + token);
  const nlohmann::json body = {{"token", token}, {"expires_in", std::stoi(token_life)}};
  return reply(200, {{"Content-Type", "application/json"}}, body.dump());
}

bool FakeRegistry::is_authorized(const Seen& seen) const {
  const std::string given = seen.headers.find("Authorization").value_or("");
  switch (auth_) {
    case Auth::basic:
      return given == "Basic " + base64(login_);
    case Auth::token:
      return valid_tokens_.count(given) != 0;
    default:
      return true;
  }
}

Response FakeRegistry::challenge(const Seen&) const {
  Response response = error(401, "UNAUTHORIZED", "authentication required");
  response.headers.add("WWW-Authenticate",
                       auth_ == Auth::basic
                           ? "Basic realm=\"Registry\""
                           : fmt::format("Bearer realm=\"{}\",service=\"{}\"", realm, host_));
  return response;
}

Response FakeRegistry::handle(const Seen& seen) {
  const std::scoped_lock lock(guard_);
  if (!is_authorized(seen)) {
    return challenge(seen);
  }
  const std::string path = Url::parse(seen.url)->path();
  if (path == "/v2/") {
    return reply(200, {{"Content-Type", "application/json"}}, "{}");
  }
  if (!path.starts_with("/v2/")) {
    return reply(404, {{"Content-Type", "text/plain"}}, "not here");
  }
  return route(seen, path.substr(4));
}

Response FakeRegistry::route(const Seen& seen, const std::string& path) {
  if (const auto upload = split_at(path, "/blobs/uploads/")) {
    if (seen.method == "POST") return begin_upload(seen, upload->first);
    if (seen.method == "PATCH") return patch_upload(seen, upload->first, upload->second);
    if (seen.method == "PUT") {
      return end_upload(seen, repositories_[upload->first], upload->second);
    }
    if (seen.method == "GET") return upload_status(upload->first, upload->second);
    return sessions.erase(upload->second) != 0 ? reply(204)
                                               : error(404, "BLOB_UPLOAD_UNKNOWN", "no upload");
  }
  if (const auto found = split_at(path, "/blobs/")) {
    return blob(seen, repositories_[found->first], found->second);
  }
  if (const auto found = split_at(path, "/manifests/")) {
    return seen.method == "PUT" ? take_manifest(seen, repositories_[found->first], found->second)
                                : get_manifest(seen, repositories_[found->first], found->second);
  }
  if (const auto found = split_at(path, "/referrers/"); found && lists_referrers) {
    return list_referrers(seen, found->first, found->second);
  }
  return error(404, "UNSUPPORTED", "no such endpoint");
}

// A page at a time; the filter is not applied, which is allowed.
Response FakeRegistry::list_referrers(const Seen& seen,
                                      const std::string& name,
                                      const std::string& subject) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [at, manifest] : repositories_[name].manifests) {
    const auto json = nlohmann::json::parse(manifest.bytes, nullptr, false);
    if (!at.starts_with("sha256:") || !json.contains("subject")) continue;
    if (json["subject"]["digest"] != subject) continue;
    list.push_back({{"mediaType", manifest.type},
                    {"digest", at},
                    {"size", manifest.bytes.size()},
                    {"artifactType", json.value("artifactType", "")},
                    {"annotations", json.value("annotations", nlohmann::json::object())}});
  }
  const std::string from = query_value(seen.url, "from");
  const std::size_t begin = from.empty() ? 0 : std::stoul(from);
  const std::size_t end = std::min(list.size(), begin + referrers_on_page);
  const nlohmann::json body = {
      {"schemaVersion", 2},
      {"mediaType", "application/vnd.oci.image.index.v1+json"},
      {"manifests",
       nlohmann::json::array_t(list.begin() + static_cast<std::ptrdiff_t>(begin),
                               list.begin() + static_cast<std::ptrdiff_t>(end))}};
  Response response =
      reply(200, {{"Content-Type", "application/vnd.oci.image.index.v1+json"}}, body.dump());
  if (end < list.size()) {
    response.headers.add(
        "Link", fmt::format("</v2/{}/referrers/{}?from={}>; rel=\"next\"", name, subject, end));
  }
  return response;
}

Response FakeRegistry::blob(const Seen& seen,
                            Repository& repository,
                            const std::string& digest) const {
  const auto found = repository.blobs.find(digest);
  if (found == repository.blobs.end()) {
    return error(404, "BLOB_UNKNOWN", "blob unknown to registry");
  }
  const std::string& bytes = found->second;
  if (seen.method == "HEAD") {
    return reply(200, {{"Content-Length", std::to_string(bytes.size())}});
  }
  const std::string range = seen.headers.find("Range").value_or("");
  if (range.empty()) {
    return reply(200, {{"Content-Type", "application/octet-stream"}}, bytes);
  }
  const std::size_t from = std::stoul(range.substr(std::strlen("bytes=")));
  return reply(
      206,
      {{"Content-Range", fmt::format("bytes {}-{}/{}", from, bytes.size() - 1, bytes.size())}},
      bytes.substr(from));
}

Response FakeRegistry::begin_upload(const Seen& seen, const std::string& name) {
  const std::string mount = query_value(seen.url, "mount");
  const auto from = repositories_.find(query_value(seen.url, "from"));
  if (!mount.empty() && allow_mount && from != repositories_.end() &&
      from->second.blobs.count(mount) != 0) {
    repositories_[name].blobs[mount] = from->second.blobs[mount];
    return reply(201, {{"Location", "/v2/" + name + "/blobs/" + mount}});
  }
  const std::string session = "session-" + std::to_string(++next_session_);
  sessions.insert(session);
  return reply(
      202,
      {{"Location", fmt::format("{}/v2/{}/blobs/uploads/{}", location_prefix, name, session)}});
}

void FakeRegistry::leave(const std::string& session, const std::string& bytes) {
  const std::scoped_lock lock(guard_);
  begun_[session] += bytes;
}

// As distribution 2.8 does: every part has a place of its own.
Response FakeRegistry::patch_upload(const Seen& seen,
                                    const std::string& name,
                                    const std::string& session) {
  if (sessions.erase(session) == 0) {
    return error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
  }
  const std::string next = session + "-" + std::to_string(seen.body.size());
  sessions.insert(next);
  begun_[next] = begun_[session] + seen.body;
  return reply(202,
               {{"Location", fmt::format("{}/v2/{}/blobs/uploads/{}", location_prefix, name, next)},
                {"Range", fmt::format("0-{}", begun_[next].size() - 1)}});
}

Response FakeRegistry::upload_status(const std::string& name, const std::string& session) {
  if (sessions.count(session) == 0) {
    return error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
  }
  const std::size_t has = begun_[session].size();
  return reply(
      204,
      {{"Location", fmt::format("{}/v2/{}/blobs/uploads/{}", location_prefix, name, session)},
       {"Range", fmt::format("0-{}", has == 0 ? 0 : has - 1)}});
}

Response FakeRegistry::end_upload(const Seen& seen,
                                  Repository& repository,
                                  const std::string& session) {
  if (sessions.erase(session) == 0) {
    return error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
  }
  const std::string digest = query_value(seen.url, "digest");
  const std::string bytes = begun_[session] + seen.body;
  if (Digest::of(bytes).text() != digest) {
    return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
  }
  repository.blobs[digest] = bytes;
  return reply(201, {{"Docker-Content-Digest", digest}});
}

Response FakeRegistry::get_manifest(const Seen& seen,
                                    Repository& repository,
                                    const std::string& at) const {
  const auto found = repository.manifests.find(at);
  if (found == repository.manifests.end()) {
    return error(404, "MANIFEST_UNKNOWN", "manifest unknown");
  }
  const std::string& bytes = found->second.bytes;
  return reply(200,
               {{"Content-Type", found->second.type},
                {"Docker-Content-Digest", Digest::of(bytes).text()},
                {"Content-Length", std::to_string(bytes.size())}},
               seen.method == "HEAD" ? "" : bytes);
}

Response FakeRegistry::take_manifest(const Seen& seen,
                                     Repository& repository,
                                     const std::string& at) {
  for (const std::string& digest : digests_in(seen.body)) {
    if (repository.blobs.count(digest) == 0) {
      return error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
    }
  }
  const std::string digest = Digest::of(seen.body).text();
  const Manifest manifest{seen.headers.find("Content-Type").value_or(""), seen.body};
  repository.manifests[at] = manifest;
  repository.manifests[digest] = manifest;
  return reply(201, {{"Docker-Content-Digest", digest}});
}

}  // namespace mlpack::test
