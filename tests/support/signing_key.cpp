#include "tests/support/signing_key.h"

#include "tests/unit/layers/support.h"

namespace mlpack::test {

bool SigningKey::available() {
  const bool found =
      output_of("command -v gpg && command -v gpg-agent && command -v gpgv || echo no")
          .find("no\n") == std::string::npos;
  if (!found) MESSAGE("skipped: gpg, gpg-agent or gpgv is not installed");
  return found;
}

SigningKey::SigningKey() {
  fs::permissions(home_.path(), fs::perms::owner_all);
  gpg("--pinentry-mode loopback --passphrase '' --quick-generate-key test@example.com ed25519 sign "
      "never");
  gpg("--export --output " + keyring().string());
}

SigningKey::~SigningKey() {
  output_of("gpgconf --homedir " + home_.path().string() + " --kill gpg-agent || true");
}

std::string SigningKey::sign(std::string_view text, const std::string& hash) const {
  const fs::path plain = home_.write("text", text);
  gpg("--yes --allow-weak-digest-algos --digest-algo " + hash + " --output " +
      (home_ / "text.asc").string() + " --clearsign " + plain.string());
  return home_.read("text.asc");
}

std::string SigningKey::gpg(const std::string& arguments) const {
  return output_of("gpg --homedir " + home_.path().string() + " --batch --quiet --no-tty " +
                   arguments);
}

}  // namespace mlpack::test
