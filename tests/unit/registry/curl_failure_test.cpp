#include "registry/curl_transport.h"
#include "registry/curl_transport_failure.h"
#include "tests/unit/registry/socket_server.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <string>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// What is said of a server that does `work` with each connection, behind its name.
std::string said_of(const std::function<void(Connection&)>& work) {
  const SocketServer server([&](Connection& client, int) { work(client); });
  const Stop stop;
  CurlTransport transport({}, stop);
  const Response response = transport.send({.url = server.url()});
  if (response.failure) return response.failure->message.substr(server.url().size() + 11);
  read_body(*response.body, 1000);
  const auto& failure = response.body->failure();
  return failure ? failure->message.substr(server.url().size() + 11) : "";
}

}  // namespace

TEST_CASE("what a server does wrong is told in our words") {
  CHECK(said_of([](Connection& client) { client.head(); }) == "it hung up without a word");
  CHECK(said_of([](Connection& client) {
          client.head();
          client.reset();
        }) == "the connection broke: connection reset by peer");
  CHECK(said_of([](Connection& client) {
          client.head();
          client.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        }) == "it hung up before the end of its answer");
  CHECK(said_of([](Connection& client) {
          client.head();
          client.send("SSH-2.0-OpenSSH_9.2\r\n");
        }) == "what it says is not HTTP as it should be");
}

TEST_CASE("a server or a proxy that cannot be reached is told in our words") {
  CHECK(curl_failure({6, 0, 0, "Could not resolve host: x"}).message ==
        "its name is not known to the DNS");
  CHECK(curl_failure({5, 0, 0, "Could not resolve proxy: x"}).message ==
        "the name of the proxy that the environment sets is not known to the DNS");
  CHECK(curl_failure({7, ECONNREFUSED, 0, "Failed to connect to x port 1 after 0 ms"}).message ==
        "cannot connect: connection refused");
  CHECK(curl_failure({28, 0, 0, "Connection timeout"}).message == "cannot connect in time");
  CHECK(curl_failure({56, 0, 407, "CONNECT tunnel failed, response 407"}).message ==
        "the proxy that the environment sets wants a user and a password, or others");
  CHECK(curl_failure({35, 0, 0, "no protocols available"}).message ==
        "TLS cannot be agreed on: no protocols available");
  CHECK(curl_failure({65, 0, 0, "necessary data rewind wasn't possible"}).message ==
        "the connection broke in the middle of what we sent");
  CHECK(curl_failure({4, 0, 0, ""}).message == "the transfer failed (libcurl 4)");
}

TEST_CASE("what is wrong with a certificate is told in the words of who looked at it") {
  const NetworkFailure failure =
      curl_failure({60, 0, 0, "SSL certificate problem: certificate has expired"});
  CHECK(failure.kind == NetworkFailure::Kind::certificate);
  CHECK(failure.message ==
        "its certificate is not trusted: SSL certificate problem: certificate has expired");
}

TEST_CASE("what to do about a failure is told where it is known") {
  const auto hint = [](int code, int number, long proxy, const std::string& text) {
    return curl_failure({code, number, proxy, text}).hint;
  };
  CHECK(hint(60, 0, 0, "certificate is not yet valid") ==
        "check the clock of this machine; where it is right, the certificate has to be renewed");
  CHECK(hint(60, 0, 0, "no alternative certificate subject name matches target host name 'x'") ==
        "use the name that the certificate was made for, or have one made for this name");
  CHECK(hint(60, 0, 0, "self-signed certificate in certificate chain") ==
        "if the certificate is of an authority of your own, name its file with `--ca`");
  CHECK(hint(7, ECONNREFUSED, 0, "") ==
        "nothing listens there: check the name and the port, and whether it runs");
  CHECK(hint(28, 0, 0, "") ==
        "a firewall may be in between, or it takes a proxy (HTTPS_PROXY) to get there");
  CHECK(hint(56, 0, 403, "") ==
        "ask whoever runs the proxy to let this name and port through, or except the name with "
        "NO_PROXY");
}

TEST_CASE("what another attempt cannot change is not attempted again") {
  CHECK(curl_failure({56, 0, 403, ""}).kind == NetworkFailure::Kind::proxy);
  CHECK(curl_failure({56, 0, 503, ""}).may_pass());
  const NetworkFailure clear = curl_failure({35, 0, 0, "SSL routines::wrong version number"});
  CHECK(clear.message == "it does not speak TLS");
  CHECK_FALSE(clear.may_pass());
  const NetworkFailure unknown = curl_failure({56, 0, 0, "tlsv13 alert certificate required"});
  CHECK(unknown.message ==
        "it does not take our certificate, or wants one: tlsv13 alert certificate required");
  CHECK(unknown.kind == NetworkFailure::Kind::certificate);
}
