#include "lib/error.h"
#include "lib/oci/verify.h"
#include "registry/client.h"
#include "registry/client_state.h"

#include <utility>

namespace mlpack {
namespace {

constexpr int looks_after_commit = 4;

// A session that is not committed is worth nothing to anybody: the registry may drop it at once.
class Session {
 public:
  Session(Client& client, const Repository& repository)
      : client_(client), repository_(repository), upload_(client.start_upload(repository)) {}
  ~Session() {
    if (open_) client_.cancel_upload(repository_, upload_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  const std::string& location() const { return upload_.location; }
  void close() { open_ = false; }

 private:
  Client& client_;
  const Repository& repository_;
  Upload upload_;
  bool open_ = true;
};

// Verifies what goes out, and tells how much has.
class OutgoingSource : public Source {
 public:
  OutgoingSource(std::unique_ptr<Source> source,
                 const Descriptor& blob,
                 const std::string& name,
                 const std::function<void(std::uint64_t)>& moved)
      : source_(std::move(source), blob, "the bytes of " + name), moved_(moved) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = source_.read(buffer);
    position_ += count;
    if (moved_) moved_(position_);
    return count;
  }

 private:
  VerifyingSource source_;
  const std::function<void(std::uint64_t)>& moved_;
  std::uint64_t position_ = 0;
};

// A session that the registry does not know (any more), or sees at another offset: a new one helps.
bool is_lost_session(const Answer& answer, const std::string& body) {
  const int status = answer.response.status;
  return status == 404 || status == 416 || has_error_code(body, "BLOB_UPLOAD_UNKNOWN") ||
         has_error_code(body, "BLOB_UPLOAD_INVALID");
}

// One blob on its way: POST, then PUT of all of it. Where the answer to the PUT is lost, the blob
// is there all the same, which a HEAD shows; the chunked forms have to send everything again then.
class BlobUpload {
 public:
  BlobUpload(Client& client, Client::State& state, const Repository& to, const Descriptor& blob)
      : client_(client),
        state_(state),
        to_(to),
        blob_(blob),
        name_(fmt::format("blob `sha256:{}` of `{}`", blob.digest.short_hex(), to.name.name())),
        attempt_(state.attempt(to, "push " + name_)),
        attempts_(state.policy, state.policy.attempts) {}

  void run(const OpenSource& open, const std::function<void(std::uint64_t)>& moved) {
    while (!send(open, moved) && !is_there()) {
    }
  }

 private:
  // True where the registry has it now; false where it is worth another try.
  bool send(const OpenSource& open, const std::function<void(std::uint64_t)>& moved) {
    Session session(client_, to_);
    const std::optional<Url> url = Url::parse(session.location());
    Call call{.method = "PUT",
              .target = url->with_query("digest", blob_.digest.text()).text(),
              .length = blob_.size};
    call.headers.add("Content-Type", "application/octet-stream");
    call.open = [&] { return std::make_unique<OutgoingSource>(open(), blob_, name_, moved); };
    const Answer answer = state_.exchange(to_, call);
    const std::string body = error_body(answer.response);
    if (is_success(answer)) {
      check_commit(answer);
      session.close();
      wait_until_visible();
      return true;
    }
    if (answer.response.failure) session.close();  // it went down with the connection
    const bool passing = answer.response.failure || is_passing(answer.response.status);
    if ((!passing && !is_lost_session(answer, body)) ||
        !state_.wait_for_next(state_.host_of(to_), answer, attempts_, attempt_.what)) {
      throw refused(answer, body);
    }
    return false;
  }

  Error refused(const Answer& answer, const std::string& body) const {
    if (!has_error_code(body, "DIGEST_INVALID")) {
      return refusal(attempt_, answer, body);
    }
    return Error(
        Fault::integrity,
        fmt::format("{}: `{}` received other bytes than were sent", name_, answer.url.authority()),
        "something between here and the registry changes them; try again");
  }

  void check_commit(const Answer& answer) const {
    const auto said =
        Digest::parse(answer.response.headers.find("Docker-Content-Digest").value_or(""));
    if (said && *said != blob_.digest) {
      fail(Fault::integrity,
           "{}: `{}` says that it stored `{}`",
           name_,
           answer.url.authority(),
           said->text());
    }
    if (is_web_page(answer.response)) {
      throw no_registry(attempt_, answer);
    }
  }

  bool is_there() {
    const BlobState state = client_.head_blob(to_, blob_.digest);
    require_same_size(state, blob_, to_);
    return state.presence == BlobState::Presence::present;
  }

  // Some registries show a blob a moment after they took it; one of them kept only a part.
  void wait_until_visible() {
    for (int look = 0; look < looks_after_commit; ++look) {
      const BlobState state = client_.head_blob(to_, blob_.digest);
      require_same_size(state, blob_, to_);
      if (state.presence != BlobState::Presence::absent) {
        return;
      }
      client_.pause(look);
    }
    fail(Fault::refused, "{}: `{}` took it and does not have it", name_, attempt_.host);
  }

  Client& client_;
  Client::State& state_;
  const Repository& to_;
  const Descriptor& blob_;
  std::string name_;
  Attempt attempt_;
  Attempts attempts_;
};

}  // namespace

void require_same_size(const BlobState& state, const Descriptor& blob, const Repository& where) {
  if (state.size && *state.size != blob.size) {
    throw Error(Fault::integrity,
                fmt::format("blob `{}` has {} bytes in `{}`, and {} here",
                            blob.digest.text(),
                            *state.size,
                            where.name.name(),
                            blob.size),
                "the registry keeps a damaged blob; have it deleted there, then push again");
  }
}

void Client::upload_blob(const Repository& repository,
                         const Descriptor& blob,
                         const OpenSource& open,
                         const std::function<void(std::uint64_t)>& moved) {
  BlobUpload(*this, *state_, repository, blob).run(open, moved);
}

}  // namespace mlpack
