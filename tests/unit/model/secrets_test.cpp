#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string token = "hf_" + std::string(34, 'a');
const std::string key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";

}  // namespace

TEST_CASE("a secret among the weights is refused at the gate") {
  const std::vector<std::pair<std::string, std::string>> secrets{
      {"token", token + "\n"},
      {".cache/token", token},
      {".netrc", "machine h login u password p"},
      {".env", "A=1\nexport HF_TOKEN=\"" + token + "\"\n"},
      {"prod.env", "DB_PASSWORD=hunter2hunter2"},
      {"server.pem", key},
      {"tls.key", key},
      {"stored_tokens", "[me]\nhf_token = " + token},
      {".git-credentials", "https://me:verysecret@host"},
  };
  for (const auto& secret : secrets) {
    const std::string& path = secret.first;
    CAPTURE(path);
    const ModelReport report = read({secret});
    REQUIRE(report.problems.size() == 1);
    const Error error = as_error(report.problems[0]);
    CHECK(error.fault() == Fault::gate);
    CHECK(std::string(error.what()).starts_with("`" + path + "` holds a "));
    CHECK(std::string(error.what()).find("hf_") == std::string::npos);
  }
  CHECK(problems({{"token", token}}) ==
        "token holds a token: whoever can pull the image could read it");
}

TEST_CASE("a token in a small text of any name is refused") {
  const std::string real = "hf_" + std::string(17, 'a') + std::string(17, 'B');
  CHECK(problems({{"notes.txt", "use " + real + " to download"}}) ==
        "notes.txt holds a token of Hugging Face: whoever can pull the image could read it");
  CHECK(problems({{"README.md", "use hf_" + std::string(34, 'x') + " to download"}}).empty());
  CHECK(problems({{"README.md", real + std::string(std::size_t{1} << 20, ' ')}}).empty());
  CHECK(problems({{"data.idx", std::string(1, '\0') + real}}).empty());
}

TEST_CASE("files that are only called like secrets are fine") {
  CHECK(problems({{"token", "two words"}}).empty());
  CHECK(problems({{".env", "A=1\n# HF_TOKEN=" + token + "\nPORT=8000\n"}}).empty());
  CHECK(problems({{"ca.pem", "-----BEGIN CERTIFICATE-----\n"}}).empty());
  CHECK(problems({{".netrc", ""}}).empty());
  CHECK(problems({{"tokenizer.json", "{}"}}).empty());
}
