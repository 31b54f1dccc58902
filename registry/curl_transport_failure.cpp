#include "registry/curl_transport_failure.h"

#include "lib/error.h"
#include "lib/text.h"

#include <curl/curl.h>

#include <cerrno>
#include <string>
#include <string_view>

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

bool says(const CurlEnd& end, std::string_view words) {
  return end.text.find(words) != std::string::npos;
}

NetworkFailure proxy_failure(long reply) {
  if (reply == 407) {
    return {"the proxy that the environment sets wants a user and a password, or others",
            Kind::proxy,
            "put them into HTTPS_PROXY or HTTP_PROXY: `http://USER:PASSWORD@HOST:PORT`"};
  }
  const std::string message = fmt::format("the proxy that the environment sets replied {}", reply);
  if (reply < 500) {
    return {message,
            Kind::proxy,
            "ask whoever runs the proxy to let this name and port through, or except the name with "
            "NO_PROXY"};
  }
  return {message,
          Kind::passing,
          "the proxy cannot reach it: check the name, or except it with NO_PROXY if it needs no "
          "proxy"};
}

// OpenSSL's words for what is wrong with a certificate.
std::string certificate_hint(const CurlEnd& end) {
  if (says(end, "expired") || says(end, "not yet valid")) {
    return "check the clock of this machine; where it is right, the certificate has to be renewed";
  }
  if (says(end, "subject name") || says(end, "does not match")) {
    return "use the name that the certificate was made for, or have one made for this name";
  }
  return "if the certificate is of an authority of your own, name its file with `--ca`";
}

// Of TLS 1.3 the server's refusal comes only after it was agreed on.
bool wants_certificate(const CurlEnd& end) {
  return says(end, "alert certificate required") || says(end, "alert bad certificate") ||
         says(end, "alert unknown ca") || says(end, "alert certificate unknown") ||
         says(end, "alert certificate expired");
}

std::string passing_hint(const CurlEnd& end) {
  switch (end.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "check the name, and whether the DNS of this machine works";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY";
    case CURLE_COULDNT_CONNECT:
      return end.os_error == ECONNREFUSED
                 ? "nothing listens there: check the name and the port, and whether it runs"
                 : "";
    case CURLE_OPERATION_TIMEDOUT:
      return "a firewall may be in between, or it takes a proxy (HTTPS_PROXY) to get there";
    default:
      return "";
  }
}

}  // namespace

NetworkFailure curl_failure(const CurlEnd& end) {
  if (end.proxy_reply >= 300) return proxy_failure(end.proxy_reply);
  if (wants_certificate(end)) {
    return {with("it does not take our certificate, or wants one", end.text),
            Kind::certificate,
            "put `client.cert` and `client.key` into a folder `certs.d/HOST:PORT` of docker's or "
            "podman's (see FILES in mlpack(1))"};
  }
  if (end.code == CURLE_SSL_CONNECT_ERROR && says(end, "wrong version number")) {
    return {"it does not speak TLS",
            Kind::clear_text,
            "check the port; a registry that has no TLS is reached with `--plain-http`"};
  }
  switch (end.code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return {with("its certificate is not trusted", end.text),
              Kind::certificate,
              certificate_hint(end)};
    case CURLE_SSL_CACERT_BADFILE:
      return {with("the trusted certificates cannot be used", end.text),
              Kind::certificate,
              "look at the file that `--ca` or SSL_CERT_FILE names, and at certs.d"};
    case CURLE_SSL_CERTPROBLEM:
      return {with("our own certificate cannot be used", end.text),
              Kind::certificate,
              "look at `client.cert` and `client.key` in certs.d: the key must be of that "
              "certificate"};
    default:
      return {passing_words(end), Kind::passing, passing_hint(end)};
  }
}

}  // namespace mlpack
