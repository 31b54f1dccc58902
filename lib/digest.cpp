#include "lib/digest.h"

#include "lib/error.h"

#include <openssl/evp.h>

#include <cstring>

namespace mlpack {
namespace {

constexpr std::string_view prefix = "sha256:";

struct FreeMd {
  void operator()(EVP_MD* md) const { EVP_MD_free(md); }
};

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

void check(int result, const char* call) {
  if (result != 1) {
    fail(Fault::internal, "openssl: {} failed", call);
  }
}

// Fetching the algorithm once is four times cheaper per small hash than EVP_sha256().
const EVP_MD* sha256() {
  static const std::unique_ptr<EVP_MD, FreeMd> md(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  if (!md) {
    fail(Fault::internal, "openssl: this build has no SHA-256");
  }
  return md.get();
}

std::optional<std::uint8_t> nibble(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

}  // namespace

std::optional<Digest> Digest::parse(std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return from_hex(text.substr(prefix.size()));
}

std::optional<Digest> Digest::from_hex(std::string_view hex) {
  Raw raw{};
  if (hex.size() != raw.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto high = nibble(hex[2 * i]);
    const auto low = nibble(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    raw[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return Digest(raw);
}

Digest Digest::of(Bytes bytes) {
  Hasher hasher;
  hasher.write(bytes);
  return hasher.finish();
}

std::string Digest::hex() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(raw_.size() * 2);
  for (const std::uint8_t byte : raw_) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

struct Hasher::State {
  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  if (!state_->context) {
    fail(Fault::internal, "openssl: no memory for a digest context");
  }
  check(EVP_DigestInit_ex2(state_->context.get(), sha256(), nullptr), "EVP_DigestInit_ex2");
}

Hasher::~Hasher() = default;

void Hasher::write(Bytes bytes) {
  check(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()), "EVP_DigestUpdate");
  bytes_ += bytes.size();
}

Digest Hasher::finish() {
  Digest::Raw raw{};
  check(EVP_DigestFinal_ex(state_->context.get(), raw.data(), nullptr), "EVP_DigestFinal_ex");
  return Digest(raw);
}

Digest digest_of(Source& source) {
  Hasher hasher;
  copy(source, hasher);
  return hasher.finish();
}

}  // namespace mlpack

std::size_t std::hash<mlpack::Digest>::operator()(const mlpack::Digest& digest) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, digest.raw().data(), sizeof value);
  return value;
}
