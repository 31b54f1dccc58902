#pragma once

#include "lib/catalog/version.h"
#include "lib/python/specifier.h"

#include <compare>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Releases of runtimes are not always Versions (`0.8.5.post1`, `26.07`, `0.30.0-0.33.0`): their
/// runs of digits are compared as numbers and are more than anything else, the rest as text, and
/// `rc` is before nothing.
std::strong_ordering compare_releases(std::string_view a, std::string_view b);

/// Whether a row for `row`, which may be a range (`0.30.0-0.33.0`, both ends included), is about
/// `release`.
bool covers_release(std::string_view row, std::string_view release);

/// The last release of a range; of one release itself.
std::string_view last_release(std::string_view row);

/// Whether `release` is one that `specifier` takes: clauses of PEP 440, with commas between them;
/// empty: any. Local labels (`+cu128`) do not count here.
bool takes_release(std::string_view specifier, const Version& release);

/// The same of many releases: the specifier is read once.
class ReleaseSpecifier {
 public:
  explicit ReleaseSpecifier(std::string_view specifier);
  bool takes(const Version& release) const { return takes(release.text()); }
  bool takes(std::string_view release) const;

 private:
  bool takes_any_;
  std::optional<PythonSpecifiers> wanted_;
};

/// The release that `==2.15.0` pins; empty where `specifier` pins none.
std::string pinned_release(std::string_view specifier);

/// The local label that `specifier` asks for (`cu128` of `==2.9.0+cu128`); empty: none.
std::string_view local_label(std::string_view specifier);

/// Versions of Python by a table's `python` column, whose texts live as long; each is read once.
class NamedPythons {
 public:
  explicit NamedPythons(std::span<const Version> all) : all_(all) {}
  /// Those of `all` that `text` (`>=3.9,<3.13`, `3.6-3.8`, `3.12.3`) names; empty where it says
  /// nothing.
  const std::vector<Version>& in(std::string_view text);

 private:
  std::span<const Version> all_;
  std::map<std::string_view, std::vector<Version>> known_;
};

}  // namespace mlpack
