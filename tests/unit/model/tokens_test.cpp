#include "lib/model/tokens.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

TEST_CASE("tokens are told by their form, and what people write in their place is none") {
  const std::string word = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCd";
  const auto token = [&](const std::string& prefix) { return "x = '" + prefix + word + "'"; };
  CHECK(token_in(token("hf_")) == "a token of Hugging Face");
  CHECK(token_in("'AK"
                 "IAIOSFODNN7ABCDEFG'") == "an access key of AWS");
  CHECK(token_in(token("nvapi-")) == "a key of NVIDIA NGC");
  CHECK(token_in(token("ghp_")) == "a token of GitHub");
  CHECK(token_in(token("github_pat_")) == "a token of GitHub");
  CHECK(token_in(token("glpat-")) == "a token of GitLab");
  CHECK(token_in(token("my_hf_")).empty());
  CHECK(token_in("hf_short").empty());
  CHECK(token_in("hf_" + std::string(40, 'x')).empty());
  CHECK(token_in("AK"
                 "IAIOSFODNN7EXAMPLE")
            .empty());
  CHECK(token_in("AK"
                 "IAIOSFODNN7ABCDEFGH")
            .empty());
  CHECK(token_in("def hf_quantizer_config_for_compressed_tensors(").empty());
  CHECK(token_in("hf_YOUR_HUGGING_FACE_TOKEN_GOES_HERE_PLEASE").empty());
  CHECK(token_in("glpat-your-token-goes-here-please").empty());
  CHECK(token_in("").empty());
}

TEST_CASE("a key in PEM has base64 behind its title") {
  const std::string title = std::string("-----BEGIN PRIVATE") + " KEY-----";
  CHECK(token_in(title + "\n" + std::string(64, 'A')) == "a private key");
  CHECK(token_in("if '" + title +
                 "' in text: raise ValueError('a key is not wanted here, take it out')")
            .empty());
}

TEST_CASE("tokens of packages and tests are not somebody's own") {
  CHECK(may_hold_token("app/config.py"));
  CHECK(may_hold_token("root/.ngc/config"));
  CHECK(may_hold_token("usr/local/app/x"));
  CHECK_FALSE(may_hold_token("usr/share/doc/x"));
  CHECK_FALSE(may_hold_token("opt/venv/lib/python3.12/site-packages/x.py"));
  CHECK_FALSE(may_hold_token("app/tests/x.py"));
  CHECK(is_source_code("a/credentials.py"));
  CHECK_FALSE(is_source_code("a/credentials"));
}
