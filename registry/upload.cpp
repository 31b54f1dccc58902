#include "lib/error.h"
#include "lib/oci/verify.h"
#include "registry/client.h"
#include "registry/client_state.h"
#include "registry/upload_chunks.h"
#include "registry/upload_session.h"

#include <memory>
#include <optional>
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

// So often in a row a connection breaks before a blob goes out in another form: some proxies end
// bodies that are too large for them, or take too long, without a word.
constexpr int cuts_of_a_form = 2;

// Smaller blobs begin anew sooner than anybody is asked how far they got.
constexpr std::uint64_t least_resumed = std::uint64_t{256} << 10;

// One blob on its way: POST, then PUT of all of it. Where the answer to the PUT is lost, the blob
// is there all the same, which a HEAD shows; the other forms, for registries that do not take it
// like that, have to send everything again then.
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
    open_ = [&] { return std::make_unique<OutgoingSource>(open(), blob_, name_, moved); };
    if (resumes() && state_.options.take_note) {
      note_ = state_.options.take_note(to_.name.name() + "@" + blob_.digest.text());
      if (note_) broken_ = note_->location();
    }
    while (!send() && !arrived()) {
    }
    if (note_) note_->drop();
    state_.remember_rules(to_);
  }

 private:
  SentBlob sent() const { return {client_, to_, attempt_, name_}; }

  // A registry that kept only some of the chunks has a blob of another size under the name of ours,
  // which the next form replaces.
  bool arrived() {
    const bool was_spoiled = form_ == UploadForm::chunks &&
                             !state_.upload_rules(to_).takes(UploadForm::chunks, blob_.size);
    return !was_spoiled && is_there(sent(), blob_);
  }

  // True where the registry has it now; false where it is worth another try.
  bool send() {
    if (const std::optional<bool> done = go_on()) return *done;
    const UploadRules rules = state_.upload_rules(to_);
    form_ = rules.form_for(blob_.size).value_or(UploadForm::put);
    for (int turn = 0; turn < cuts_ / cuts_of_a_form; ++turn) {
      form_ = rules.after(form_, blob_.size);
    }
    switch (form_) {
      case UploadForm::put:
        return send_put();
      case UploadForm::patch:
        return send_patch();
      case UploadForm::chunks:
        return send_chunks();
    }
    return false;
  }

  // Whether the registry can be asked how far it got, and believed.
  bool resumes() {
    const UploadRules rules = state_.upload_rules(to_);
    return blob_.size >= least_resumed && rules.takes(UploadForm::chunks, blob_.size) &&
           rules.believes_ranges();
  }

  // What broke off, here or in a process that was killed, where the registry kept some of it;
  // distribution 3 does, most others do not.
  std::optional<bool> go_on() {
    const std::string location = std::exchange(broken_, "");
    if (location.empty() || !Url::parse(location)) return std::nullopt;
    const SentBlob sent_blob = sent();
    ChunkedUpload upload(work(sent_blob), location);
    if (!upload.find_place()) return std::nullopt;
    form_ = UploadForm::chunks;
    return upload.run();
  }

  ChunkedUpload::Work work(const SentBlob& sent_blob) {
    return {client_, state_, to_, blob_, sent_blob, attempts_, open_, note_.get(), furthest_};
  }

  Call whole(const std::string& method, const std::string& target) const {
    Call call{.method = method, .target = target, .length = blob_.size};
    call.headers.add("Content-Type", "application/octet-stream");
    call.open = open_;
    return call;
  }

  bool send_put() {
    UploadSession session(client_, to_, note_.get());
    const Answer answer = state_.exchange(to_, whole("PUT", session.commit_location(blob_.digest)));
    return is_success(answer) ? finish(session, answer) : judge(session, answer);
  }

  bool send_patch() {
    UploadSession session(client_, to_, note_.get());
    const Answer patched = state_.exchange(to_, whole("PATCH", session.location()));
    if (!is_success(patched)) return judge(session, patched);
    session.follow(patched, attempt_);
    Call call{.method = "PUT", .target = session.commit_location(blob_.digest)};
    call.headers.add("Content-Type", "application/octet-stream");
    const Answer answer = state_.persist(to_, call, attempt_);
    return is_success(answer) ? finish(session, answer) : judge(session, answer);
  }

  bool send_chunks() {
    const SentBlob sent_blob = sent();
    ChunkedUpload upload(work(sent_blob));
    return upload.run();
  }

  bool finish(UploadSession& session, const Answer& answer) {
    session.close();
    check_committed(sent(), blob_, answer);
    return true;
  }

  // False where another try is worth it; throws the answer else.
  bool judge(UploadSession& session, const Answer& answer) {
    const std::string body = error_body(answer.response);
    if (answer.response.failure) {
      if (resumes()) broken_ = session.location();
      session.close();  // mostly it went down with the connection
      ++cuts_;
    }
    if (is_refused_form(answer) && takes_another_form(answer)) return false;
    const bool passing = answer.response.failure || is_passing(answer.response.status);
    if ((!passing && !is_lost_session(answer, body)) ||
        !state_.wait_for_next(state_.host_of(to_), answer, attempts_, attempt_.what)) {
      throw refused_blob(sent(), answer, body);
    }
    return false;
  }

  bool takes_another_form(const Answer& answer) {
    const std::uint64_t size = answer.response.status == 413 ? blob_.size : 0;
    state_.learn(to_, [&](UploadRules& rules) { rules.refuse(form_, size); });
    cuts_ = 0;
    const bool is_left = state_.upload_rules(to_).form_for(blob_.size).has_value();
    if (is_left) {
      state_.progress.note(
          fmt::format("{}; trying to {} in another form", reason(answer), attempt_.what));
    }
    return is_left;
  }

  Client& client_;
  Client::State& state_;
  const Repository& to_;
  const Descriptor& blob_;
  std::string name_;
  Attempt attempt_;
  Attempts attempts_;
  OpenSource open_;
  UploadForm form_ = UploadForm::put;
  int cuts_ = 0;  // of connections, in a row
  std::unique_ptr<UploadNote> note_;
  std::string broken_;  // where the last attempt was when it broke off
  std::uint64_t furthest_ = 0;
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
