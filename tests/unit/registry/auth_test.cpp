#include "registry/auth.h"

#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// A registry whose first answer is `challenge`.
void challenge_with(Rig& rig, const std::string& challenge) {
  rig.net.fault({.match = host, .times = 99, .instead = [challenge](const Seen&) {
                   return reply(401, {{"WWW-Authenticate", challenge}});
                 }});
}

std::string failure_of(Rig& rig) {
  return error_of([&] { rig.client.start_upload(rig.at("acme/x")); }).what();
}

}  // namespace

TEST_CASE("a password is sent only after the registry asked for it") {
  Rig rig(bob());
  rig.registry.require_basic("bob:secret");
  rig.client.check(host);
  const std::vector<Seen> seen = rig.net.seen();
  REQUIRE(seen.size() == 2);
  CHECK_FALSE(seen[0].headers.find("Authorization"));
  CHECK(seen[1].headers.find("Authorization") == "Basic Ym9iOnNlY3JldA==");
  rig.client.check(host);
  CHECK(rig.net.seen().size() == 3);
}

TEST_CASE("a token is asked for with the scope of the work, and used until it expires") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  rig.client.head_blob(rig.at("acme/x"), Digest::of("b"));
  CHECK(rig.registry.scopes == std::vector<std::string>{"repository:acme/x:pull,push"});
  rig.now += 300;
  rig.client.head_blob(rig.at("acme/x"), Digest::of("c"));
  CHECK(rig.registry.scopes.size() == 2);
  CHECK(rig.net.count("HEAD") == 4);
}

TEST_CASE("a token that is refused is replaced, and the request sent once more") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  rig.registry.expire_tokens();
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  CHECK(rig.registry.scopes.size() == 2);
}

TEST_CASE("a token that expired is replaced where the registry only says 401") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  rig.registry.expire_tokens();
  rig.net.fault({.match = "HEAD", .instead = [](const Seen&) { return reply(401); }});
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  CHECK(rig.registry.scopes.size() == 2);
}

TEST_CASE("pulling asks for no right to push") {
  Rig rig;
  rig.registry.require_token("bob:secret");
  rig.registry.anonymous_pull = true;
  rig.client.head_blob(rig.at("acme/x", Access::pull), Digest::of("a"));
  CHECK(rig.registry.scopes == std::vector<std::string>{"repository:acme/x:pull"});
}

TEST_CASE("an identity token is exchanged in a form, never in a URL") {
  Rig rig(Credentials{"", "", "refresh-me", "`test`"});
  rig.registry.require_token("refresh-me");
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  const Seen asked = rig.net.seen()[1];
  CHECK(asked.method == "POST");
  CHECK(asked.url == "https://auth.example.com/token");
  CHECK(asked.body ==
        "grant_type=refresh_token&client_id=mlpack&service=registry.example.com&scope="
        "repository%3Aacme%2Fx%3Apull%2Cpush&refresh_token=refresh-me");
}

TEST_CASE("credentials that are refused end with who we were and what we asked, without secrets") {
  Rig rig(Credentials{"bob", "wrong-password", "", "`config.json`"});
  rig.registry.require_token("bob:secret");
  const Error error = error_of([&] { rig.client.start_upload(rig.at("acme/x")); });
  CHECK(error.fault() == Fault::auth);
  CHECK(std::string(error.what()) ==
        "cannot push to `registry.example.com/acme/x`: token service `auth.example.com` replied "
        "401 (UNAUTHORIZED: wrong user name or password); we came as `bob` (from `config.json`) "
        "and asked for `repository:acme/x:pull,push`");
  CHECK(error.hint() ==
        "check the credentials, or log in again with `mlpack login registry.example.com`");
  CHECK(std::string(error.what()).find("wrong-password") == std::string::npos);
}

TEST_CASE("a 401 that no token cures ends after one more try") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.fault({.match = "POST https://registry", .times = 99, .instead = [](const Seen&) {
                   return reply(
                       401,
                       {{"WWW-Authenticate", "Bearer realm=\"https://auth.example.com/token\""}});
                 }});
  CHECK(error_of([&] { rig.client.start_upload(rig.at("acme/x")); }).fault() == Fault::auth);
  CHECK(rig.net.count("POST /v2/") == 2);
}

TEST_CASE("a realm without TLS is refused") {
  Rig rig(bob());
  challenge_with(rig, "Bearer realm=\"http://auth.example.com/token\"");
  CHECK(failure_of(rig) ==
        "`registry.example.com` asks for a token from `http://auth.example.com/token`, in clear "
        "text");
  challenge_with(rig, "Bearer realm=\"http://127.0.0.1/token\"");
  CHECK(error_of([&] { rig.client.start_upload(rig.at("acme/x")); }).fault() == Fault::auth);
  CHECK(rig.net.count("GET") == 0);
}

TEST_CASE("a realm that is missing or no URL is refused") {
  for (const char* challenge : {"Bearer",
                                "Bearer realm=\"\"",
                                "Bearer realm=\"/token\"",
                                "Bearer realm=\"file:///etc/passwd\"",
                                "Bearer realm=\"https://user:pw@auth.example.com/\""}) {
    Rig rig(bob());
    challenge_with(rig, challenge);
    CAPTURE(challenge);
    CHECK(error_of([&] { rig.client.start_upload(rig.at("acme/x")); }).fault() == Fault::auth);
    CHECK(rig.net.seen().size() == 1);
  }
}

TEST_CASE("a challenge that we do not know is a plain 401") {
  Rig rig(bob());
  challenge_with(rig, "Negotiate");
  CHECK(failure_of(rig).starts_with(
      "cannot push to `registry.example.com/acme/x`: `registry.example.com` replied 401"));
  CHECK(rig.net.seen().size() == 1);
}

TEST_CASE("a token service of the private network is refused to a public registry") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.serve(
      "https://metadata.example.com", [](const Seen&) { return reply(200); }, "169.254.169.254");
  rig.registry.realm = "https://metadata.example.com/token";
  CHECK(failure_of(rig) ==
        "no token from `metadata.example.com`: no answer from `https://metadata.example.com`: it "
        "leads to `169.254.169.254`, an address that is not public");
}

TEST_CASE("a token service that never answered is given up after four attempts") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.fault({.match = "auth.example.com", .times = 20, .instead = [](const Seen&) {
                   return no_answer();
                 }});
  const Error error = error_of([&] { rig.client.start_upload(rig.at("acme/x")); });
  CHECK(error.fault() == Fault::network);
  CHECK(error.hint() ==
        "the registry names this token service; check whether it can be reached from here");
  CHECK(rig.waits.size() == 3);
}

TEST_CASE("a token service may say only so much") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.fault({.match = "auth.example.com", .instead = [](const Seen&) {
                   return reply(200, {}, std::string(std::size_t{1} << 20, ' '));
                 }});
  CHECK(failure_of(rig) == "token service `auth.example.com` sent more than 64 KiB");
}

TEST_CASE("what a token service sends must be a token") {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"token": 5})", R"({"token": "a\r\nb"})"}) {
    Rig rig(bob());
    rig.registry.require_token("bob:secret");
    rig.net.fault({.match = "auth.example.com",
                   .instead = [&](const Seen&) { return reply(200, {}, body); }});
    CAPTURE(body);
    CHECK(failure_of(rig) == "token service `auth.example.com` sent no token");
  }
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.fault({.match = "auth.example.com", .instead = [&](const Seen&) {
                   return reply(200, {}, R"({"token": "a", "access_token": "b"})");
                 }});
  CHECK(failure_of(rig) == "token service `auth.example.com` sent two different tokens");
}

TEST_CASE("an access_token alone is as good") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.fault({.match = "auth.example.com", .instead = [&](const Seen&) {
                   return reply(200, {}, R"({"access_token": "b", "expires_in": -1})");
                 }});
  CHECK_THROWS_AS(rig.client.start_upload(rig.at("acme/x")), Error);
  CHECK(rig.net.seen().back().headers.find("Authorization") == "Bearer b");
}

TEST_CASE("a token service that is busy is asked again") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.fault({.match = "auth.example.com", .times = 2, .instead = [](const Seen&) {
                   return reply(503, {{"Retry-After", "3"}});
                 }});
  rig.client.check(host);
  CHECK(rig.waits == std::vector<double>{3, 3});
}

TEST_CASE("a token service that redirects elsewhere takes our password nowhere") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.serve("https://evil.example.com",
                [](const Seen&) { return reply(200, {}, R"({"token": "x"})"); });
  rig.net.fault({.match = "auth.example.com", .instead = [](const Seen&) {
                   return reply(302, {{"Location", "https://evil.example.com/token"}});
                 }});
  CHECK_THROWS_AS(rig.client.check(host), Error);
  const std::vector<Seen> seen = rig.net.seen();
  const auto evil = std::find_if(seen.begin(), seen.end(), [](const Seen& one) {
    return one.url.find("evil") != std::string::npos;
  });
  REQUIRE(evil != seen.end());
  CHECK_FALSE(evil->headers.find("Authorization"));
}

TEST_CASE("a token is never sent where an upload's Location leads") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.registry.location_prefix = "https://storage.example.com";
  rig.net.serve("https://storage.example.com", [](const Seen&) { return reply(201); });
  rig.registry.put_blob("acme/x", "hello");
  rig.client.upload_blob(rig.at("acme/x"), blob_of("hello"), open_text("hello"));
  bool seen_there = false;
  for (const Seen& seen : rig.net.seen()) {
    if (seen.url.find("storage") == std::string::npos) continue;
    seen_there = true;
    CHECK_FALSE(seen.headers.find("Authorization"));
    CHECK(seen.body == "hello");
  }
  CHECK(seen_there);
}
