#include "lib/error.h"
#include "registry/curl_transport_transfer.h"
#include "registry/peers.h"

#include <curl/curl.h>

#include <algorithm>

namespace mlpack {
namespace {

constexpr long upload_buffer = 512 << 10;
constexpr long download_buffer = 256 << 10;
constexpr long finish_limit_ms = 5000;

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK) {
    fail(Fault::internal,
         "libcurl option {}: {}",
         static_cast<int>(option),
         curl_easy_strerror(code));
  }
}

void sign(CURL* easy, const S3Signer& signer) {
  set(easy, CURLOPT_AWS_SIGV4, fmt::format("aws:amz:{}:s3", signer.region).c_str());
  set(easy, CURLOPT_USERNAME, signer.key_id.c_str());
  set(easy, CURLOPT_PASSWORD, signer.secret.c_str());
}

}  // namespace

HeaderLines::~HeaderLines() {
  curl_slist_free_all(list_);
}

void HeaderLines::add(const std::string& line) {
  const bool one_line = std::none_of(
      line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  curl_slist* longer = one_line ? curl_slist_append(list_, line.c_str()) : nullptr;
  if (longer == nullptr) {
    fail(Fault::internal, "a header that cannot be sent");  // its value may be a secret
  }
  list_ = longer;
}

void Transfer::set_up(const Request& request, const Url& url) {
  CURL* easy = line_->easy();
  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  set(easy, CURLOPT_USERAGENT, state_->options.user_agent.c_str());
  set(easy, CURLOPT_BUFFERSIZE, download_buffer);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &on_connected);
  set(easy, CURLOPT_PREREQDATA, this);
  for (const auto& [name, value] : request.headers.fields()) {
    request_headers_.add(fmt::format("{}: {}", name, value));
  }
  // Waiting for `100 Continue` costs a second with servers that do not send it. libcurl 7.88 counts
  // this line among the headers that it signs, and does not send it; what is signed has no body.
  if (!request.signer) request_headers_.add("Expect:");
  set(easy, CURLOPT_HTTPHEADER, request_headers_.get());
  set_up_route(url);
  const bool is_private = url.secure() || is_loopback_host(url.host());
  if (request.netrc == Request::Netrc::used && is_private) set_up_netrc();
  if (request.signer) sign(easy, *request.signer);
  set_up_body(request);
  set_up_trust(url, request.trust);
  set_up_limits();
}

// What libcurl would find in the environment is known already: an empty proxy is none.
void Transfer::set_up_route(const Url& url) {
  const std::string proxy = proxy_for(state_->options.proxies, url);
  by_proxy_ = !proxy.empty();
  set(line_->easy(), CURLOPT_PROXY, proxy.c_str());
  set(line_->easy(), CURLOPT_NOPROXY, "");
  if (by_proxy_) {
    // The proxy resolves names; an address is seen here.
    forbidden_ = !is_allowed_host(peers_, url.host());
    if (forbidden_) peer_ = url.host();
    return;
  }
  set(line_->easy(), CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  set(line_->easy(), CURLOPT_OPENSOCKETDATA, this);
}

void Transfer::set_up_netrc() {
  set(line_->easy(), CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
  if (state_->options.netrc.empty()) return;
  set(line_->easy(), CURLOPT_NETRC_FILE, state_->options.netrc.c_str());
}

void Transfer::set_up_body(const Request& request) {
  CURL* easy = line_->easy();
  const bool sends = request.method == "POST" || request.method == "PUT" ||
                     request.method == "PATCH" || length_ > 0;
  if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (sends) {
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(length_));
    set(easy, CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer);
    set(easy, CURLOPT_READFUNCTION, &on_read);
    set(easy, CURLOPT_READDATA, this);
    set(easy, CURLOPT_SEEKFUNCTION, &on_seek);
    set(easy, CURLOPT_SEEKDATA, this);
    set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.method != "GET") {
    set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void Transfer::set_up_trust(const Url& url, Request::Trust trust) {
  if (!url.secure()) {
    return;
  }
  CURL* easy = line_->easy();
  const HostCertificates& own = state_->certificates_for(url.authority());
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!own.trusted.empty()) {
    curl_blob blob = {const_cast<char*>(own.trusted.data()), own.trusted.size(), CURL_BLOB_NOCOPY};
    set(easy, CURLOPT_CAINFO_BLOB, &blob);
  } else if (!state_->options.system_ca.empty()) {
    set(easy, CURLOPT_CAINFO, state_->options.system_ca.c_str());
  }
  if (trust == Request::Trust::any_certificate) {
    set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!own.client_certificate.empty()) {
    set(easy, CURLOPT_SSLCERT, own.client_certificate.c_str());
    set(easy, CURLOPT_SSLKEY, own.client_key.c_str());
  }
}

void Transfer::set_up_limits() {
  CURL* easy = line_->easy();
  const long connect_ms = static_cast<long>(state_->options.connect_limit.count());
  if (when_stopped_ == Request::WhenStopped::finish) {
    set(easy, CURLOPT_TIMEOUT_MS, finish_limit_ms);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, std::min(connect_ms, finish_limit_ms));
  } else {
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  }
}

}  // namespace mlpack
