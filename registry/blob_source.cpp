#include "lib/error.h"
#include "lib/oci/verify.h"
#include "registry/client.h"
#include "registry/client_state.h"
#include "registry/resume.h"

#include <utility>

namespace mlpack {
namespace {

struct BlobRequest {
  Repository repository;
  Descriptor blob;
  Attempt attempt;
};

Answer get(Client::State& state, const BlobRequest& request, std::uint64_t offset) {
  Call call{.target = registry_path(request.repository, "blobs/" + request.blob.digest.text())};
  if (offset > 0) call.headers.add("Range", fmt::format("bytes={}-", offset));
  return state.persist(request.repository, call, request.attempt);
}

std::unique_ptr<Body> body_at(const BlobRequest& request, Answer answer, std::uint64_t offset) {
  if (answer.response.status != 200 && answer.response.status != 206) {
    throw refusal(request.attempt, answer);
  }
  const std::string from = answer.url.authority();
  std::unique_ptr<Body> body = body_from(std::move(answer.response), offset);
  if (!body) {
    fail(Fault::refused,
         "cannot {}: `{}` sent another range than the one asked for",
         request.attempt.what,
         from);
  }
  return body;
}

std::string name_of(const Repository& repository, const Descriptor& blob) {
  return fmt::format("blob `sha256:{}` of `{}`", blob.digest.short_hex(), repository.name.name());
}

}  // namespace

std::unique_ptr<Source> Client::State::open_blob_at(const Repository& repository,
                                                    const Descriptor& blob,
                                                    std::uint64_t offset) {
  const BlobRequest request{
      repository, blob, attempt(repository, "fetch " + name_of(repository, blob))};
  Answer answer = get(*this, request, offset);
  if (answer.response.status == 404) {
    return nullptr;
  }
  if (answer.response.status == 200) {
    require_same_size(
        {BlobState::Presence::present, content_length(answer.response.headers)}, blob, repository);
  }
  State& state = *this;
  return std::make_unique<ResumingSource>(
      body_at(request, std::move(answer), offset),
      [&state, request, offset](std::uint64_t done) {
        ++state.retries;
        return body_at(request, get(state, request, offset + done), offset + done);
      },
      state.policy,
      state.progress,
      request.attempt.what,
      blob.size - offset);
}

std::unique_ptr<Source> Client::open_blob_at(const Repository& repository,
                                             const Descriptor& blob,
                                             std::uint64_t offset) {
  return state_->look_in_places(repository, PullKind::blob, [&](const Repository& place) {
    return state_->open_blob_at(place, blob, offset);
  });
}

std::unique_ptr<Source> Client::open_blob(const Repository& repository, const Descriptor& blob) {
  std::unique_ptr<Source> source = open_blob_at(repository, blob, 0);
  if (!source) {
    return nullptr;
  }
  return std::make_unique<VerifyingSource>(
      std::move(source), blob, "the bytes of " + name_of(repository, blob));
}

bool Client::get_blob(const Repository& repository, const Descriptor& blob, Sink& sink) {
  const std::unique_ptr<Source> source = open_blob(repository, blob);
  if (!source) {
    return false;
  }
  copy(*source, sink, [&](std::size_t) { state_->stop.check(); });
  return true;
}

}  // namespace mlpack
