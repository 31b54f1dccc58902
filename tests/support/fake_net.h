#pragma once

#include "registry/transport.h"
#include "registry/url.h"

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack::test {

/// An answer with a body in memory. With `cut`, the connection breaks after that many bytes of it.
Response reply(int status,
               const std::vector<std::pair<std::string, std::string>>& headers = {},
               const std::string& body = "",
               std::optional<std::size_t> cut = std::nullopt);
/// No answer at all.
Response no_answer(const std::string& message = "connection reset by peer");

/// The URL of a request; std::invalid_argument where it is none.
Url url_of(const std::string& text);

/// What a server saw of a request.
struct Seen {
  std::string method;
  std::string url;
  Headers headers;
  std::string body;  // what was sent of it
  std::string line() const { return method + " " + url_of(url).path(); }
};

/// A Transport without a network: every origin has a function that answers. It records all
/// requests, and plays the faults that it was told. Thread-safe.
class FakeNet : public Transport {
 public:
  using Server = std::function<Response(const Seen&)>;

  /// `origin` such as `https://registry.example.com`; `peer` is the address it resolves to.
  void serve(const std::string& origin, Server server, std::string peer = "203.0.113.7");
  Response send(const Request& request) override;

  /// A fault for requests whose `METHOD URL` contains `match`: of those, the first `skip` pass,
  /// and the next `times` meet it.
  struct Fault {
    std::string match;
    int times = 1;
    int skip = 0;
    /// Reads only so much of the request's body, then the connection is gone.
    std::optional<std::size_t> cut_request = {};
    /// Takes the place of the server; absent: it is asked.
    std::function<Response(const Seen&)> instead = {};
    /// Has the last word on what the server answered.
    std::function<Response(Response)> then = {};
  };
  void fault(Fault fault);

  std::vector<Seen> seen() const;
  /// `METHOD path` of every request, in order; the part of a digest behind 6 digits is cut off.
  std::vector<std::string> lines() const;
  /// How many of `lines` begin with `prefix`.
  std::size_t count(const std::string& prefix) const;
  void forget();

 private:
  std::optional<Fault> take_fault(const Seen& seen);

  mutable std::mutex guard_;
  std::map<std::string, std::pair<Server, std::string>> servers_;
  std::vector<Fault> faults_;
  std::vector<Seen> seen_;
};

}  // namespace mlpack::test
