#include "tests/unit/registry/socket_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace mlpack::test {

std::string Connection::take(std::size_t count) {
  std::array<char, 65536> buffer = {};
  while (rest_.size() < count) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    rest_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::string taken = rest_.substr(0, count);
  rest_.erase(0, count);
  return taken;
}

std::string Connection::head() {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string next = take(1);
    if (next.empty()) {
      return "";
    }
    head += next;
  }
  return head;
}

std::string Connection::body(std::size_t length) {
  return take(length);
}

void Connection::send(const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t count = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

void Connection::reset() {
  const linger now = {1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Connection::wait_for_end() {
  char byte = 0;
  pollfd watched = {fd_, POLLIN, 0};
  while (::poll(&watched, 1, 10'000) == 1 && ::recv(fd_, &byte, 1, 0) > 0) {
  }
}

SocketServer::SocketServer(Script script)
    : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), plain, length) != 0 || ::listen(listener_.get(), 16) != 0 ||
      ::getsockname(listener_.get(), plain, &length) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

SocketServer::~SocketServer() {
  ending_ = true;
  thread_.join();
}

void SocketServer::serve() {
  while (!ending_) {
    pollfd watched = {listener_.get(), POLLIN, 0};
    if (::poll(&watched, 1, 10) != 1) continue;
    const Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const timeval limit = {10, 0};
    ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    Connection connection(peer.get());
    script_(connection, connections_++);
  }
}

std::string SocketServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

}  // namespace mlpack::test
