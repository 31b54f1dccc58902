#pragma once

#include "lib/file.h"

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace mlpack::test {

/// One connection to a SocketServer.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  /// Reads up to and with the blank line; what came behind it is kept for `body`. Empty where the
  /// client is gone.
  std::string head();
  std::string body(std::size_t length);
  void send(const std::string& text);
  /// Closes so that the client sees a reset.
  void reset();
  /// Waits until the client hangs up, for at most ten seconds.
  void wait_for_end();

 private:
  std::string take(std::size_t count);
  int fd_;
  std::string rest_;
};

/// A TCP server on a free port of 127.0.0.1 that plays `script` for each connection, one after
/// another, with the connection's number. For what only a real socket can do: cut, stall, dribble.
class SocketServer {
 public:
  using Script = std::function<void(Connection&, int number)>;
  explicit SocketServer(Script script);
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  std::string url(const std::string& path = "/") const;
  int connections() const { return connections_; }

 private:
  void serve();

  Script script_;
  Fd listener_;
  int port_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace mlpack::test
