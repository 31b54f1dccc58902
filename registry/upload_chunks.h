#pragma once

#include "registry/retry.h"
#include "registry/upload_session.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mlpack {

/// The bytes of a blob, asked for in pieces that mostly follow each other: read on where they do,
/// else opened anew and read up to there.
class PieceSource {
 public:
  explicit PieceSource(OpenSource open) : open_(std::move(open)) {}
  /// A source of `length` bytes from `offset` on, valid until the next call.
  std::unique_ptr<Source> at(std::uint64_t offset, std::uint64_t length);

 private:
  class Piece;
  OpenSource open_;
  std::unique_ptr<Source> source_;
  std::uint64_t position_ = 0;
};

/// A blob on its way in PATCHes that say which bytes they are. After a failure the registry is
/// asked how far it got, and the rest follows, where it still knows the session.
class ChunkedUpload {
 public:
  /// What the references lead to outlives it. `open` verifies what it gives.
  struct Work {
    Client& client;
    Client::State& state;
    const Repository& to;
    const Descriptor& blob;
    const SentBlob& sent;
    Attempts& attempts;
    OpenSource open;
    UploadNote* note;         // may be absent
    std::uint64_t& furthest;  // that any attempt at the blob came; what is behind it is no progress
  };
  explicit ChunkedUpload(Work work)
      : work_(std::move(work)), pieces_(work_.open), session_(work_.client, work_.to, work_.note) {}
  /// Of what was begun before, and goes on at `location`.
  ChunkedUpload(Work work, std::string location)
      : work_(std::move(work)),
        pieces_(work_.open),
        session_(work_.client, work_.to, work_.note, std::move(location)) {}

  /// Asks how much the registry has of what was begun before; false where that is nothing.
  bool find_place();

  /// True where the registry took the blob and has it; false where it has to be begun anew. Throws
  /// what nothing will change.
  bool run();

 private:
  bool send_next();
  bool accept(const Answer& answer, std::uint64_t end);
  bool recover(const Answer& answer, std::uint64_t length);
  bool too_large(const Answer& answer, std::uint64_t length);
  std::optional<std::uint64_t> ask_offset();
  void reach(std::uint64_t offset);
  bool commit();
  void wait_or_throw(const Answer& answer, const std::string& body);

  Work work_;
  PieceSource pieces_;
  UploadSession session_;
  std::uint64_t offset_ = 0;
};

}  // namespace mlpack
