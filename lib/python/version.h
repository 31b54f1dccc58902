#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// A version of a Python package (PEP 440). Parsing is the only way in from text; versions that
/// mean the same (`1.0` and `1.0.0`, `1.0-RC.1` and `1.0rc1`) are equal.
class PythonVersion {
 public:
  /// nullopt for what PEP 440 does not know, and for numbers of more than 18 digits.
  static std::optional<PythonVersion> parse(std::string_view text);

  enum class Phase { alpha, beta, candidate };
  struct Pre {
    Phase phase = Phase::alpha;
    std::uint64_t number = 0;
    auto operator<=>(const Pre&) const = default;
  };

  const std::vector<std::uint64_t>& release() const { return release_; }
  bool has_local() const { return !local_.empty(); }
  /// Pre-releases and development releases.
  bool is_prerelease() const { return pre_ || dev_; }
  bool is_postrelease() const { return post_.has_value(); }
  /// Without the local part.
  PythonVersion public_version() const;
  /// Epoch and release alone.
  PythonVersion base_version() const;
  /// The normal form: `1!2.0rc1.post2.dev3+local.4`.
  std::string text() const;

  /// Whether it is an epoch and a release and nothing more.
  bool is_series() const;
  /// Whether it begins with `prefix`, a series, as `== prefix.*` has it: missing parts are 0.
  bool begins_with(const PythonVersion& prefix) const;

  std::strong_ordering operator<=>(const PythonVersion& other) const;
  bool operator==(const PythonVersion& other) const { return (*this <=> other) == 0; }

 private:
  friend class PythonVersionParser;
  // A part of the local version: text, or a number, which is greater than any text.
  using Local = std::pair<std::optional<std::uint64_t>, std::string>;

  std::uint64_t epoch_ = 0;
  std::vector<std::uint64_t> release_;
  std::optional<Pre> pre_;
  std::optional<std::uint64_t> post_;
  std::optional<std::uint64_t> dev_;
  std::vector<Local> local_;
};

}  // namespace mlpack
