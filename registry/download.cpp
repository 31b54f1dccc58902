#include "registry/download.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"
#include "registry/redirect.h"
#include "registry/resume.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view file_scheme = "file:";

// What tells whether a file is still the one that was begun (RFC 9110, 13.1.5).
std::string range_validator(const Headers& headers) {
  const std::string tag = headers.find("ETag").value_or("");
  return tag.empty() || tag.starts_with("W/") ? headers.find("Last-Modified").value_or("") : tag;
}

// One file on its way.
class Download {
 public:
  Download(Transport& transport, const RetryPolicy& policy, Progress& progress, Url url)
      : transport_(transport), policy_(policy), progress_(progress), url_(std::move(url)) {}

  // nullopt where the server says that it does not exist.
  std::optional<Response> open(std::uint64_t offset) {
    Attempts attempts(policy_, policy_.attempts);
    for (;;) {
      Landed landed = follow_redirects(
          url_, "GET", [&](const Url& url) { return transport_.send(request_for(url, offset)); });
      Response& response = landed.response;
      if (response.status == 404 || response.status == 410) {
        return std::nullopt;
      }
      if (response.status == 200 || (response.status == 206 && offset > 0)) {
        if (offset == 0) validator_ = range_validator(response.headers);
        return std::move(response);
      }
      const bool hopeless = response.failure && !response.failure->may_pass();
      const bool passing = response.failure || is_passing(response.status);
      if (!passing || hopeless || !attempts.again()) {
        fail_with(landed);
      }
      const double wait = retry_wait(policy_, attempts, response);
      progress_.note(fmt::format("{}; trying to fetch `{}` again in {}",
                                 response.failure
                                     ? response.failure->message
                                     : fmt::format("the server replied {}", response.status),
                                 url_.shown(),
                                 human_seconds(wait)));
      policy_.sleep(wait);
    }
  }

  // Without a validator a file that changed meanwhile would be spliced together from two: it is
  // read from its start again, and what is known is read away.
  std::unique_ptr<Body> reopen(std::uint64_t offset) {
    std::optional<Response> response = open(offset);
    std::unique_ptr<Body> body = response ? body_from(std::move(*response), offset) : nullptr;
    if (!body) {
      fail(Fault::refused, "`{}` changed while it was fetched", url_.shown());
    }
    return body;
  }

 private:
  Request request_for(const Url& url, std::uint64_t offset) const {
    Request request{.url = url.text(), .netrc = Request::Netrc::used};
    if (offset > 0 && !validator_.empty()) {
      request.headers.add("Range", fmt::format("bytes={}-", offset));
      request.headers.add("If-Range", validator_);
    }
    return request;
  }

  [[noreturn]] void fail_with(const Landed& landed) const {
    if (landed.response.failure) {
      throw Error(
          Fault::network,
          fmt::format("cannot fetch `{}`: {}", url_.shown(), landed.response.failure->message),
          "check the address, the network and the proxy");
    }
    fail(Fault::refused,
         "cannot fetch `{}`: `{}` replied {}",
         url_.shown(),
         landed.url.authority(),
         landed.response.status);
  }

  Transport& transport_;
  const RetryPolicy& policy_;
  Progress& progress_;
  Url url_;
  std::string validator_;
};

void copy_limited(Source& source, Sink& sink, const std::string& url, std::uint64_t limit) {
  std::uint64_t total = 0;
  FunctionSink capped([&](Bytes bytes) {
    total += bytes.size();
    if (total > limit) {
      fail(Fault::integrity, "`{}` is larger than the {} bytes expected", url, limit);
    }
    sink.write(bytes);
  });
  copy(source, capped);
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    const std::string hex = to_lower(text.substr(i + 1 < text.size() ? i + 1 : i, 2));
    const std::size_t high = hex.size() == 2 ? digits.find(hex[0]) : std::string_view::npos;
    const std::size_t low = hex.size() == 2 ? digits.find(hex[1]) : std::string_view::npos;
    if (text[i] != '%' || high == std::string_view::npos || low == std::string_view::npos) {
      result += text[i];
      continue;
    }
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

bool get_file(const std::string& url, std::uint64_t limit, Sink& sink) {
  std::string_view path = std::string_view(url).substr(file_scheme.size());
  if (path.starts_with("//")) path.remove_prefix(2);
  const fs::path file = unescaped(path);
  if (!file.is_absolute()) {
    fail(Fault::usage, "`{}` has no absolute path", printable(url));
  }
  std::error_code missing;
  if (!fs::exists(file, missing)) {
    return false;
  }
  const std::unique_ptr<Source> source = open_file(file);
  copy_limited(*source, sink, printable(url), limit);
  return true;
}

}  // namespace

HttpDownloader::HttpDownloader(Transport& transport,
                               RetryPolicy policy,
                               Progress& progress,
                               const Stop& stop)
    : transport_(transport), policy_(complete(std::move(policy), stop)), progress_(progress) {}

bool HttpDownloader::get(const std::string& url, std::uint64_t limit, Sink& sink) {
  if (url.starts_with(file_scheme)) {
    return get_file(url, limit, sink);
  }
  const std::optional<Url> start = Url::parse(url);
  if (url.find('@') < url.find('/', url.find("//") + 2)) {
    fail(Fault::usage, "a URL with a user name in it cannot be fetched");  // not shown: a secret
  }
  if (!start) {
    fail(Fault::usage, "`{}` is not a URL that can be fetched", printable(url));
  }
  Download download(transport_, policy_, progress_, *start);
  std::optional<Response> response = download.open(0);
  if (!response) {
    return false;
  }
  ResumingSource source(
      std::move(response->body),
      [&](std::uint64_t offset) { return download.reopen(offset); },
      policy_,
      progress_,
      "fetch `" + start->shown() + "`");
  copy_limited(source, sink, start->shown(), limit);
  return true;
}

}  // namespace mlpack
