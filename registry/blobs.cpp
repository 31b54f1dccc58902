#include "lib/error.h"
#include "lib/text.h"
#include "registry/client.h"
#include "registry/client_state.h"
#include "registry/upload_session.h"

namespace mlpack {
namespace {

// What a registry may ask us to send at least in one piece.
constexpr std::uint64_t longest_chunk = std::uint64_t{1} << 30;

std::string named(const Repository& repository, const Digest& digest) {
  return fmt::format("blob `sha256:{}` of `{}`", digest.short_hex(), repository.name.name());
}

}  // namespace

BlobState Client::head_blob(const Repository& repository, const Digest& digest) {
  const Attempt attempt = state_->attempt(repository, "look for " + named(repository, digest));
  const Call call{.method = "HEAD", .target = registry_path(repository, "blobs/" + digest.text())};
  const Answer answer = state_->persist(repository, call, attempt);
  switch (answer.response.status) {
    case 200:
      return {BlobState::Presence::present, content_length(answer.response.headers)};
    case 404:
      return {BlobState::Presence::absent, {}};
    case 401:
      throw refusal(attempt, answer);
    default:
      return {};
  }
}

bool Client::seems_present(const Repository& repository, const Digest& digest) {
  return state_->look_in_places(repository, PullKind::blob, [&](const Repository& place) {
    const Call call{.method = "HEAD", .target = registry_path(place, "blobs/" + digest.text())};
    const Answer answer = state_->exchange(place, call);
    const bool is_mirror = place.place == Repository::Place::mirror;
    if (is_mirror && answer.response.failure) {
      throw unreachable("look for " + named(place, digest), *answer.response.failure);
    }
    return answer.response.status == 200 && !is_web_page(answer.response);
  });
}

bool Client::mount_blob(const Repository& repository, const Digest& digest, const Reference& from) {
  const Call call{.method = "POST",
                  .target = registry_path(repository,
                                          fmt::format("blobs/uploads/?mount={}&from={}",
                                                      escape_query(digest.text()),
                                                      escape_query(from.repository()))),
                  .also = {from}};
  const Answer answer = state_->exchange(repository, call);
  const std::optional<std::string> location = answer.response.headers.find("Location");
  if (answer.response.status == 202 && location) {
    if (const auto url = answer.url.resolve(*location)) {
      cancel_upload(repository, {url->text(), 0});
    }
  }
  return answer.response.status == 201;
}

Upload Client::start_upload(const Repository& repository) {
  const Attempt attempt =
      state_->attempt(repository, fmt::format("push to `{}`", repository.name.name()));
  const Call call{.method = "POST", .target = registry_path(repository, "blobs/uploads/")};
  const Answer answer = state_->persist(repository, call, attempt);
  if (!is_success(answer)) {
    throw refusal(attempt, answer);
  }
  if (answer.response.status != 202) {
    throw no_registry(attempt, answer);
  }
  const auto least = parse_number(answer.response.headers.find("OCI-Chunk-Min-Length").value_or(""),
                                  longest_chunk);
  return {upload_location(answer, attempt), least.value_or(0)};
}

void Client::cancel_upload(const Repository& repository, const Upload& upload) {
  state_->cancel(repository, upload.location);
}

}  // namespace mlpack
