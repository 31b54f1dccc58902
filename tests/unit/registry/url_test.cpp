#include "registry/url.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

std::string resolved(const char* base, const char* reference) {
  const auto url = Url::parse(base)->resolve(reference);
  return url ? url->text() : "refused";
}

}  // namespace

TEST_CASE("a URL is taken apart and put together again") {
  const auto url = Url::parse("HTTPS://Registry.Example.com:5000/v2/a?b=c#d");
  REQUIRE(url);
  CHECK(url->text() == "https://registry.example.com:5000/v2/a?b=c");
  CHECK(url->authority() == "registry.example.com:5000");
  CHECK(url->path() == "/v2/a");
  CHECK(url->shown() == "https://registry.example.com:5000/v2/a");
  CHECK(Url::parse("http://registry.example.com")->text() == "http://registry.example.com/");
  CHECK(Url::parse("http://[::1]:80/x")->text() == "http://[::1]/x");
}

TEST_CASE("a URL that two readers could read in two ways is refused") {
  for (const char* text : {"https://good@evil/",
                           "https://good\\@evil/",
                           "https://good evil/",
                           "https://good\n.evil/",
                           "https://host:0/",
                           "https://host:65536/",
                           "https://host:/",
                           "https:///path",
                           "https://[::1/",
                           "https://[x]/",
                           "https://h\xc3\xb6st/",
                           "ftp://host/",
                           "file:///etc/passwd",
                           "host/path",
                           ""}) {
    CAPTURE(text);
    CHECK_FALSE(Url::parse(text));
  }
  CHECK_FALSE(Url::parse("https://host/" + std::string(20000, 'a')));
}

TEST_CASE("a Location is understood in every form that registries send") {
  const char* base = "https://registry.example.com/v2/a/blobs/uploads/";
  CHECK(resolved(base, "https://other.example.com/u?s=1") == "https://other.example.com/u?s=1");
  CHECK(resolved(base, "//other.example.com/u") == "https://other.example.com/u");
  CHECK(resolved(base, "/v2/a/u?s=1") == "https://registry.example.com/v2/a/u?s=1");
  CHECK(resolved(base, "u1") == "https://registry.example.com/v2/a/blobs/uploads/u1");
  CHECK(resolved(base, "?s=1") == "https://registry.example.com/v2/a/blobs/uploads/?s=1");
  CHECK(resolved(base, "") == "refused");
  CHECK(resolved(base, "javascript:alert(1)") == "refused");
  CHECK(resolved(base, "file:///etc/passwd") == "refused");
}

TEST_CASE("a query is appended to what is there") {
  const auto url = Url::parse("https://registry.example.com/u");
  CHECK(url->with_query("digest", "sha256:0").text() ==
        "https://registry.example.com/u?digest=sha256%3A0");
  CHECK(url->with_query("a", "1").with_query("b", "x y").target() == "/u?a=1&b=x%20y");
}

TEST_CASE("loopback hosts are those that lead nowhere else") {
  for (const char* name :
       {"localhost", "LOCALHOST:5000", "127.0.0.1:1", "127.1.2.3", "[::1]:5000"}) {
    CAPTURE(name);
    CHECK(is_loopback_host(name));
  }
  for (const char* name :
       {"localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "[::2]", ""}) {
    CAPTURE(name);
    CHECK_FALSE(is_loopback_host(name));
  }
}

TEST_CASE("addresses of the local network are not public, whatever they are dressed as") {
  for (const char* address : {"127.0.0.1",
                              "10.1.2.3",
                              "172.31.0.1",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "0.0.0.0",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fe80::1",
                              "fd00::1",
                              "ff02::1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::10.0.0.1",
                              "no address"}) {
    CAPTURE(address);
    CHECK_FALSE(is_public_address(address));
  }
  for (const char* address :
       {"203.0.113.7", "172.32.0.1", "8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8"}) {
    CAPTURE(address);
    CHECK(is_public_address(address));
  }
}

TEST_CASE("an address is of this machine, of a network or of the internet") {
  for (const char* address : {"127.0.0.1",
                              "127.9.9.9",
                              "0.0.0.0",
                              "169.254.169.254",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::1",
                              "::",
                              "fe80::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "nothing"}) {
    CAPTURE(address);
    CHECK(scope_of_address(address) == AddressScope::host);
  }
  for (const char* address : {"10.0.0.1",
                              "172.16.0.1",
                              "192.168.1.1",
                              "100.64.0.1",
                              "198.18.0.1",
                              "fd00::1",
                              "fc00::1",
                              "::ffff:10.0.0.1",
                              "2002:a00:1::"}) {
    CAPTURE(address);
    CHECK(scope_of_address(address) == AddressScope::network);
  }
  for (const char* address : {"203.0.113.7", "8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8"}) {
    CAPTURE(address);
    CHECK(scope_of_address(address) == AddressScope::internet);
  }
}
