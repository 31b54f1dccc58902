#include "registry/curl_transport.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"
#include "tests/unit/registry/socket_server.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace mlpack;
using namespace mlpack::test;
using namespace std::chrono_literals;

namespace {

struct Wire {
  Stop stop;
  CurlOptions options;
  CurlTransport transport{options, stop};
};

CurlOptions impatient() {
  CurlOptions options;
  options.stall_limit = 200ms;
  options.answer_limit = 400ms;
  return options;
}

std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "\r\n" + body;
}

Request put(const std::string& url, Source& source, std::uint64_t length) {
  Request request{.method = "PUT", .url = url};
  request.source = &source;
  request.length = length;
  return request;
}

class ThrowingSource : public Source {
 public:
  std::size_t read(std::span<std::byte> buffer) override {
    if (given_) fail(Fault::input, "the file is gone");
    given_ = true;
    return std::min<std::size_t>(buffer.size(), 1000);
  }

 private:
  bool given_ = false;
};

}  // namespace

TEST_CASE("an answer comes with status, headers, body and peer") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.send(ok("hello", "X-Test: a  \r\nx-test: b\r\n"));
  });
  Wire wire;
  const Response response = wire.transport.send({.url = server.url("/x?y=1")});
  REQUIRE_FALSE(response.failure);
  CHECK(response.status == 200);
  CHECK(response.headers.all("X-TEST") == std::vector<std::string>{"a", "b"});
  CHECK(response.peer == "127.0.0.1");
  CHECK(read_body(*response.body, 100).text == "hello");
}

TEST_CASE("a request is sent as it was made, and nothing is added that could wait") {
  std::string head;
  std::string body;
  const SocketServer server([&](Connection& client, int) {
    head = client.head();
    body = client.body(5);
    client.send(ok(""));
  });
  Wire wire;
  Request request{.method = "PUT", .url = server.url("/a/../b?c=%2F")};
  request.headers.add("Authorization", "Bearer token");
  request.body = "hello";
  CHECK(wire.transport.send(request).status == 200);
  CHECK(head.starts_with("PUT /a/../b?c=%2F HTTP/1.1\r\n"));
  CHECK(head.find("Authorization: Bearer token\r\n") != std::string::npos);
  CHECK(head.find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(head.find("Expect") == std::string::npos);
  CHECK(head.find("Transfer-Encoding") == std::string::npos);
  CHECK(head.find("Accept-Encoding") == std::string::npos);
  CHECK(body == "hello");
}

TEST_CASE("an empty POST says that it is empty") {
  std::string head;
  const SocketServer server([&](Connection& client, int) {
    head = client.head();
    client.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  });
  Wire wire;
  CHECK(wire.transport.send({.method = "POST", .url = server.url()}).status == 202);
  CHECK(head.find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("a large body streams in both directions through little memory") {
  constexpr std::size_t size = std::size_t{20} << 20;
  std::size_t arrived = 0;
  const SocketServer server([&](Connection& client, int) {
    client.head();
    while (arrived < size) {
      const std::size_t got = client.body(std::min(size - arrived, std::size_t{1} << 20)).size();
      if (got == 0) break;
      arrived += got;
    }
    client.send(ok(std::string(size, 'x')));
  });
  Wire wire;
  StringSource source(std::string(size, 'y'));
  const Response response = wire.transport.send(put(server.url(), source, size));
  CHECK(arrived == size);
  std::vector<std::byte> buffer(1000);
  std::size_t total = 0;
  while (const std::size_t count = response.body->read(buffer)) {
    total += count;
  }
  CHECK(total == size);
  CHECK_FALSE(response.body->failure());
}

TEST_CASE("a connection is kept for the next request") {
  const SocketServer server([](Connection& client, int) {
    while (!client.head().empty()) {
      client.send(ok("hello"));
    }
  });
  Wire wire;
  for (int i = 0; i < 3; ++i) {
    const Response response = wire.transport.send({.url = server.url()});
    CHECK(read_body(*response.body, 100).text == "hello");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("redirects are returned, not followed") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.send("HTTP/1.1 307 T\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
  });
  Wire wire;
  const Response response = wire.transport.send({.url = server.url()});
  CHECK(response.status == 307);
  CHECK(response.headers.find("location") == "/elsewhere");
}

TEST_CASE("a body that is cut is a failure that may pass, after what came") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
  });
  Wire wire;
  const Response response = wire.transport.send({.url = server.url()});
  const BodyText body = read_body(*response.body, 1000);
  CHECK(body.text == "hello");
  REQUIRE(body.failure);
  CHECK(body.failure->may_pass());
}

TEST_CASE("a connection that is reset at any moment is a failure that may pass") {
  for (const char* sent : {"", "HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Le"}) {
    const SocketServer server([&](Connection& client, int) {
      client.head();
      client.send(sent);
      client.reset();
    });
    Wire wire;
    CAPTURE(sent);
    const Response response = wire.transport.send({.url = server.url()});
    const bool failed = response.failure || read_body(*response.body, 1000).failure;
    CHECK(failed);
  }
}

TEST_CASE("an upload that is cut is a failure that may pass") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.body(1000);
    client.reset();
  });
  Wire wire;
  StringSource source(std::string(std::size_t{50} << 20, 'x'));
  const Response response = wire.transport.send(put(server.url(), source, std::size_t{50} << 20));
  REQUIRE(response.failure);
  CHECK(response.failure->may_pass());
}

TEST_CASE("a refusal in mid-upload is heard, and ends the upload") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.body(1000);
    client.send("HTTP/1.1 401 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    client.wait_for_end();
  });
  Wire wire;
  StringSource source(std::string(std::size_t{50} << 20, 'x'));
  const Response response = wire.transport.send(put(server.url(), source, std::size_t{50} << 20));
  REQUIRE_FALSE(response.failure);
  CHECK(response.status == 401);
}

TEST_CASE("what a source throws passes through libcurl unharmed") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.wait_for_end();
  });
  Wire wire;
  ThrowingSource source;
  CHECK_THROWS_WITH_AS(
      wire.transport.send(put(server.url(), source, 1'000'000)), "the file is gone", Error);
}

TEST_CASE("a server that says nothing is given up") {
  const SocketServer server([](Connection& client, int) { client.wait_for_end(); });
  const Stop stop;
  CurlTransport transport(impatient(), stop);
  const Response response = transport.send({.url = server.url()});
  REQUIRE(response.failure);
  CHECK(response.failure->message.find("nothing moved for 0.20 s") != std::string::npos);
}

TEST_CASE("a server that stops in mid-body is given up") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    client.wait_for_end();
  });
  const Stop stop;
  CurlTransport transport(impatient(), stop);
  const Response response = transport.send({.url = server.url()});
  CHECK(read_body(*response.body, 1000).failure);
}

TEST_CASE("a registry gets longer to answer once it has all") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.body(5);
    std::this_thread::sleep_for(300ms);
    client.send(ok(""));
  });
  const Stop stop;
  CurlTransport transport(impatient(), stop);
  StringSource source("hello");
  CHECK(transport.send(put(server.url(), source, 5)).status == 200);
}

TEST_CASE("a slow reader is not the network's fault") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.send(ok(std::string(std::size_t{8} << 20, 'x')));
    client.wait_for_end();
  });
  const Stop stop;
  CurlTransport transport(impatient(), stop);
  const Response response = transport.send({.url = server.url()});
  std::vector<std::byte> buffer(100);
  response.body->read(buffer);
  std::this_thread::sleep_for(500ms);
  CHECK_FALSE(read_body(*response.body, std::size_t{10} << 20).failure);
}

TEST_CASE("a stop ends a request that waits") {
  Wire wire;
  const SocketServer server([&](Connection& client, int) {
    client.head();
    wire.stop.request(Fault::interrupted);
    client.wait_for_end();
  });
  CHECK_THROWS_WITH_AS(wire.transport.send({.url = server.url()}), "interrupted", Error);
}

TEST_CASE("what cleans up is sent in spite of a stop") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.send("HTTP/1.1 204 No Content\r\n\r\n");
  });
  Wire wire;
  wire.stop.request(Fault::interrupted);
  Request request{.method = "DELETE", .url = server.url()};
  request.when_stopped = Request::WhenStopped::finish;
  CHECK(wire.transport.send(request).status == 204);
}

TEST_CASE("nobody at the port is a failure that may pass") {
  std::string url;
  {
    const SocketServer server([](Connection&, int) {});
    url = server.url();
  }
  Wire wire;
  const Response response = wire.transport.send({.url = url});
  REQUIRE(response.failure);
  CHECK(response.failure->may_pass());
  CHECK(response.failure->message.starts_with("no answer from `127.0.0.1:"));
}

TEST_CASE("an address that is not public is refused where only public ones are allowed") {
  const SocketServer server([](Connection& client, int) { client.head(); });
  Wire wire;
  Request request{.url = server.url()};
  request.peers = Request::Peers::public_only;
  const Response response = wire.transport.send(request);
  REQUIRE(response.failure);
  CHECK(response.failure->kind == NetworkFailure::Kind::forbidden);
  CHECK(response.failure->message.ends_with(
      "it leads to `127.0.0.1`, an address that is not public"));
}

TEST_CASE("endless headers are cut off") {
  const SocketServer server([](Connection& client, int) {
    client.head();
    client.send("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 20000; ++i) {
      client.send("X-Header: " + std::string(100, 'x') + "\r\n");
    }
  });
  Wire wire;
  CHECK(wire.transport.send({.url = server.url()}).failure);
}

TEST_CASE("a header that would break out of its line is never sent") {
  Wire wire;
  Request request{.url = "http://127.0.0.1:1/"};
  request.headers.add("Authorization", "Bearer a\r\nHost: evil");
  CHECK_THROWS_WITH_AS(wire.transport.send(request), "a header that cannot be sent", Error);
}

TEST_CASE("an answer to a server that speaks something else is a failure") {
  const SocketServer server([](Connection& client, int) {
    client.send("SSH-2.0-OpenSSH_9.2\r\n");
    client.wait_for_end();
  });
  Wire wire;
  CHECK(wire.transport.send({.url = server.url()}).failure);
}

TEST_CASE("a certificate file that is missing is said at once") {
  CurlOptions options;
  options.ca = "/nonexistent/ca.pem";
  const Stop stop;
  CHECK(error_of([&] { CurlTransport(options, stop); }).fault() == Fault::input);
}

TEST_CASE("SSL_CERT_FILE and HTTP_PROXY are taken from the environment") {
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SSL_CERT_FILE") return "/certs.pem";
    if (name == "HTTP_PROXY") return "http://proxy.example.com:3128";
    return std::nullopt;
  };
  const CurlOptions options = curl_options(environment, "/ca.pem");
  CHECK(options.system_ca == "/certs.pem");
  CHECK(options.ca == "/ca.pem");
  CHECK(options.proxies.http == "http://proxy.example.com:3128");
}

TEST_CASE("a push through a real socket that breaks now and then arrives") {
  // The registry in memory, behind HTTP on a socket that hangs up on every third request.
  Rig rig;
  const SocketServer server([&](Connection& client, int number) {
    const std::string head = client.head();
    const std::size_t space = head.find(' ');
    const std::size_t end = head.find(' ', space + 1);
    if (end == std::string::npos) return;
    Seen seen{head.substr(0, space), "https://registry.example.com", {}, ""};
    seen.url += head.substr(space + 1, end - space - 1);
    const std::size_t length = head.find("Content-Length: ");
    if (length != std::string::npos) seen.body = client.body(std::stoul(head.substr(length + 16)));
    if (number % 3 == 2) return client.reset();
    Request request{.method = seen.method, .url = seen.url, .headers = {}, .body = seen.body};
    request.headers.add("Content-Type", std::string(media_type::oci_manifest));
    const Response response = rig.net.send(request);
    std::string answer = "HTTP/1.1 " + std::to_string(response.status) + " X\r\n";
    for (const auto& [field, value] : response.headers.fields()) {
      answer += field + ": " + value + "\r\n";
    }
    const std::string body = read_body(*response.body, 1000000).text;
    client.send(answer + "Connection: close\r\n\r\n" + (seen.method == "HEAD" ? "" : body));
  });
  Wire wire;
  Client client(wire.transport, rig.credentials, rig.options(), rig.progress, wire.stop);
  const std::string to = server.url().substr(7) + "acme/x";
  const std::string bytes(3'000'000, 'w');
  client.upload_blob({name(to), Access::push}, blob_of(bytes), open_text(bytes));
  CHECK(rig.registry.has_blob("acme/x", Digest::of(bytes)));
}
