#include "layers/deb_gpgv.h"
#include "tests/support/signing_key.h"
#include "tests/unit/debs/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* signed_url = "http://mirror.test/InRelease";
constexpr const char* begin = "-----BEGIN PGP SIGNED MESSAGE-----";
const std::string text = "Codename: bookworm\n- a dash\n\nlast line\n";

std::string refused(const std::string& signed_text, const std::vector<fs::path>& keyrings) {
  return failure(Fault::integrity, [&] { verify_clear_signed(signed_text, keyrings, signed_url); });
}

std::string broken(const std::string& why) {
  return std::string("the signature of `") + signed_url + "` does not hold: " + why +
         " | the mirror may be of another distribution, or tampered with; if its keys are new, "
         "update the keyring package";
}

std::string replaced(std::string whole, const std::string& from, const std::string& to) {
  REQUIRE(whole.find(from) != std::string::npos);
  return whole.replace(whole.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("a text that is signed by a key of the keyring is given as it was signed") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  for (const char* hash : {"SHA256", "SHA512"}) {
    CHECK(verify_clear_signed(key.sign(text, hash), {key.keyring()}, signed_url) == text);
  }
}

TEST_CASE("one keyring of several is enough") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const SigningKey other;
  CHECK(verify_clear_signed(key.sign(text), {other.keyring(), key.keyring()}, signed_url) == text);
}

TEST_CASE("a text that was changed after it was signed is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const std::string why =
      refused(replaced(key.sign(text), "bookworm", "bookwork"), {key.keyring()});
  CHECK(why.starts_with(std::string("the signature of `") + signed_url +
                        "` does not hold: the signature by key "));
  CHECK(why.find(" does not match the text | ") != std::string::npos);
}

TEST_CASE("a text without signature is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  CHECK(refused(text, {key.keyring()}) ==
        std::string("`") + signed_url + "` is not a signed release");
  CHECK(refused("", {key.keyring()}) ==
        std::string("`") + signed_url + "` is not a signed release");
  const std::string bare = std::string(begin) + "\nHash: SHA256\n\n" + text;
  CHECK(refused(bare, {key.keyring()}) == broken("it is not signed"));
}

TEST_CASE("a text signed by a stranger is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const SigningKey stranger;
  const std::string why = refused(stranger.sign(text), {key.keyring()});
  CHECK(why.find(" is not in the keyring | ") != std::string::npos);
}

TEST_CASE("a text signed with a weak digest is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const std::string why = refused(key.sign(text, "SHA1"), {key.keyring()});
  CHECK(why.find(" signed with a weak digest | ") != std::string::npos);
}

TEST_CASE("what stands outside of the signed part is never given") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const std::string good = key.sign(text);
  CHECK(refused("Codename: evil\n" + good, {key.keyring()}) ==
        std::string("`") + signed_url + "` is not a signed release");
  CHECK(verify_clear_signed(good + "Codename: evil\n", {key.keyring()}, signed_url) == text);
}

TEST_CASE("two signed texts in one are refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const std::string both = key.sign(text) + key.sign("Codename: evil\n");
  CHECK(refused(both, {key.keyring()}) == broken("it is malformed"));
}

TEST_CASE("a text that hides in the header of the signed part is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const std::string good = key.sign(text);
  for (const char* hidden : {"Hash: SHA256\nCodename: evil\n\n", "Hash: SHA256\n \t\nevil\n"}) {
    const std::string why = refused(replaced(good, "Hash: SHA256\n\n", hidden), {key.keyring()});
    CHECK(why.find(" does not match the text | ") != std::string::npos);
  }
}

TEST_CASE("a signature that is cut off is none") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const std::string good = key.sign(text);
  const std::string cut = good.substr(0, good.find("-----BEGIN PGP SIGNATURE"));
  CHECK(refused(cut, {key.keyring()}) == broken("it is not signed"));
}
