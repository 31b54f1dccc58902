#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mlpack {

/// A release number of one to four parts: `525.60.13`, `9.0`. Compared part by part, where a part
/// that is not there counts as 0; text() is what was parsed, leading zeros (`545.23.06`) included.
class Version {
 public:
  /// nullopt for anything but numbers of at most six digits between single dots.
  static constexpr std::optional<Version> parse(std::string_view text);

  constexpr std::string_view text() const { return {text_.data(), length_}; }
  /// From 0 on; at most 3.
  constexpr std::uint32_t part(std::size_t index) const { return parts_[index]; }
  constexpr std::size_t size() const { return size_; }
  /// Whether the first two parts, or the only one there is, are those of `other`.
  constexpr bool same_minor(const Version& other) const {
    return parts_[0] == other.parts_[0] && parts_[1] == other.parts_[1];
  }

  friend constexpr std::strong_ordering operator<=>(const Version& a, const Version& b) {
    return a.parts_ <=> b.parts_;
  }
  friend constexpr bool operator==(const Version& a, const Version& b) {
    return a.parts_ == b.parts_;
  }

 private:
  static constexpr std::size_t longest = 27;

  constexpr Version() = default;

  std::array<std::uint32_t, 4> parts_{};
  std::array<char, longest> text_{};
  std::uint8_t size_ = 0;
  std::uint8_t length_ = 0;
};

/// The compute capability that a compiler's target names: 90 is 9.0, and 121 is 12.1; nullopt for
/// anything but two or three digits.
constexpr std::optional<Version> version_of_target(std::string_view target);

constexpr std::optional<Version> Version::parse(std::string_view text) {
  if (text.size() > longest) return std::nullopt;
  Version version;
  std::size_t digits = 0;
  for (const char c : text) {
    version.text_[version.length_++] = c;
    if (c == '.') {
      if (digits == 0 || ++version.size_ == version.parts_.size()) return std::nullopt;
      digits = 0;
    } else {
      if (c < '0' || c > '9' || ++digits > 6) return std::nullopt;
      std::uint32_t& part = version.parts_[version.size_];
      part = part * 10 + static_cast<std::uint32_t>(c - '0');
    }
  }
  if (digits == 0) return std::nullopt;
  ++version.size_;
  return version;
}

constexpr std::optional<Version> version_of_target(std::string_view target) {
  if (target.size() < 2 || target.size() > 3) return std::nullopt;
  std::array<char, 4> text{};
  std::size_t length = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (i + 1 == target.size()) text[length++] = '.';
    text[length++] = target[i];
  }
  return Version::parse({text.data(), length});
}

}  // namespace mlpack
