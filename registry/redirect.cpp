#include "registry/redirect.h"

#include "lib/error.h"
#include "lib/text.h"

namespace mlpack {
namespace {

bool is_followed(int status, const std::string& method) {
  const bool reads = method == "GET" || method == "HEAD";
  return status == 307 || status == 308 || (reads && status >= 301 && status <= 303);
}

Url next_url(const Url& from, const Headers& headers) {
  const std::string location = headers.find("Location").value_or("");
  const std::optional<Url> next = from.resolve(location);
  if (!next) {
    throw Error(Fault::refused,
                fmt::format("`{}` redirects to `{}`, which is no URL that can be followed",
                            from.shown(),
                            printable(location.substr(0, 200))));
  }
  if (from.secure() && !next->secure()) {
    throw Error(Fault::refused,
                fmt::format("`{}` redirects from https to `{}`", from.shown(), next->shown()),
                "mlpack never goes on in clear text; ask whoever runs the server");
  }
  return *next;
}

}  // namespace

Landed follow_redirects(const Url& start,
                        const std::string& method,
                        const std::function<Response(const Url&)>& send) {
  Url url = start;
  for (int hops = 0;; ++hops) {
    Response response = send(url);
    if (response.failure || !is_followed(response.status, method)) {
      return {std::move(response), url};
    }
    if (hops == max_redirects) {
      fail(Fault::refused, "`{}` redirects more than {} times", start.shown(), max_redirects);
    }
    url = next_url(url, response.headers);
  }
}

}  // namespace mlpack
