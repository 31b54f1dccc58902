#include "lib/error.h"
#include "lib/oci/verify.h"
#include "registry/client.h"
#include "registry/client_state.h"
#include "registry/places.h"
#include "registry/resume.h"

#include <optional>
#include <set>
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

// A blob from the first of several places that has it; where that one fails on the way, the next
// goes on at the byte.
class PlacesSource : public Source {
 public:
  PlacesSource(Client::State& state,
               const Repository& repository,
               Descriptor blob,
               std::uint64_t offset)
      : state_(state),
        places_(state, repository, PullKind::blob),
        blob_(std::move(blob)),
        position_(offset) {}

  // False where no place has it, from the one that is asked now on.
  bool open() {
    do {
      source_ = places_.look(
          [&](const Repository& place) { return state_.open_blob_at(place, blob_, position_); });
    } while (!source_ && places_.next());
    return source_ != nullptr;
  }

  std::size_t read(std::span<std::byte> buffer) override {
    for (;;) {
      if (const auto count = read_here(buffer)) return *count;
      if (places_.next() && open()) continue;
      fail(Fault::refused,
           "{} ended after {} bytes, and no other place has it",
           name_of(places_.at(0), blob_),
           position_);
    }
  }

  // What came was something else: none of the mirrors that it came from is asked again.
  void distrust(Error& error) {
    for (const std::size_t from : givers_) {
      if (places_.at(from).place == Repository::Place::own) continue;
      state_.distrust(places_.at(from), error);
      error.set_again(Error::Again::helps);
    }
  }

 private:
  // nullopt where the next place has to go on.
  std::optional<std::size_t> read_here(std::span<std::byte> buffer) {
    try {
      const std::size_t count = source_->read(buffer);
      position_ += count;
      if (count > 0) givers_.insert(places_.number());
      if (count > 0 || places_.is_last() || position_ >= blob_.size) return count;
      fail(Fault::integrity, "it ended after {} of {} bytes", position_, blob_.size);
    } catch (const Error& error) {
      places_.give_up(error);
    }
    return std::nullopt;
  }

  Client::State& state_;
  Places places_;
  Descriptor blob_;
  std::uint64_t position_;
  std::set<std::size_t> givers_;  // numbers of places that bytes came from
  std::unique_ptr<Source> source_;
};

// Holds what comes against size and digest, and says so to the places where it is something else.
class ComparedSource : public Source {
 public:
  ComparedSource(std::unique_ptr<PlacesSource> source, const Descriptor& blob, std::string what)
      : places_(*source), verifying_(std::move(source), blob, std::move(what)) {}

  std::size_t read(std::span<std::byte> buffer) override {
    try {
      return verifying_.read(buffer);
    } catch (Error& error) {
      if (error.fault() == Fault::integrity) places_.distrust(error);
      throw;
    }
  }

 private:
  PlacesSource& places_;  // which the next one owns
  VerifyingSource verifying_;
};

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
      state.policy_for(repository),
      state.progress,
      request.attempt.what,
      blob.size - offset);
}

std::unique_ptr<Source> Client::open_blob_at(const Repository& repository,
                                             const Descriptor& blob,
                                             std::uint64_t offset) {
  auto source = std::make_unique<PlacesSource>(*state_, repository, blob, offset);
  if (!source->open()) return nullptr;
  return source;
}

std::unique_ptr<Source> Client::open_blob(const Repository& repository, const Descriptor& blob) {
  auto source = std::make_unique<PlacesSource>(*state_, repository, blob, 0);
  if (!source->open()) return nullptr;
  return std::make_unique<ComparedSource>(
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
