#pragma once

#include "lib/python/version.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// One condition on a version (PEP 440, "Version specifiers"): `>=1.0`, `==2.*`, `~=1.4.5`.
class PythonSpecifier {
 public:
  enum class Operator { compatible, equal, not_equal, at_most, at_least, less, greater, arbitrary };

  /// An operator and a version, with blanks between them; else nullopt.
  static std::optional<PythonSpecifier> parse(std::string_view text);

  /// Pre-releases count as any other version: whoever locked them wanted them.
  bool contains(const PythonVersion& version) const;
  /// The version that `==` and `===` name alone; nullopt for the others and for `==1.*`.
  std::optional<PythonVersion> pinned() const;
  /// Its normal form: `>=1.0`.
  std::string text() const;

 private:
  Operator operator_ = Operator::equal;
  std::string text_;  // the version as written
  std::optional<PythonVersion> version_;
  enum class Match { whole, prefix } match_ = Match::whole;
};

/// Conditions that must all hold, separated by commas; none: everything fits.
class PythonSpecifiers {
 public:
  static std::optional<PythonSpecifiers> parse(std::string_view text);

  bool contains(const PythonVersion& version) const;
  /// The version that one of them pins.
  std::optional<PythonVersion> pinned() const;
  bool empty() const { return all_.empty(); }
  /// The normal forms, sorted: the same for the same conditions in another order.
  std::string text() const;

 private:
  std::vector<PythonSpecifier> all_;
};

}  // namespace mlpack
