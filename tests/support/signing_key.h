#pragma once

#include "tests/support/temp_dir.h"

#include <string>
#include <string_view>

namespace mlpack::test {

/// A key that lives as long as the value, made by `gpg`.
class SigningKey {
 public:
  /// Whether gpg, gpg-agent and gpgv are installed; where they are not, a test says so and has
  /// nothing to do.
  static bool available();

  SigningKey();
  ~SigningKey();
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  /// The public key, as gpgv takes it.
  fs::path keyring() const { return home_ / "keyring.gpg"; }
  /// `text` clear-signed, as an `InRelease` is.
  std::string sign(std::string_view text, const std::string& hash = "SHA256") const;

 private:
  std::string gpg(const std::string& arguments) const;

  TempDir home_;
};

}  // namespace mlpack::test
