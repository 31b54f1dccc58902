#pragma once

#include "registry/transport.h"

#include <string>

namespace mlpack {

/// How a transfer ended, as libcurl has it.
struct CurlEnd {
  int code = 0;          // a CURLcode
  int os_error = 0;      // an errno; 0: none
  long proxy_reply = 0;  // the status that a proxy answered CONNECT with; 0: none did
  std::string text;      // libcurl's own words
};

/// Why there is no answer, in our words; libcurl's are kept only where they name the fault of a
/// certificate or of TLS.
NetworkFailure curl_failure(const CurlEnd& end);

}  // namespace mlpack
