#include "lib/spec/secrets.h"

#include <doctest/doctest.h>

#include <regex>
#include <string>

using namespace mlpack;

TEST_CASE("tokens are known by their shape, whatever they are called") {
  CHECK(looks_like_secret("A", "hf_abcdefghijklmnopqrstuvwxyz"));
  CHECK(looks_like_secret("A", "Bearer sk-proj-0123456789abcdefghij"));
  CHECK(looks_like_secret("A", "AKIAIOSFODNN7EXAMPLE"));
  CHECK(looks_like_secret("A", "postgres://app:pw@db.example.com/x"));
  CHECK(looks_like_secret("A", "-----BEGIN PRIVATE KEY-----\nabc"));
  CHECK_FALSE(looks_like_secret("A", "hf_home"));
  CHECK_FALSE(looks_like_secret("A", "https://db.example.com:5432/x@y"));
  CHECK_FALSE(looks_like_secret("A", "disk-0123456789abcdefghijklmnop"));
}

TEST_CASE("passwords are known by their name, unless they are empty, a flag or a path") {
  CHECK(looks_like_secret("PASSWORD", "x"));
  CHECK(looks_like_secret("db_password", "x"));
  CHECK(looks_like_secret("AWS_SECRET_ACCESS_KEY", "x"));
  CHECK(looks_like_secret("OPENAI_API_KEY", "12345"));
  CHECK_FALSE(looks_like_secret("PASSWORD", ""));
  CHECK_FALSE(looks_like_secret("ASK_PASSWORD", "true"));
  CHECK_FALSE(looks_like_secret("PASSWORD", "/run/secrets/db"));
  CHECK_FALSE(looks_like_secret("PASSWORDS", "x"));
  CHECK_FALSE(looks_like_secret("NOPASSWORD", "x"));
}

TEST_CASE("a token's name needs a value that looks like one") {
  CHECK(looks_like_secret("HF_TOKEN", "0123456789abcdef"));
  CHECK_FALSE(looks_like_secret("PAD_TOKEN", "<|endoftext|>00000000"));
  CHECK_FALSE(looks_like_secret("EOS_TOKEN", "end-of-sentence-mark"));
  CHECK_FALSE(looks_like_secret("MAX_TOKENS", "0123456789abcdef"));
}

TEST_CASE("the patterns of the schema say the same") {
  const SecretPatterns patterns = secret_patterns();
  const std::regex shapes{std::string(patterns.shapes)};
  for (const std::string text : {"hf_abcdefghijklmnopqrstuvwxyz",
                                 "Bearer sk-proj-0123456789abcdefghij",
                                 "AKIAIOSFODNN7EXAMPLE",
                                 "postgres://app:pw@db.example.com/x",
                                 "hf_home",
                                 "https://db.example.com:5432/x@y",
                                 "disk-0123456789abcdefghijklmnop",
                                 "AIza0123456789012345678901234567890"}) {
    CAPTURE(text);
    CHECK(std::regex_search(text, shapes) == has_secret_shape(text));
  }
}

TEST_CASE("masking hides values, and leaves the rest readable") {
  CHECK(mask_secrets("token hf_abcdefghijklmnopqrstuvwxyz here") == "token *** here");
  CHECK(mask_secrets("https://bob:hunter2@example.com/x") == "https://bob:***@example.com/x");
  CHECK(mask_secrets("  DB_PASSWORD: \"hunter2\"") == "  DB_PASSWORD: \"***\"");
  CHECK(mask_secrets("secrets: [OPENAI=hunter2, B]") == "secrets: [OPENAI=***, B]");
  CHECK(mask_secrets("my_api_key: 'a, b'") == "my_api_key: '***'");
  CHECK(mask_secrets("packages: [torch==2.9.0]") == "packages: [torch==2.9.0]");
  CHECK(mask_secrets("port: 8000") == "port: 8000");
  CHECK(mask_secrets("") == "");
}
