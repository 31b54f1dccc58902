#include "lib/spec/secrets.h"

#include <doctest/doctest.h>

#include <regex>
#include <string>

using namespace mlpack;

namespace {

// To the parser and to the schema.
void check_known(const std::string& text) {
  CAPTURE(text);
  CHECK(looks_like_secret("X", text));
  CHECK(std::regex_search(text, std::regex(std::string(secret_patterns().shapes))));
}

}  // namespace

TEST_CASE("the password in front of a registry's name is masked, a digest behind a tag is not") {
  CHECK(mask_secrets("base: 'bob:hunter2@localhost:5931/x'") == "base: 'bob:***@localhost:5931/x'");
  CHECK(mask_secrets("bob:hunter2@host/x and a:b@host/y") == "bob:***@host/x and a:***@host/y");
  const std::string plain = "base: debian:12@sha256:0123";
  CHECK(mask_secrets(plain) == plain);
  CHECK(mask_secrets("write to me@example.com: soon") == "write to me@example.com: soon");
}

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

TEST_CASE("every kind of token is known, alone and behind a word") {
  for (const std::string token : {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
                                  "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
                                  "eyJ0eXAiOiJKV1QiLCJraWQiOiIxIn0.eyJpc3MiOiJhIn0.c2ln",
                                  "AKIAIOSFODNN7EXAMPLE",
                                  "ASIAIOSFODNN7EXAMPLE",
                                  "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
                                  "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
                                  "github_pat_11ABCDEFG0abcdefghij_klmnopqrstuvwxyz",
                                  "nvapi-abcdefghijklmnopqrstuvwxyz-0123",
                                  "sk-abcdefghijklmnopqrstuvwxyz0123",
                                  "sk-proj-abcdefghijklmnopqrstuvwxyz0123",
                                  "xoxb-123456789012-abcdefghij",
                                  "xoxa-2-123456789012-abcdefghij",
                                  "xoxe.xoxp-1-abcdefghijklmnopqrstuvwxyz",
                                  "xapp-1-A0123456789-abcdefghij",
                                  "-----BEGIN RSA PRIVATE KEY-----",
                                  "-----BEGIN EC PRIVATE KEY-----",
                                  "-----BEGIN OPENSSH PRIVATE KEY-----",
                                  "-----BEGIN ENCRYPTED PRIVATE KEY-----",
                                  "-----BEGIN PGP PRIVATE KEY BLOCK-----"}) {
    check_known(token);
    check_known("Bearer " + token);
    check_known("x=" + token + ";y");
  }
}

TEST_CASE("the names of passwords are known in upper and lower case, to the schema too") {
  const std::regex names{std::string(secret_patterns().password_names)};
  for (const std::string name : {"API_TOKEN",
                                 "ACCESS_TOKEN",
                                 "AUTH_TOKEN",
                                 "MY_API_TOKEN",
                                 "my_access_token",
                                 "auth_token",
                                 "DJANGO_SECRET_KEY",
                                 "APIKEY",
                                 "PRIVATE_KEY",
                                 "DB_PASSWD"}) {
    CAPTURE(name);
    CHECK(looks_like_secret(name, "x"));
    CHECK(std::regex_search(name, names));
  }
  for (const std::string name : {"API_TOKENS", "MYAPI_TOKEN", "Auth_Token", "TOKEN", "KEY"}) {
    CAPTURE(name);
    CHECK_FALSE(looks_like_secret(name, "x"));
    CHECK_FALSE(std::regex_search(name, names));
  }
}

TEST_CASE("the patterns of the schema say the same") {
  const SecretPatterns patterns = secret_patterns();
  const std::regex shapes{std::string(patterns.shapes)};
  for (const std::string text : {"hf_abcdefghijklmnopqrstuvwxyz",
                                 "Bearer sk-proj-0123456789abcdefghij",
                                 "AKIAIOSFODNN7EXAMPLE",
                                 "postgres://app:pw@db.example.com/x",
                                 "eyJhbGciOiJIUzI1NiJ9",
                                 "eyJhbGciOiJIUzI1NiJ9.eyJ",
                                 "eyJ.model.name",
                                 "a_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
                                 "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0",
                                 "-----BEGIN PUBLIC KEY-----",
                                 "PRIVATE KEY BLOCK",
                                 "xoxz-123456789012-abcdefghij",
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
  CHECK(mask_secrets("- {source: 'https://example.com/x?sig=a&b#sha256=0f', name: w}") ==
        "- {source: 'https://example.com/x?***#sha256=0f', name: w}");
  CHECK(mask_secrets("why? https://example.com/? ?") == "why? https://example.com/? ?");
  CHECK(mask_secrets("  DB_PASSWORD: \"hunter2\"") == "  DB_PASSWORD: \"***\"");
  CHECK(mask_secrets("secrets: [OPENAI=hunter2, B]") == "secrets: [OPENAI=***, B]");
  CHECK(mask_secrets("my_api_key: 'a, b'") == "my_api_key: '***'");
  CHECK(mask_secrets("packages: [torch==2.9.0]") == "packages: [torch==2.9.0]");
  CHECK(mask_secrets("port: 8000") == "port: 8000");
  CHECK(mask_secrets("X: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln # jwt") == "X: *** # jwt");
  CHECK(mask_secrets("X: \"-----BEGIN PRIVATE KEY-----\\nMIIE\\n\", Y: b") ==
        "X: \"-----BEGIN PRIVATE KEY-----***\", Y: b");
  CHECK(mask_secrets("a PRIVATE KEY BLOCK-----x\nb PRIVATE KEY-----y\nhint: c") ==
        "a PRIVATE KEY BLOCK-----***\nb PRIVATE KEY-----***\nhint: c");
  CHECK(mask_secrets("PRIVATE KEY-----") == "PRIVATE KEY-----");
  CHECK(mask_secrets("") == "");
}

TEST_CASE("a line out of the middle of a private key is masked, a digest is not") {
  const std::string digest(64, 'a');
  CHECK(mask_secrets("    MIIE" + std::string(30, 'a') + std::string(30, '/') + "0") == "    ***");
  CHECK(mask_secrets("sha256:" + digest) == "sha256:" + digest);
}
