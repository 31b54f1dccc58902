#include "registry/curl_transport_failure.h"

#include "lib/error.h"
#include "lib/text.h"

#include <curl/curl.h>

namespace mlpack {
namespace {

using Kind = NetworkFailure::Kind;

// `words: why`, where there is a why.
std::string with(std::string words, const std::string& why) {
  if (!why.empty()) words += ": " + printable(why);
  return words;
}

std::string os_words(int number) {
  return number == 0 ? "" : to_lower(errno_text(number));
}

std::string passing_words(const CurlEnd& end) {
  switch (end.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "its name is not known to the DNS";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "the name of the proxy that the environment sets is not known to the DNS";
    case CURLE_COULDNT_CONNECT:
      return with("cannot connect", os_words(end.os_error));
    case CURLE_OPERATION_TIMEDOUT:
      return "cannot connect in time";
    case CURLE_SSL_CONNECT_ERROR:
      return with("TLS cannot be agreed on", end.text);
    case CURLE_GOT_NOTHING:
      return "it hung up without a word";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return with("the connection broke", os_words(end.os_error));
    case CURLE_SEND_FAIL_REWIND:
      return "the connection broke in the middle of what we sent";
    case CURLE_PARTIAL_FILE:
      return "it hung up before the end of its answer";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_WRITE_ERROR:
      return "what it says is not HTTP as it should be";
    default:
      return with(fmt::format("the transfer failed (libcurl {})", end.code), end.text);
  }
}

}  // namespace

NetworkFailure curl_failure(const CurlEnd& end) {
  if (end.proxy_reply == 407) {
    return {"the proxy that the environment sets wants a user and a password, or others",
            Kind::proxy};
  }
  if (end.proxy_reply >= 300) {
    return {fmt::format("the proxy that the environment sets replied {}", end.proxy_reply)};
  }
  switch (end.code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return {with("its certificate is not trusted", end.text), Kind::certificate};
    case CURLE_SSL_CACERT_BADFILE:
      return {with("the trusted certificates cannot be used", end.text), Kind::certificate};
    case CURLE_SSL_CERTPROBLEM:
      return {with("our own certificate cannot be used", end.text), Kind::certificate};
    default:
      return {passing_words(end)};
  }
}

}  // namespace mlpack
