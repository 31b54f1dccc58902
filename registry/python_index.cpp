#include "registry/python_index.h"

#include "lib/error.h"
#include "lib/text.h"
#include "registry/refusal.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t largest_page = std::size_t{128} << 20;

UrlWithCredentials place_of_index(const std::string& text) {
  if (auto place = split_credentials(text)) return std::move(*place);
  // Never shown: it may hold a password.
  throw Error(
      Fault::usage,
      "the URL of a package index cannot be read",
      "it is of the form `https://HOST/simple`; look at `index_url`, the variables UV_* and "
      "PIP_*, uv.toml and pip.conf");
}

Error index_refusal(const std::string& what, const Landed& landed) {
  const int status = landed.response.status;
  const bool denied = status == 401 || status == 403;
  return {denied ? Fault::auth : Fault::refused,
          fmt::format("cannot {}: `{}` replied {}", what, landed.url.authority(), status),
          denied          ? "a netrc file may have a user name and a password for the server"
          : status >= 500 ? "the index has a problem; try again later"
                          : "check the URL of the index"};
}

}  // namespace

PythonIndex::PythonIndex(const RemoteContext& context, const std::string& url, Kind kind)
    : wire_(context), place_(place_of_index(url)), kind_(kind) {
  require_private(place_.url, context.plain_http, "the package index");
}

std::optional<std::vector<IndexFile>> PythonIndex::files(const std::string& project) const {
  const Url page = kind_ == Kind::index ? below(place_.url, "/" + project + "/") : place_.url;
  RemoteCall call{.url = page, .what = fmt::format("list `{}`", page.shown())};
  call.headers.add("Accept",
                   "application/vnd.pypi.simple.v1+json, "
                   "application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1");
  call.prepare = [this](const Url& url, Request& request) {
    authorize_request(url, place_.url, place_.authorization, request);
  };
  std::optional<int> missing;
  call.refusal = [&](const Landed& landed) {
    const int status = landed.response.status;
    if (status == 404 || status == 410) missing = status;
    return index_refusal(call.what, landed);
  };
  try {
    const RemoteWire::Text reply = wire_.get_text(call, largest_page);
    const std::string type =
        to_lower(reply.landed.response.headers.find("Content-Type").value_or(""));
    const bool is_json = type.find("json") != std::string::npos;
    if (is_json) return parse_index_json(reply.text, reply.landed.url, name());
    if (type.find("html") != std::string::npos) {
      return parse_index_html(reply.text, reply.landed.url);
    }
    throw Error(Fault::refused,
                fmt::format("cannot {}: what answers is no package index", call.what),
                "check the URL of the index; a proxy or a captive portal may answer in its place");
  } catch (const Error&) {
    if (!missing) throw;
    return std::nullopt;
  }
}

}  // namespace mlpack
