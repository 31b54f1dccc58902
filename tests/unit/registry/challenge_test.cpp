#include "registry/challenge.h"

#include "registry/auth.h"

#include <doctest/doctest.h>

using namespace mlpack;

TEST_CASE("a token challenge is read with its realm, service and scope") {
  const auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.example.com/token",service="registry", scope="repository:a/b:pull,push")");
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].scheme == "bearer");
  CHECK(challenges[0].parameters.at("realm") == "https://auth.example.com/token");
  CHECK(challenges[0].parameters.at("service") == "registry");
  CHECK(challenges[0].parameters.at("scope") == "repository:a/b:pull,push");
}

TEST_CASE("several challenges in one header are told apart") {
  const auto challenges =
      parse_challenges(R"(Basic realm="x", charset=UTF-8, BEARER REALM = "y\"z")");
  REQUIRE(challenges.size() == 2);
  CHECK(challenges[0].scheme == "basic");
  CHECK(challenges[0].parameters.at("charset") == "UTF-8");
  CHECK(challenges[1].scheme == "bearer");
  CHECK(challenges[1].parameters.at("realm") == "y\"z");
}

TEST_CASE("hostile challenges end the list and nothing else") {
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges(",,, \t").empty());
  CHECK(parse_challenges("=").empty());
  CHECK(parse_challenges("realm=\"x\"").empty());
  CHECK(parse_challenges("\"Bearer\"").empty());
  const auto open = parse_challenges("Bearer realm=\"https://auth");
  REQUIRE(open.size() == 1);
  CHECK(open[0].parameters.empty());
  const auto last = parse_challenges("Bearer realm=\"x\\");
  CHECK(last[0].parameters.empty());
  CHECK(parse_challenges(std::string(1 << 20, 'a')).size() == 1);
  CHECK(parse_challenges("Bearer " + std::string(1 << 20, ',')).size() == 1);
  CHECK(parse_challenges(std::string("Bearer a=\0b", 11)).size() == 1);
  const auto twice = parse_challenges(R"(Bearer realm="first",realm="second")");
  CHECK(twice[0].parameters.at("realm") == "first");
}

TEST_CASE("base64 goes both ways") {
  for (const char* text : {"", "a", "ab", "abc", "user:pass\xff"}) {
    CHECK(from_base64(base64(text)) == text);
  }
  CHECK(base64("bob:secret") == "Ym9iOnNlY3JldA==");
  CHECK_FALSE(from_base64("a b"));
  CHECK_FALSE(from_base64("a=b"));
}
