#include "registry/curl_transport.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/socket_server.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* empty_answer =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("a password in the netrc file is sent where a request asks for it") {
  std::vector<std::string> heads;
  const SocketServer server([&](Connection& client, int) {
    heads.push_back(client.head());
    client.send(empty_answer);
  });
  const TempDir dir;
  CurlOptions options;
  options.netrc = dir.write("netrc", "machine 127.0.0.1 login me password secret\n");
  const Stop stop;
  CurlTransport transport(options, stop);
  CHECK(transport.send({.url = server.url(), .netrc = Request::Netrc::used}).status == 200);
  CHECK(transport.send({.url = server.url()}).status == 200);
  REQUIRE(heads.size() == 2);
  CHECK(heads[0].find("Authorization: Basic bWU6c2VjcmV0\r\n") != std::string::npos);
  CHECK(heads[1].find("Authorization") == std::string::npos);
}

TEST_CASE("after a host that cannot be reached the next request is as good as any") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.send(empty_answer);
  });
  const Stop stop;
  CurlTransport transport({}, stop);
  for (int i = 0; i < 3; ++i) {
    const Response response = transport.send({.url = "http://host.invalid/"});
    REQUIRE(response.failure);
    CHECK(response.failure->may_pass());
    CHECK(response.failure->message.starts_with("no answer from `host.invalid`: "));
  }
  CHECK(transport.send({.url = server.url()}).status == 200);
}
