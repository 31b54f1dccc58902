#pragma once

#include "registry/transport.h"
#include "registry/url.h"

#include <functional>
#include <string>

namespace mlpack {

inline constexpr int max_redirects = 5;

/// An answer that is no redirect, and the URL that gave it.
struct Landed {
  Response response;
  Url url;
};

/// Calls `send` for `start` and then for wherever the answers lead. A Location that cannot be read,
/// leads from https to http, or is the sixth is Fault::refused. A redirect that would turn
/// `method` into a GET (301 to 303 of a request with a body) is returned as it is.
Landed follow_redirects(const Url& start,
                        const std::string& method,
                        const std::function<Response(const Url&)>& send);

}  // namespace mlpack
