#include "registry/upload_chunks.h"

#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 62;

// `0-99`, or `bytes=0-99`: how many bytes the registry has. It says `0-0` of none as well.
std::optional<std::uint64_t> received(const Headers& headers) {
  std::string_view value;
  const std::string range = headers.find("Range").value_or("");
  value = range;
  if (value.starts_with("bytes=")) value.remove_prefix(6);
  const std::size_t dash = value.find('-');
  if (dash == std::string_view::npos || value.substr(0, dash) != "0") return std::nullopt;
  const auto last = parse_number(value.substr(dash + 1), most_bytes);
  if (!last) return std::nullopt;
  return *last == 0 ? 0 : *last + 1;
}

}  // namespace

class PieceSource::Piece : public Source {
 public:
  Piece(PieceSource& whole, std::uint64_t left) : whole_(whole), left_(left) {}
  std::size_t read(std::span<std::byte> buffer) override {
    if (left_ == 0) return 0;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
    const std::size_t count = whole_.source_->read(buffer.first(wanted));
    whole_.position_ += count;
    left_ -= count;
    return count;
  }

 private:
  PieceSource& whole_;
  std::uint64_t left_;
};

std::unique_ptr<Source> PieceSource::at(std::uint64_t offset, std::uint64_t length) {
  if (!source_ || position_ > offset) {
    source_ = open_();
    position_ = 0;
  }
  std::vector<std::byte> buffer(position_ < offset ? std::size_t{1} << 16 : 0);
  while (position_ < offset) {
    const auto wanted = std::min<std::uint64_t>(offset - position_, buffer.size());
    const std::size_t count = source_->read(std::span(buffer).first(wanted));
    if (count == 0) fail(Fault::internal, "a blob ends before its chunk at {}", offset);
    position_ += count;
  }
  return std::make_unique<Piece>(*this, length);
}

bool ChunkedUpload::find_place() {
  const auto has = ask_offset();
  if (!has) session_.close();  // it is not there any more
  if (!has || *has == 0 || *has > work_.blob.size) return false;
  offset_ = *has;
  work_.furthest = std::max(work_.furthest, offset_);
  return true;
}

bool ChunkedUpload::run() {
  while (offset_ < work_.blob.size) {
    if (!send_next()) return false;
  }
  return commit();
}

bool ChunkedUpload::send_next() {
  const std::uint64_t most = work_.state.upload_rules(work_.to).chunk();
  const std::uint64_t length =
      std::min(std::max(most, session_.least_chunk()), work_.blob.size - offset_);
  Call call{.method = "PATCH", .target = session_.location(), .length = length};
  call.headers.add("Content-Type", "application/octet-stream");
  call.headers.add("Content-Range", fmt::format("{}-{}", offset_, offset_ + length - 1));
  call.open = [&] { return pieces_.at(offset_, length); };
  const Answer answer = work_.state.exchange(work_.to, call);
  return is_success(answer) ? accept(answer, offset_ + length) : recover(answer, length);
}

// False where the registry has something else than was sent; never commit that.
bool ChunkedUpload::accept(const Answer& answer, std::uint64_t end) {
  if (is_web_page(answer.response)) throw no_registry(work_.sent.attempt, answer);
  session_.follow(answer, work_.sent.attempt);
  const auto has = received(answer.response.headers);
  const bool agrees =
      !has || *has == end || end == 1 || !work_.state.upload_rules(work_.to).believes_ranges();
  if (agrees) {
    reach(end);
    return true;
  }
  const auto really = ask_offset();
  if (really && *really > offset_ && *really <= end) {
    reach(*really);
    return true;
  }
  // A registry may have all of it and say something else: the next attempt leaves it to the digest,
  // which it checks, and to the size, which we ask for.
  work_.state.learn(work_.to, [&](UploadRules& rules) {
    really ? rules.refuse(UploadForm::chunks, 0) : rules.distrust_ranges();
  });
  return false;
}

void ChunkedUpload::reach(std::uint64_t offset) {
  offset_ = offset;
  if (offset <= work_.furthest) return;
  work_.furthest = offset;
  work_.attempts.progressed();
}

// Proxies answer 413 to what is too large for them; GHCR answers 416 before a byte was taken.
bool ChunkedUpload::too_large(const Answer& answer, std::uint64_t length) {
  const int status = answer.response.status;
  const bool says_so = status == 413 || (status == 416 && offset_ == 0);
  if (!says_so) return false;
  bool shrunk = false;
  work_.state.learn(work_.to, [&](UploadRules& rules) { shrunk = rules.shrink_chunk(length); });
  return shrunk;
}

bool ChunkedUpload::recover(const Answer& answer, std::uint64_t length) {
  const std::string body = error_body(answer.response);
  if (too_large(answer, length)) return false;
  if (is_refused_form(answer)) {
    work_.state.learn(work_.to, [&](UploadRules& rules) { rules.refuse(UploadForm::chunks, 0); });
    if (work_.state.upload_rules(work_.to).form_for(work_.blob.size)) return false;
    throw refused_blob(work_.sent, answer, body);
  }
  wait_or_throw(answer, body);
  const auto has = ask_offset();
  if (!has || *has > work_.blob.size) return false;
  reach(*has);
  return true;
}

void ChunkedUpload::wait_or_throw(const Answer& answer, const std::string& body) {
  const bool passing = answer.response.failure || is_passing(answer.response.status);
  if ((!passing && !is_lost_session(answer, body)) ||
      !work_.state.wait_for_next(
          work_.state.host_of(work_.to), answer, work_.attempts, work_.sent.attempt.what)) {
    if (answer.response.failure) session_.close();  // another run may go on with it
    throw refused_blob(work_.sent, answer, body);
  }
}

std::optional<std::uint64_t> ChunkedUpload::ask_offset() {
  const Answer answer = work_.state.exchange(work_.to, {.target = session_.location()});
  if (answer.response.failure || answer.response.status != 204) return std::nullopt;
  session_.follow(answer, work_.sent.attempt);
  return received(answer.response.headers);
}

// What went wrong with the bytes themselves is the fault of the chunks: a registry may have kept
// only some of them.
bool ChunkedUpload::commit() {
  Call call{.method = "PUT", .target = session_.commit_location(work_.blob.digest)};
  call.headers.add("Content-Type", "application/octet-stream");
  const Answer answer = work_.state.persist(work_.to, call, work_.sent.attempt);
  const std::string body = error_body(answer.response);
  try {
    if (is_success(answer)) {
      session_.close();
      check_committed(work_.sent, work_.blob, answer);
      return true;
    }
    if (is_lost_session(answer, body)) {
      wait_or_throw(answer, body);
      return false;
    }
    throw refused_blob(work_.sent, answer, body);
  } catch (const Error& error) {
    if (error.fault() != Fault::integrity) throw;
    work_.state.learn(work_.to, [](UploadRules& rules) { rules.refuse(UploadForm::chunks, 0); });
    if (!work_.state.upload_rules(work_.to).form_for(work_.blob.size)) throw;
    return false;
  }
}

}  // namespace mlpack
