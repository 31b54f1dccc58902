#include "registry/remote_wire.h"

#include "lib/text.h"
#include "registry/peers.h"
#include "registry/refusal.h"
#include "registry/resume.h"
#include "registry/url.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr const char* no_server_hint = "check the address, the network and the proxy";
constexpr std::uint64_t largest_file = std::uint64_t{1} << 62;

// Hubs say when they may be asked again in a field of their own:
// `RateLimit: "api";r=0;t=55` (draft-ietf-httpapi-ratelimit-headers).
void translate_rate_limit(Response& response) {
  const std::string field = response.headers.find("RateLimit").value_or("");
  if (response.status != 429 || response.headers.find("Retry-After") || field.empty()) return;
  for (const std::string_view part : split(field, ';')) {
    const std::string_view word = trim(part);
    if (!word.starts_with("t=")) continue;
    const auto seconds = parse_number(word.substr(2), 1'000'000);
    if (seconds) response.headers.add("Retry-After", std::to_string(*seconds + 1));
  }
}

// The size of the whole file that an answer speaks of, where it does.
std::optional<std::uint64_t> whole_size(const Response& response) {
  if (response.status != 206) {
    const auto length = response.headers.find("Content-Length");
    return length ? parse_number(*length, largest_file) : std::nullopt;
  }
  const std::string range = response.headers.find("Content-Range").value_or("");
  const std::size_t slash = range.find('/');
  return slash == range.npos
             ? std::nullopt
             : parse_number(trim(std::string_view(range).substr(slash + 1)), largest_file);
}

Error changed(const RemoteCall& call) {
  return Error(Fault::integrity,
               fmt::format("cannot {}: it changed since it was listed", call.what),
               "build or fetch again: what is there now is listed anew then");
}

void check_unchanged(const RemoteCall& call, const RemoteRange& range, const Response& response) {
  if (range.validator.empty()) return;
  const std::string now = validator_of(response.headers);
  const bool same_kind = now.starts_with('"') == range.validator.starts_with('"');
  if (!now.empty() && same_kind && now != range.validator) throw changed(call);
}

void check_size(const RemoteCall& call, const RemoteRange& range, const Landed& landed) {
  const std::uint64_t said = whole_size(landed.response).value_or(range.size);
  if (said == range.size) return;
  fail(Fault::integrity,
       "cannot {}: it should have {} bytes, and `{}` says {}",
       call.what,
       range.size,
       landed.url.authority(),
       said);
}

}  // namespace

void require_private(const Url& url, PlainHttp plain, const std::string& name) {
  if (url.secure() || plain == PlainHttp::always || is_loopback_host(url.host())) return;
  throw Error(Fault::usage,
              fmt::format("{} is `{}`, which is not encrypted", name, url.shown()),
              "write https://, or allow clear text with `--plain-http`");
}

Url below(const Url& base, const std::string& path) {
  std::string target = base.target();
  if (target.ends_with('/')) target.pop_back();
  return base.with_target(target + path);
}

std::string validator_of(const Headers& headers) {
  const std::string tag = headers.find("ETag").value_or("");
  return tag.starts_with('"') ? tag : headers.find("Last-Modified").value_or("");
}

RemoteWire::RemoteWire(const RemoteContext& context)
    : transport_(context.transport),
      progress_(context.progress),
      stop_(context.stop),
      policy_(complete(context.retry, context.stop)) {}

Landed RemoteWire::follow(const RemoteCall& call) const {
  Request::Peers peers = Request::Peers::any;
  const auto send_to = [&](const Url& url) {
    Request request{.method = call.method, .url = url.text(), .headers = call.headers};
    request.peers = peers;
    if (call.prepare) call.prepare(url, request);
    Response response = transport_.send(request);
    if (response.failure) return response;
    if (url == call.url) peers = peers_named_by(response);
    translate_rate_limit(response);
    if (call.seen) call.seen(url, response);
    return response;
  };
  if (call.redirects == RemoteCall::Redirects::returned) return {send_to(call.url), call.url};
  return follow_redirects(call.url, call.method, send_to);
}

bool RemoteWire::wait(const RemoteCall& call, const Landed& landed, Attempts& attempts) const {
  if (!attempts.again()) return false;
  const Response& response = landed.response;
  const double seconds = retry_wait(policy_, attempts, response);
  const std::string reason =
      response.failure ? response.failure->message
                       : fmt::format("`{}` replied {}", landed.url.authority(), response.status);
  progress_.note(
      fmt::format("{}; trying to {} again in {}", reason, call.what, human_seconds(seconds)));
  policy_.sleep(seconds);
  return true;
}

Landed RemoteWire::send(const RemoteCall& call) const {
  Attempts attempts(policy_, policy_.attempts);
  for (;;) {
    stop_.check();
    Landed landed = follow(call);
    const Response& response = landed.response;
    const bool may_pass =
        response.failure ? response.failure->may_pass() : is_passing(response.status);
    if (may_pass && wait(call, landed, attempts)) continue;
    if (response.failure) throw unreachable(call.what, *response.failure, no_server_hint);
    return landed;
  }
}

RemoteWire::Text RemoteWire::get_text(const RemoteCall& call, std::size_t limit) const {
  Attempts attempts(policy_, policy_.attempts);
  for (;;) {
    Landed landed = send(call);
    if (landed.response.status < 200 || landed.response.status > 299) throw call.refusal(landed);
    BodyText body = read_body(*landed.response.body, limit);
    if (body.truncated) {
      fail(Fault::integrity, "cannot {}: it is larger than {}", call.what, human_size(limit));
    }
    if (!body.failure) return {std::move(landed), std::move(body.text)};
    landed.response.failure = body.failure;
    if (!body.failure->may_pass() || !wait(call, landed, attempts)) {
      throw unreachable(call.what, *body.failure, no_server_hint);
    }
  }
}

std::unique_ptr<Body> RemoteWire::open(const RemoteCall& call,
                                       const RemoteRange& range,
                                       std::uint64_t at) const {
  RemoteCall part = call;
  part.headers.add("Accept-Encoding", "identity");
  if (at > 0 || range.length != range.size) {
    part.headers.add("Range", fmt::format("bytes={}-{}", at, range.offset + range.length - 1));
    // S3 knows If-Match, which its source sends with every request.
    const bool matched = call.headers.find("If-Match").has_value();
    if (!range.validator.empty() && !matched) part.headers.add("If-Range", range.validator);
  }
  Landed landed = send(part);
  const int status = landed.response.status;
  if (status == 412 || status == 416) throw changed(call);
  if (status != 200 && status != 206) throw call.refusal(landed);
  check_unchanged(call, range, landed.response);
  check_size(call, range, landed);
  std::unique_ptr<Body> body = body_from(std::move(landed.response), at);
  if (body) return body;
  fail(Fault::refused,
       "cannot {}: `{}` sent another range than the one asked for",
       call.what,
       landed.url.authority());
}

// Asks for nothing before it is read.
class RemoteWire::RangeSource : public Source {
 public:
  RangeSource(const RemoteWire& wire, RemoteCall call, RemoteRange range)
      : wire_(wire), call_(std::move(call)), range_(std::move(range)), left_(range_.length) {}

  std::size_t read(std::span<std::byte> buffer) override {
    if (left_ == 0) return 0;
    wire_.stop_.check();
    if (!source_) source_ = open();
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
    const std::size_t count = source_->read(buffer.first(wanted));
    if (count == 0) {
      fail(Fault::integrity, "cannot {}: it ended {} bytes early", call_.what, left_);
    }
    left_ -= count;
    return count;
  }

 private:
  std::unique_ptr<Source> open() {
    return std::make_unique<ResumingSource>(
        open_at(0),
        [this](std::uint64_t done) { return open_at(done); },
        wire_.policy_,
        wire_.progress_,
        call_.what);
  }

  std::unique_ptr<Body> open_at(std::uint64_t done) const {
    return wire_.open(call_, range_, range_.offset + done);
  }

  const RemoteWire& wire_;
  RemoteCall call_;
  RemoteRange range_;
  std::uint64_t left_;
  std::unique_ptr<Source> source_;
};

std::unique_ptr<Source> RemoteWire::source(RemoteCall call, RemoteRange range) const {
  return std::make_unique<RangeSource>(*this, std::move(call), std::move(range));
}

}  // namespace mlpack
