#pragma once

#include "registry/client.h"
#include "registry/client_state.h"

#include <string>

namespace mlpack {

/// An upload that was begun, and is cancelled unless it is closed: what is not committed is worth
/// nothing to anybody, and the registry may drop it at once.
class UploadSession {
 public:
  /// The references must outlive it. `note`, which may be absent, is kept up to date: what is left
  /// in it when the session ends can be gone on with.
  UploadSession(Client& client, const Repository& repository, UploadNote* note = nullptr);
  /// Goes on with the one at `location`.
  UploadSession(Client& client,
                const Repository& repository,
                UploadNote* note,
                std::string location);
  ~UploadSession();
  UploadSession(const UploadSession&) = delete;
  UploadSession& operator=(const UploadSession&) = delete;

  const std::string& location() const { return upload_.location; }
  std::uint64_t least_chunk() const { return upload_.least_chunk; }
  /// Goes on where `answer` says, if it says so. Fault::refused where that is without TLS.
  void follow(const Answer& answer, const Attempt& attempt);
  /// Where the blob is committed as the one with `digest`.
  std::string commit_location(const Digest& digest) const;
  void close() { open_ = false; }

 private:
  Client& client_;
  const Repository& repository_;
  UploadNote* note_;
  Upload upload_;
  bool open_ = true;
};

/// The URL for the rest of an upload that `answer` names; Fault::refused where it names none, or
/// one without TLS.
std::string upload_location(const Answer& answer, const Attempt& attempt);

/// A session that the registry does not know (any more), or sees at another offset: a new one
/// helps.
bool is_lost_session(const Answer& answer, const std::string& body);

/// True where the answer says that the registry, or a proxy before it, does not take blobs in this
/// form or of this size; another form may do.
bool is_refused_form(const Answer& answer);

/// A blob on its way, for those who judge the answers.
struct SentBlob {
  Client& client;
  const Repository& to;
  const Attempt& attempt;
  const std::string& name;  // for messages
};

/// The Error for an answer that does not take the blob, its body read already.
Error refused_blob(const SentBlob& sent, const Answer& answer, const std::string& body);

/// Whether the registry has the blob. Fault::integrity where it has one of another size.
bool is_there(const SentBlob& sent, const Descriptor& blob);

/// Compares what the registry says about a blob that it took with `blob`, and waits until it has
/// it: some registries show a blob a moment after they took it, and one of them kept only a part.
/// Fault::integrity where it took something else, Fault::refused where it does not show it.
void check_committed(const SentBlob& sent, const Descriptor& blob, const Answer& answer);

}  // namespace mlpack
