#include "lib/oci/platform.h"

#include "lib/text.h"

#include <algorithm>
#include <array>
#include <vector>

namespace mlpack {
namespace {

struct Architecture {
  std::string_view go;
  std::string_view debian;
  std::string_view multiarch;
};

// What Go builds for on linux (go tool dist list), with Debian's names (dpkg-architecture).
constexpr std::array architectures{
    Architecture{"386", "i386", "i386-linux-gnu"},
    Architecture{"amd64", "amd64", "x86_64-linux-gnu"},
    Architecture{"arm", "armhf", "arm-linux-gnueabihf"},
    Architecture{"arm64", "arm64", "aarch64-linux-gnu"},
    Architecture{"loong64", "loong64", "loongarch64-linux-gnu"},
    Architecture{"mips", "mips", "mips-linux-gnu"},
    Architecture{"mips64", "mips64", "mips64-linux-gnuabi64"},
    Architecture{"mips64le", "mips64el", "mips64el-linux-gnuabi64"},
    Architecture{"mipsle", "mipsel", "mipsel-linux-gnu"},
    Architecture{"ppc64", "ppc64", "powerpc64-linux-gnu"},
    Architecture{"ppc64le", "ppc64el", "powerpc64le-linux-gnu"},
    Architecture{"riscv64", "riscv64", "riscv64-linux-gnu"},
    Architecture{"s390x", "s390x", "s390x-linux-gnu"},
};

struct Alias {
  std::string_view name;
  std::string_view architecture;
  std::string_view variant;
};

// What uname and distributions call them.
constexpr std::array aliases{
    Alias{"x86_64", "amd64", ""},
    Alias{"x86-64", "amd64", ""},
    Alias{"aarch64", "arm64", ""},
    Alias{"armhf", "arm", "v7"},
    Alias{"armel", "arm", "v6"},
    Alias{"i386", "386", ""},
    Alias{"i686", "386", ""},
    Alias{"ppc64el", "ppc64le", ""},
    Alias{"mips64el", "mips64le", ""},
    Alias{"mipsel", "mipsle", ""},
    Alias{"loongarch64", "loong64", ""},
};

const Architecture* find_architecture(std::string_view name) {
  const auto* const found = std::find_if(architectures.begin(),
                                         architectures.end(),
                                         [&](const Architecture& a) { return a.go == name; });
  return found == architectures.end() ? nullptr : found;
}

bool is_variant(std::string_view text) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789.";
  return !text.empty() && text.size() <= 16 &&
         text.find_first_not_of(letters) == std::string_view::npos;
}

// The variant that an architecture means where none is named, and how it is written.
void normalise_variant(Platform& platform) {
  if (platform.architecture == "arm64" && platform.variant == "v8") platform.variant.clear();
  if (platform.architecture == "amd64" && platform.variant == "v1") platform.variant.clear();
  if (platform.architecture == "arm" && platform.variant.empty()) platform.variant = "v7";
}

std::optional<Platform> from_parts(std::string_view architecture, std::string_view variant) {
  Platform platform;
  const auto* const alias = std::find_if(
      aliases.begin(), aliases.end(), [&](const Alias& a) { return a.name == architecture; });
  if (alias != aliases.end()) {
    platform.architecture = alias->architecture;
    platform.variant = variant.empty() ? alias->variant : variant;
  } else {
    platform.architecture = architecture;
    platform.variant = variant;
  }
  if (find_architecture(platform.architecture) == nullptr) return std::nullopt;
  if (!variant.empty() && !is_variant(variant)) return std::nullopt;
  normalise_variant(platform);
  return platform;
}

// Debian builds soft-float arm for the older variants.
bool is_old_arm(const Platform& platform) {
  return platform.architecture == "arm" && (platform.variant == "v5" || platform.variant == "v6");
}

}  // namespace

std::optional<Platform> Platform::parse(std::string_view text) {
  const std::string lower = to_lower(text.substr(0, 64));
  if (text.size() > lower.size()) return std::nullopt;
  std::vector<std::string_view> parts = split(lower, '/');
  if (parts.front() == "linux") {
    parts.erase(parts.begin());
  } else if (parts.size() == 3) {
    return std::nullopt;
  }
  if (parts.empty() || parts.size() > 2) return std::nullopt;
  if (parts.size() == 2 && parts[1].empty()) return std::nullopt;
  return from_parts(parts[0], parts.size() == 2 ? parts[1] : std::string_view());
}

Platform Platform::host() {
#if defined(__x86_64__)
  return {"linux", "amd64", ""};
#elif defined(__aarch64__)
  return {"linux", "arm64", ""};
#elif defined(__arm__)
  return {"linux", "arm", "v7"};
#elif defined(__i386__)
  return {"linux", "386", ""};
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
  return {"linux", "ppc64le", ""};
#elif defined(__s390x__)
  return {"linux", "s390x", ""};
#elif defined(__riscv) && __riscv_xlen == 64
  return {"linux", "riscv64", ""};
#else
#error "name this architecture as Go does"
#endif
}

std::string Platform::text() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

std::string debian_architecture(const Platform& platform) {
  if (is_old_arm(platform)) return "armel";
  const Architecture* const found = find_architecture(platform.architecture);
  return found == nullptr ? platform.architecture : std::string(found->debian);
}

std::string multiarch(const Platform& platform) {
  if (is_old_arm(platform)) return "arm-linux-gnueabi";
  const Architecture* const found = find_architecture(platform.architecture);
  return found == nullptr ? platform.architecture + "-linux-gnu" : std::string(found->multiarch);
}

std::string uname_machine(const Platform& platform) {
  const std::string& architecture = platform.architecture;
  if (architecture == "amd64") return "x86_64";
  if (architecture == "arm64") return "aarch64";
  if (architecture == "386") return "i686";
  if (architecture == "arm") return platform.variant == "v6" ? "armv6l" : "armv7l";
  return architecture;
}

}  // namespace mlpack
