#include "registry/curl_transport_transfer.h"

#include "lib/error.h"
#include "lib/text.h"
#include "registry/curl_transport_failure.h"
#include "registry/peers.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace mlpack {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_head = std::size_t{256} << 10;
constexpr std::size_t most_buffered = std::size_t{1} << 20;
constexpr double least_per_second = 1024;
constexpr int poll_ms = 100;  // how soon a stop is seen

static_assert(std::is_same_v<curl_off_t, std::int64_t>);
static_assert(CURL_ERROR_SIZE == 256);

std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  } else if (address->sa_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  }
  const bool is_known = bytes != nullptr &&
                        ::inet_ntop(address->sa_family, bytes, text.data(), text.size()) != nullptr;
  return is_known ? text.data() : "";
}

}  // namespace

Transfer::Transfer(std::shared_ptr<CurlTransport::State> state, const Request& request)
    : state_(std::move(state)),
      line_(state_->take_line()),
      source_(request.source),
      text_(request.source == nullptr ? request.body : ""),
      length_(request.source == nullptr ? request.body.size() : request.length),
      peers_(request.peers),
      when_stopped_(request.when_stopped) {
  const std::optional<Url> url = Url::parse(request.url);
  if (!url) {
    fail(Fault::internal, "a URL that was not checked before it was used");
  }
  server_ = url->authority();
  set_up(request, *url);
  if (curl_multi_add_handle(line_->multi(), line_->easy()) != CURLM_OK) {
    fail(Fault::internal, "libcurl does not take a transfer");
  }
}

Transfer::~Transfer() {
  curl_multi_remove_handle(line_->multi(), line_->easy());
  // A handle whose transfer broke off keeps its buffers, and refuses to be set up again.
  if (!failure_) state_->give_line(std::move(line_));
}

Response Transfer::answer() {
  if (forbidden_) {
    finish(CURLE_OK);
  } else {
    run();
  }
  source_ = nullptr;
  Response response;
  if (failure_ && !head_complete_) {
    response.failure = failure_;
    return response;
  }
  long status = 0;
  curl_easy_getinfo(line_->easy(), CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  if (by_proxy_ && status == 407) {  // of an http URL; of others libcurl has an error for it
    break_off(curl_failure({0, 0, 407, ""}));
    response.failure = failure_;
    return response;
  }
  response.headers = std::move(headers_);
  response.peer = peer_;
  response.by_proxy = by_proxy_;
  return response;
}

std::size_t Transfer::read(std::span<std::byte> buffer) {
  if (begin_ == received_.size()) {
    received_.clear();
    begin_ = 0;
    run();
  }
  const std::size_t count = std::min(buffer.size(), received_.size() - begin_);
  std::memcpy(buffer.data(), received_.data() + begin_, count);
  begin_ += count;
  return count;
}

// One round after another until there is something to read or nothing more to come.
void Transfer::run() {
  if (paused_) {
    paused_ = false;
    curl_easy_pause(line_->easy(), CURLPAUSE_CONT);
  }
  moved_at_ += Clock::now() - left_at_;
  while (!done_ && received_.empty()) {
    if (when_stopped_ == Request::WhenStopped::abandon) state_->stop.check();
    int running = 0;
    curl_multi_perform(line_->multi(), &running);
    check_messages();
    if (!done_ && received_.empty()) {
      check_stall();
      curl_multi_poll(line_->multi(), nullptr, 0, poll_ms, nullptr);
    }
  }
  left_at_ = Clock::now();
}

void Transfer::check_messages() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(line_->multi(), &left)) {
    if (message->msg == CURLMSG_DONE) finish(message->data.result);
  }
}

void Transfer::finish(int result) {
  done_ = true;
  if (thrown_) {
    std::rethrow_exception(std::exchange(thrown_, nullptr));
  }
  if (forbidden_) {
    const char* scope =
        peers_ == Request::Peers::network ? "is of this machine alone" : "is not public";
    break_off({fmt::format("it leads to `{}`, an address that {}", peer_, scope),
               NetworkFailure::Kind::forbidden});
  } else if (result != CURLE_OK) {
    CurlEnd end{result, 0, 0, error_text_[0] != '\0' ? error_text_.data() : ""};
    long os_error = 0;
    curl_easy_getinfo(line_->easy(), CURLINFO_OS_ERRNO, &os_error);
    curl_easy_getinfo(line_->easy(), CURLINFO_HTTP_CONNECTCODE, &end.proxy_reply);
    end.os_error = static_cast<int>(os_error);
    break_off(curl_failure(end));
  }
}

void Transfer::break_off(NetworkFailure why) {
  done_ = true;
  why.message = fmt::format("no answer from `{}`: {}", server_, why.message);
  failure_ = std::move(why);
}

void Transfer::check_stall() {
  curl_off_t up = 0;
  curl_off_t down = 0;
  curl_easy_getinfo(line_->easy(), CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(line_->easy(), CURLINFO_SIZE_DOWNLOAD_T, &down);
  const Clock::time_point now = Clock::now();
  const double window = std::chrono::duration<double>(state_->options.stall_limit).count();
  if (static_cast<double>(up + down - moved_) >= least_per_second * window) {
    moved_ = up + down;
    moved_at_ = now;
  }
  const bool all_sent = length_ > 0 && up >= static_cast<curl_off_t>(length_) && !head_complete_;
  const auto limit = all_sent ? state_->options.answer_limit : state_->options.stall_limit;
  if (now - moved_at_ > limit) {
    break_off({fmt::format("next to nothing moved for {}",
                           human_seconds(std::chrono::duration<double>(limit).count()))});
  }
}

// Before a connection is made; where a name has several addresses, for each that is tried.
int Transfer::on_open_socket(void* self, int purpose, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    const std::string peer = address_text(&address->addr);
    if (purpose == CURLSOCKTYPE_IPCXN && !is_allowed(transfer.peers_, peer)) {
      transfer.peer_ = peer;
      transfer.forbidden_ = true;
      return CURL_SOCKET_BAD;
    }
    transfer.forbidden_ = false;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  } catch (...) {
    transfer.thrown_ = std::current_exception();
    return CURL_SOCKET_BAD;
  }
}

// A connection that was kept came past on_open_socket for another request.
int Transfer::on_connected(void* self, char* peer, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.peer_ = peer;
    transfer.forbidden_ = !transfer.by_proxy_ && !is_allowed(transfer.peers_, transfer.peer_);
  } catch (...) {
    transfer.thrown_ = std::current_exception();
  }
  return transfer.thrown_ || transfer.forbidden_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.head_bytes_ += size;
    transfer.take_header(std::string_view(data, size));
  } catch (...) {
    transfer.thrown_ = std::current_exception();
    return 0;
  }
  return transfer.head_bytes_ > longest_head ? 0 : size;
}

// A status line begins a head; there may be several, of which `100 Continue` is one.
void Transfer::take_header(std::string_view line) {
  const std::string_view text = trim(line);
  if (line.starts_with("HTTP/")) {
    headers_ = {};
    head_complete_ = false;
    return;
  }
  if (text.empty()) {
    long status = 0;
    curl_easy_getinfo(line_->easy(), CURLINFO_RESPONSE_CODE, &status);
    head_complete_ = status >= 200;
    return;
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    headers_.add(std::string(text.substr(0, colon)), std::string(text.substr(colon + 1)));
  }
}

std::size_t Transfer::on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    if (transfer.received_.size() + size > most_buffered) {
      transfer.paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    transfer.received_.append(data, size);
  } catch (...) {
    transfer.thrown_ = std::current_exception();
    return 0;
  }
  return size;
}

std::size_t Transfer::on_read(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    const std::size_t count = transfer.give_body(std::as_writable_bytes(std::span(data, size)));
    transfer.moved_at_ = Clock::now();  // what the source took is not the network's fault
    return count;
  } catch (...) {
    transfer.thrown_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

std::size_t Transfer::give_body(std::span<std::byte> buffer) {
  if (source_ != nullptr) {
    return source_->read(buffer);
  }
  const std::size_t count = std::min(buffer.size(), text_.size() - text_sent_);
  std::memcpy(buffer.data(), text_.data() + text_sent_, count);
  text_sent_ += count;
  return count;
}

// libcurl goes back to the start where a kept connection turns out to be dead. A source cannot; the
// failure that follows is retried by whoever can open it again.
int Transfer::on_seek(void* self, std::int64_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.source_ != nullptr || origin != SEEK_SET || offset != 0) {
    return CURL_SEEKFUNC_CANTSEEK;
  }
  transfer.text_sent_ = 0;
  return CURL_SEEKFUNC_OK;
}

}  // namespace mlpack
