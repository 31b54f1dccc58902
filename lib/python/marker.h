#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace mlpack {

/// What markers ask about. The image's Python, not the host's.
struct MarkerEnvironment {
  std::map<std::string, std::string, std::less<>> values;  // `python_version` → `3.11`
  std::set<std::string, std::less<>> extras;               // normalised (PEP 685)
  std::set<std::string, std::less<>> groups;               // normalised (PEP 735)
};

/// Of CPython `full_version` (`3.11.2`) on linux, on a `machine` as uname has it (`x86_64`).
MarkerEnvironment linux_markers(const std::string& full_version, const std::string& machine);

/// Whether the environment marker `text` (PEP 508; `extras` and `dependency_groups` as PEP 751 has
/// them) holds; nullopt for what is no marker. An empty text always holds. `extra == 'x'` holds
/// where x is one of the extras.
std::optional<bool> evaluate_marker(std::string_view text, const MarkerEnvironment& environment);

}  // namespace mlpack
