#pragma once

#include "lib/python/version.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What a wheel's file name says: `NAME-VERSION(-BUILD)?-PYTHON-ABI-PLATFORM.whl`.
struct WheelName {
  std::string name;     // normalised
  std::string version;  // as written
  PythonVersion parsed;
  std::string build;              // `1_cuda`; mostly empty
  std::vector<std::string> tags;  // `cp311-cp311-manylinux_2_17_x86_64`, sets written out
};

/// nullopt for what is no name of a wheel.
std::optional<WheelName> parse_wheel_name(std::string_view file);

/// The C library of an image, as far as it is known.
struct LibcVersion {
  enum class Kind { glibc, musl };
  Kind kind = Kind::glibc;
  unsigned major = 2;
  unsigned minor = 17;
};

/// CPython in an image.
struct PythonTarget {
  unsigned major = 3;
  unsigned minor = 0;
  std::string machine;  // as uname has it: `x86_64`, `aarch64`
  LibcVersion libc;
};

/// The tags that a Python can use, the best first (PEP 425, 600, 656).
class SupportedTags {
 public:
  explicit SupportedTags(const PythonTarget& target);
  /// How good a wheel is, the smallest number being the best; nullopt where it cannot be used.
  std::optional<std::size_t> rank(const std::vector<std::string>& tags) const;
  const std::vector<std::string>& all() const { return all_; }

 private:
  void add(std::string tag);

  std::vector<std::string> all_;
  std::map<std::string, std::size_t, std::less<>> ranks_;
};

/// Whether `left` is the better of two wheels of one package: a newer version, better tags, a
/// higher build number, in this order. Both must fit.
bool is_better_wheel(const WheelName& left, const WheelName& right, const SupportedTags& tags);

}  // namespace mlpack
