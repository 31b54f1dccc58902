#include "registry/upload_session.h"

#include "lib/error.h"
#include "lib/text.h"

#include <utility>

namespace mlpack {
namespace {

constexpr int looks_after_commit = 4;

void check_said_digest(const Answer& answer, const Descriptor& blob, const std::string& name) {
  const auto said =
      Digest::parse(answer.response.headers.find("Docker-Content-Digest").value_or(""));
  if (!said || *said == blob.digest) return;
  fail(Fault::integrity,
       "{}: `{}` says that it stored `{}`",
       name,
       answer.url.authority(),
       said->text());
}

}  // namespace

UploadSession::UploadSession(Client& client, const Repository& repository, UploadNote* note)
    : client_(client),
      repository_(repository),
      note_(note),
      upload_(client.start_upload(repository)) {
  if (note_ != nullptr) note_->keep(upload_.location);
}

UploadSession::UploadSession(Client& client,
                             const Repository& repository,
                             UploadNote* note,
                             std::string location)
    : client_(client), repository_(repository), note_(note), upload_{std::move(location), 0} {}

UploadSession::~UploadSession() {
  if (!open_) return;
  if (note_ != nullptr) note_->drop();
  client_.cancel_upload(repository_, upload_);
}

void UploadSession::follow(const Answer& answer, const Attempt& attempt) {
  if (!answer.response.headers.find("Location")) return;
  upload_.location = upload_location(answer, attempt);
  if (note_ != nullptr) note_->keep(upload_.location);
}

std::string UploadSession::commit_location(const Digest& digest) const {
  const std::optional<Url> url = Url::parse(upload_.location);
  if (!url) fail(Fault::internal, "a place for a blob that was not checked before it was used");
  return url->with_query("digest", digest.text()).text();
}

std::string upload_location(const Answer& answer, const Attempt& attempt) {
  const std::string location = answer.response.headers.find("Location").value_or("");
  const std::optional<Url> url = answer.url.resolve(location);
  if (!url) {
    fail(Fault::refused,
         "cannot {}: `{}` begins an upload but does not say where: its `Location` is `{}`",
         attempt.what,
         answer.url.authority(),
         printable(location.substr(0, 200)));
  }
  if (answer.url.secure() && !url->secure()) {
    throw Error(Fault::refused,
                fmt::format("cannot {}: `{}` wants the upload in clear text at `{}`",
                            attempt.what,
                            answer.url.authority(),
                            url->shown()),
                "mlpack never goes on without TLS; ask whoever runs the registry");
  }
  return url->text();
}

bool is_lost_session(const Answer& answer, const std::string& body) {
  const int status = answer.response.status;
  return status == 404 || status == 416 || has_error_code(body, "BLOB_UPLOAD_UNKNOWN") ||
         has_error_code(body, "BLOB_UPLOAD_INVALID");
}

bool is_refused_form(const Answer& answer) {
  const int status = answer.response.status;
  return status == 405 || status == 413 || status == 501;
}

Error refused_blob(const SentBlob& sent, const Answer& answer, const std::string& body) {
  if (!has_error_code(body, "DIGEST_INVALID")) return refusal(sent.attempt, answer, body);
  return Error(
      Fault::integrity,
      fmt::format(
          "{}: `{}` received other bytes than were sent", sent.name, answer.url.authority()),
      "something between here and the registry changes them; try again");
}

bool is_there(const SentBlob& sent, const Descriptor& blob) {
  const BlobState state = sent.client.head_blob(sent.to, blob.digest);
  require_same_size(state, blob, sent.to);
  return state.presence == BlobState::Presence::present;
}

void check_committed(const SentBlob& sent, const Descriptor& blob, const Answer& answer) {
  check_said_digest(answer, blob, sent.name);
  if (is_web_page(answer.response)) throw no_registry(sent.attempt, answer);
  for (int look = 0; look < looks_after_commit; ++look) {
    const BlobState state = sent.client.head_blob(sent.to, blob.digest);
    require_same_size(state, blob, sent.to);
    if (state.presence != BlobState::Presence::absent) return;
    sent.client.pause(look);
  }
  fail(Fault::refused, "{}: `{}` took it and does not have it", sent.name, sent.attempt.host);
}

}  // namespace mlpack
