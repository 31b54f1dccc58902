#include "lib/error.h"
#include "lib/oci/verify.h"
#include "registry/client.h"
#include "registry/client_state.h"
#include "registry/upload_session.h"

#include <utility>

namespace mlpack {
namespace {

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
    while (!send(open, moved) && !is_there(sent(), blob_)) {
    }
  }

 private:
  SentBlob sent() const { return {client_, to_, attempt_, name_}; }

  // True where the registry has it now; false where it is worth another try.
  bool send(const OpenSource& open, const std::function<void(std::uint64_t)>& moved) {
    UploadSession session(client_, to_);
    Call call{
        .method = "PUT", .target = session.commit_location(blob_.digest), .length = blob_.size};
    call.headers.add("Content-Type", "application/octet-stream");
    call.open = [&] { return std::make_unique<OutgoingSource>(open(), blob_, name_, moved); };
    const Answer answer = state_.exchange(to_, call);
    const std::string body = error_body(answer.response);
    if (is_success(answer)) {
      session.close();
      check_committed(sent(), blob_, answer);
      return true;
    }
    if (answer.response.failure) session.close();  // it went down with the connection
    const bool passing = answer.response.failure || is_passing(answer.response.status);
    if ((!passing && !is_lost_session(answer, body)) ||
        !state_.wait_for_next(state_.host_of(to_), answer, attempts_, attempt_.what)) {
      throw refused_blob(sent(), answer, body);
    }
    return false;
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
                fmt::format("blob `{}` has {} bytes in `{}`, and {} by the manifest that names it",
                            blob.digest.text(),
                            *state.size,
                            where.name.name(),
                            blob.size),
                "one of them is wrong: have the blob deleted there if it is damaged, or the image "
                "made anew that the manifest is of");
  }
}

void Client::upload_blob(const Repository& repository,
                         const Descriptor& blob,
                         const OpenSource& open,
                         const std::function<void(std::uint64_t)>& moved) {
  BlobUpload(*this, *state_, repository, blob).run(open, moved);
}

}  // namespace mlpack
