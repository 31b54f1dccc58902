#include "lib/error.h"
#include "lib/oci/image.h"
#include "registry/client.h"
#include "registry/client_state.h"
#include "registry/upload_session.h"

#include <utility>

namespace mlpack {
namespace {

// Hashes what goes out; the digest is known when all of it has.
class HashedSource : public Source {
 public:
  HashedSource(std::unique_ptr<Source> source,
               std::uint64_t size,
               std::optional<Digest>& digest,
               const std::function<void(std::uint64_t)>& moved)
      : source_(std::move(source)), size_(size), digest_(digest), moved_(moved) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = source_->read(buffer);
    hasher_.write(Bytes(buffer.data(), count));
    if (hasher_.bytes() > size_ || (count == 0 && hasher_.bytes() < size_)) {
      fail(Fault::internal, "a stream of {} bytes gave {}", size_, hasher_.bytes());
    }
    if (hasher_.bytes() == size_ && !digest_) digest_ = hasher_.finish();
    if (moved_) moved_(hasher_.bytes());
    return count;
  }

 private:
  std::unique_ptr<Source> source_;
  std::uint64_t size_;
  std::optional<Digest>& digest_;
  const std::function<void(std::uint64_t)>& moved_;
  Hasher hasher_;
};

// A blob of unknown digest on its way: POST, one PATCH of all of it, PUT with the digest that it
// turned out to have. Whatever goes wrong once all of it was read, the ordinary upload is for what
// follows, which survives a lost answer.
class StreamUpload {
 public:
  StreamUpload(Client& client, Client::State& state, const Repository& to, const BlobStream& stream)
      : client_(client),
        state_(state),
        to_(to),
        stream_(stream),
        name_(fmt::format("`{}` of `{}`", stream.label, to.name.name())),
        attempt_(state.attempt(to, "push " + name_)),
        attempts_(state.policy, state.policy.attempts) {}

  Digest run() {
    for (;;) {
      const bool is_done = send();
      if (!digest_) continue;
      const Descriptor blob = blob_of(*digest_);
      if (!is_done && !is_there(sent(), blob)) {
        client_.upload_blob(to_, blob, stream_.open, stream_.moved);
      }
      return blob.digest;
    }
  }

 private:
  SentBlob sent() const { return {client_, to_, attempt_, name_}; }

  Descriptor blob_of(const Digest& digest) const {
    return {std::string(media_type::oci_layer), digest, stream_.size, {}, {}};
  }

  // True where the registry has it now.
  bool send() {
    if (!state_.upload_rules(to_).takes(UploadForm::patch, stream_.size)) {
      digest_ = digest_of(*stream_.open());
      return false;
    }
    UploadSession session(client_, to_);
    Call call{.method = "PATCH", .target = session.location(), .length = stream_.size};
    call.headers.add("Content-Type", "application/octet-stream");
    call.open = [&] {
      digest_.reset();
      return std::make_unique<HashedSource>(stream_.open(), stream_.size, digest_, stream_.moved);
    };
    const Answer answer = state_.exchange(to_, call);
    if (is_success(answer) && digest_) {
      const Descriptor blob = blob_of(*digest_);
      session.follow(answer, attempt_);
      return commit(session, blob);
    }
    if (answer.response.failure) session.close();  // it went down with the connection
    if (is_refused_form(answer)) {
      digest_ = digest_of(*stream_.open());
    } else {
      wait_or_throw(answer);
    }
    return false;
  }

  void wait_or_throw(const Answer& answer) {
    const std::string body = error_body(answer.response);
    const bool may_pass = answer.response.failure || is_passing(answer.response.status) ||
                          is_lost_session(answer, body);
    if (may_pass && state_.wait_for_next(state_.host_of(to_), answer, attempts_, attempt_.what)) {
      return;
    }
    throw refused_blob(sent(), answer, body);
  }

  bool commit(UploadSession& session, const Descriptor& blob) {
    Call call{.method = "PUT", .target = session.commit_location(blob.digest)};
    call.headers.add("Content-Type", "application/octet-stream");
    const Answer answer = state_.persist(to_, call, attempt_);
    if (is_success(answer)) {
      session.close();
      check_committed(sent(), blob, answer);
      return true;
    }
    const std::string body = error_body(answer.response);
    if (!is_lost_session(answer, body)) throw refused_blob(sent(), answer, body);
    return false;
  }

  Client& client_;
  Client::State& state_;
  const Repository& to_;
  const BlobStream& stream_;
  std::string name_;
  Attempt attempt_;
  Attempts attempts_;
  std::optional<Digest> digest_;  // of what the last attempt sent, where that was all
};

}  // namespace

Digest Client::upload_stream(const Repository& repository, const BlobStream& stream) {
  return StreamUpload(*this, *state_, repository, stream).run();
}

}  // namespace mlpack
