#include "registry/proxy.h"

#include "registry/peers.h"

#include <doctest/doctest.h>

#include <map>

using namespace mlpack;

namespace {

std::string proxy_of(const std::map<std::string, std::string>& variables, const std::string& url) {
  const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  return proxy_for(proxy_settings(environment), Url::parse(url).value());
}

bool is_excepted(const std::string& list, const std::string& url) {
  return proxy_of({{"HTTPS_PROXY", "http://p:1"}, {"no_proxy", list}}, url).empty();
}

}  // namespace

TEST_CASE("each scheme has its proxy, and small letters count more") {
  CHECK(proxy_of({{"HTTP_PROXY", "http://h:1"}}, "http://a.test/") == "http://h:1");
  CHECK(proxy_of({{"HTTP_PROXY", "http://h:1"}}, "https://a.test/").empty());
  CHECK(proxy_of({{"HTTPS_PROXY", "http://H:1"}, {"https_proxy", "http://h:1"}},
                 "https://a.test/") == "http://h:1");
  CHECK(proxy_of({{"ALL_PROXY", "socks5://s:1"}}, "https://a.test/") == "socks5://s:1");
  CHECK(proxy_of({{"https_proxy", " "}, {"all_proxy", "http://a:1"}}, "https://a.test/") ==
        "http://a:1");
}

TEST_CASE("this machine is reached without a proxy") {
  CHECK(is_excepted("", "https://127.0.0.1:5000/"));
  CHECK(is_excepted("", "https://localhost/"));
  CHECK(is_excepted("", "https://[::1]:5000/"));
}

TEST_CASE("no_proxy names hosts, domains, addresses, ranges and ports") {
  CHECK(is_excepted("*", "https://a.test/"));
  CHECK(is_excepted("b.test, a.test", "https://a.test/"));
  CHECK(is_excepted("a.test", "https://x.A.test/"));
  CHECK(is_excepted(".a.test", "https://x.a.test/"));
  CHECK(is_excepted("*.a.test", "https://x.a.test/"));
  CHECK(is_excepted("a.test:8443", "https://a.test:8443/"));
  CHECK(is_excepted("10.0.0.0/8", "https://10.1.2.3/"));
  CHECK(is_excepted("fd00::/8", "https://[fd12::1]:5000/"));
  CHECK(is_excepted("fd12::1", "https://[fd12::1]/"));
  CHECK_FALSE(is_excepted("a.test", "https://xa.test/"));
  CHECK_FALSE(is_excepted("a.test:8443", "https://a.test/"));
  CHECK_FALSE(is_excepted("10.0.0.0/8", "https://11.1.2.3/"));
  CHECK_FALSE(is_excepted("10.0.0.0/99,10.0.0.0/x,/,:,.", "https://10.1.2.3/"));
}

TEST_CASE("a server may send us no further in than it is itself") {
  const auto peers = [](const std::string& address, bool by_proxy = false) {
    Response response;
    response.peer = address;
    response.by_proxy = by_proxy;
    return peers_named_by(response);
  };
  using Peers = Request::Peers;
  CHECK(peers("127.0.0.1") == Peers::any);
  CHECK(peers("10.0.0.1") == Peers::network);
  CHECK(peers("203.0.113.7") == Peers::public_only);
  CHECK(peers("10.0.0.1", true) == Peers::public_only);
  CHECK(is_allowed(Peers::network, "10.0.0.2"));
  CHECK_FALSE(is_allowed(Peers::network, "169.254.169.254"));
  CHECK_FALSE(is_allowed(Peers::public_only, "::ffff:10.0.0.1"));
  CHECK_FALSE(is_allowed_host(Peers::public_only, "[fd00::1]"));
  CHECK_FALSE(is_allowed_host(Peers::public_only, "localhost"));
  CHECK_FALSE(is_allowed_host(Peers::network, "127.0.0.1"));
  CHECK(is_allowed_host(Peers::public_only, "internal.example.com"));
}
