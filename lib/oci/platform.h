#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// `os/architecture[/variant]` in Go's names (OCI image-spec 1.1, image-index.md). Always
/// normalised: `aarch64` and `arm64/v8` become `arm64`, `x86_64` becomes `amd64`; `arm` without a
/// variant is `arm/v7`.
struct Platform {
  std::string os = "linux";
  std::string architecture;
  std::string variant;

  /// `linux/amd64`, `linux/arm64`, `amd64` …; only linux, and only architectures that Go knows;
  /// else nullopt.
  static std::optional<Platform> parse(std::string_view text);
  /// The platform mlpack itself was built for.
  static Platform host();

  std::string text() const;
  auto operator<=>(const Platform&) const = default;
};

/// The distribution's name for the architecture: `amd64`, `arm64`, `armhf`, `i386`, `ppc64el`,
/// `s390x`, `riscv64`.
std::string debian_architecture(const Platform& platform);
/// The GNU multiarch triplet (`x86_64-linux-gnu`).
std::string multiarch(const Platform& platform);
/// The architecture as `uname -m`, wheels and markers call it: `x86_64`, `aarch64`.
std::string uname_machine(const Platform& platform);

}  // namespace mlpack
