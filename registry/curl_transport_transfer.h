#pragma once

#include "lib/sink.h"
#include "registry/curl_transport_handle.h"
#include "registry/transport.h"
#include "registry/url.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct curl_slist;
struct curl_sockaddr;

namespace mlpack {

/// Header lines as libcurl takes them.
class HeaderLines {
 public:
  HeaderLines() = default;
  ~HeaderLines();
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;
  void add(const std::string& line);
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// One request and its answer. Everything that libcurl calls back stays within `answer` and `read`,
/// on the thread that called those; what is thrown in there is kept, and thrown again outside.
class Transfer : public Body {
 public:
  Transfer(std::shared_ptr<CurlTransport::State> state, const Request& request);
  ~Transfer() override;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Runs until the head is here, and the body begins or ends. The request's source is not used any
  /// more after that. The body of the answer is this object.
  Response answer();

  std::size_t read(std::span<std::byte> buffer) override;
  const std::optional<NetworkFailure>& failure() const override { return failure_; }

 private:
  void set_up(const Request& request, const Url& url);
  void set_up_route(const Url& url);
  void set_up_netrc();
  void set_up_body(const Request& request);
  void set_up_trust(const Url& url, Request::Trust trust);
  void set_up_limits();
  void run();
  void check_messages();
  void check_stall();
  void finish(int result);
  void break_off(NetworkFailure why);

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_read(char* data, std::size_t, std::size_t size, void* self);
  static int on_seek(void* self, std::int64_t offset, int origin);
  static int on_open_socket(void* self, int purpose, curl_sockaddr* address);
  static int on_connected(void* self, char* peer, char*, int, int);
  void take_header(std::string_view line);
  std::size_t give_body(std::span<std::byte> buffer);

  std::shared_ptr<CurlTransport::State> state_;
  std::unique_ptr<CurlLine> line_;
  HeaderLines request_headers_;
  std::array<char, 256> error_text_ = {};
  std::string server_;

  Source* source_;
  std::string text_;
  std::size_t text_sent_ = 0;
  std::uint64_t length_;
  Request::Peers peers_;
  Request::WhenStopped when_stopped_;
  std::exception_ptr thrown_;  // by the source, on its way through libcurl

  Headers headers_;
  std::size_t head_bytes_ = 0;
  bool head_complete_ = false;
  std::string peer_;
  bool by_proxy_ = false;
  bool forbidden_ = false;

  std::string received_;
  std::size_t begin_ = 0;  // of what was not read yet
  bool paused_ = false;
  bool done_ = false;
  std::optional<NetworkFailure> failure_;
  std::int64_t moved_ = 0;
  // Of the last time that enough had moved; what others do between two reads does not count.
  std::chrono::steady_clock::time_point moved_at_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point left_at_ = moved_at_;
};

}  // namespace mlpack
