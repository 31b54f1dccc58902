#pragma once

#include "lib/error.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Packages of which `--no-binary` wants no wheels (pip, "pip install", requirements file format).
/// A later line takes back what an earlier one says.
class ExcludedWheels {
 public:
  /// `--no-binary NAMES` at `where`; `:none:` takes all back.
  void add(std::string_view names, const Where& where);
  /// `--only-binary NAMES`; `:all:` takes all back.
  void take_back(std::string_view names);
  /// Puts what is left among `problems`, which are in the order of their lines.
  void tell(std::vector<Where>& problems) const;

 private:
  std::map<std::string, Where> lines_;  // by the package
};

}  // namespace mlpack
