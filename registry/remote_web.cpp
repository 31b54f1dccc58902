#include "registry/remote_web.h"

#include "lib/text.h"
#include "registry/client_state.h"
#include "registry/refusal.h"
#include "registry/url_credentials.h"

#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view digest_mark = "sha256=";

// Never shows the URL, which may hold a password.
Url url_of(const std::string& source) {
  const std::string text = source.substr(0, source.find('#'));
  if (const auto url = Url::parse(text)) return *url;
  throw Error(Fault::usage,
              "a source of weights begins with https:// and is no URL that can be fetched",
              "a user name and a password belong into a netrc file");
}

std::optional<Digest> digest_of_source(const std::string& source, const std::string& name) {
  const std::size_t hash = source.find('#');
  if (hash == source.npos) return std::nullopt;
  const std::string_view mark = std::string_view(source).substr(hash + 1);
  if (mark.starts_with(digest_mark)) {
    if (const auto digest = Digest::from_hex(mark.substr(digest_mark.size()))) return digest;
  }
  throw Error(Fault::usage,
              fmt::format("what follows `#` in the source `{}` is no sha256", name),
              "write `#sha256=` and 64 lower-case hexadecimal digits");
}

std::string file_name(const Url& url, const std::string& name) {
  const std::string path = url.path();
  const std::string last = percent_decoded(path.substr(path.rfind('/') + 1));
  if (last.empty()) {
    throw Error(Fault::usage,
                fmt::format("`{}` names no file", name),
                "a source of weights by https is one file; its URL ends in the file's name");
  }
  check_remote_path(last, name);
  if (last.find('/') == last.npos) return last;
  fail(Fault::usage, "`{}` names no file: its last part has a slash in it", name);
}

// Some servers answer GET alone; signed URLs of object stores are for one method.
bool refuses_head(int status) {
  return status == 403 || status == 404 || status == 405 || status == 501 || status == 400;
}

}  // namespace

WebSource::WebSource(const RemoteContext& context,
                     const std::string& source,
                     std::string authorization)
    : wire_(context),
      url_(url_of(source)),
      sha256_(digest_of_source(source, url_.shown())),
      name_(url_.shown()),
      authorization_(std::move(authorization)) {
  require_private(url_, context.plain_http, "the source");
  file_name(url_, name_);
}

Error WebSource::refusal(const std::string& what, const Landed& landed) const {
  const int status = landed.response.status;
  const bool unknown = status == 401 || status == 403;
  std::string hint = status == 404 || status == 410 ? "check the URL"
                     : status == 429                ? "the server limits requests; wait"
                     : status >= 500                ? "the server has a problem; try again later"
                                                    : "";
  if (unknown) hint = "a netrc file may have a user name and a password for the server";
  return Error(unknown ? Fault::auth : Fault::refused,
               fmt::format("cannot {}: `{}` replied {}", what, landed.url.authority(), status),
               hint);
}

RemoteCall WebSource::call(const std::string& method, const std::string& verb) const {
  RemoteCall call{.url = url_, .what = fmt::format("{} `{}`", verb, name_), .method = method};
  call.prepare = [this](const Url& url, Request& request) {
    authorize_request(url, url_, authorization_, request);
  };
  call.refusal = [this, what = call.what](const Landed& landed) { return refusal(what, landed); };
  return call;
}

// The answer to HEAD, or to GET where HEAD is not for us: that of the first byte alone, or the
// whole, of which nothing is read.
Landed WebSource::look() const {
  RemoteCall asked = call("HEAD", "find");
  asked.headers.add("Accept-Encoding", "identity");
  Landed landed = wire_.send(asked);
  const bool silent = landed.response.status == 200 && !content_length(landed.response.headers);
  if (!silent && !refuses_head(landed.response.status)) return landed;
  asked.method = "GET";
  asked.headers.add("Range", "bytes=0-0");
  landed = wire_.send(asked);
  if (landed.response.status != 416) return landed;  // an empty file has no first byte
  asked.headers = {};
  return wire_.send(asked);
}

std::uint64_t WebSource::size_of(const Landed& landed) const {
  const Headers& headers = landed.response.headers;
  const std::string range = headers.find("Content-Range").value_or("");
  const auto size = landed.response.status == 206
                        ? parse_number(trim(std::string_view(range).substr(range.find('/') + 1)),
                                       std::uint64_t{1} << 62)
                        : content_length(headers);
  if (size) return *size;
  throw Error(
      Fault::refused,
      fmt::format(
          "cannot find `{}`: `{}` does not say how large it is", name_, landed.url.authority()),
      "fetch the file yourself, and name its path as the source");
}

RemoteListing WebSource::list() {
  const Landed landed = look();
  const int status = landed.response.status;
  if (status != 200 && status != 206) throw refusal("find `" + name_ + "`", landed);
  RemoteFile file;
  file.path = file_name(url_, name_);
  if (is_web_page(landed.response) && !sha256_) {
    throw Error(Fault::refused,
                fmt::format("`{}` is a web page, not a file of weights", name_),
                "check the URL; a proxy or a captive portal may answer in its place");
  }
  file.size = size_of(landed);
  file.sha256 = sha256_;
  file.version = validator_of(landed.response.headers);
  const std::string revision = sha256_ ? sha256_->text() : file.version;
  return {revision, {std::move(file)}, RemoteListing::Kind::file};
}

// Where the digest is known it tells whether the file changed; servers behind one name often
// disagree about the ETag.
std::unique_ptr<Source> WebSource::open(const RemoteFile& file,
                                        std::uint64_t offset,
                                        std::uint64_t length) {
  const std::string validator = file.sha256 ? "" : file.version;
  return wire_.source(call("GET", "fetch"), {offset, length, file.size, validator});
}

}  // namespace mlpack
