#pragma once

#include "lib/sink.h"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// A sha256 digest (OCI image-spec 1.1, descriptor.md). A value that exists is well formed: text
/// becomes one only by `parse`, so it is safe in paths and URLs.
class Digest {
 public:
  /// `sha256:` and 64 lower-case hexadecimal digits; anything else, other algorithms included, is
  /// nullopt.
  static std::optional<Digest> parse(std::string_view text);
  /// 64 lower-case hexadecimal digits.
  static std::optional<Digest> from_hex(std::string_view hex);
  static Digest of(Bytes bytes);
  static Digest of(std::string_view text) { return of(as_bytes(text)); }

  std::string hex() const;
  std::string text() const { return "sha256:" + hex(); }
  /// The first 12 digits, for people.
  std::string short_hex() const { return hex().substr(0, 12); }

  auto operator<=>(const Digest&) const = default;

  using Raw = std::array<std::uint8_t, 32>;
  explicit Digest(const Raw& raw) : raw_(raw) {}
  const Raw& raw() const { return raw_; }

 private:
  Raw raw_;
};

/// sha256 of all that is written to it. `finish` may be called once; `bytes` counts what came in.
class Hasher : public Sink {
 public:
  Hasher();
  ~Hasher() override;
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void write(Bytes bytes) override;
  Digest finish();
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t bytes_ = 0;
};

/// Reads `source` to its end and returns its digest.
Digest digest_of(Source& source);

}  // namespace mlpack

template <>
struct std::hash<mlpack::Digest> {
  std::size_t operator()(const mlpack::Digest& digest) const noexcept;
};
