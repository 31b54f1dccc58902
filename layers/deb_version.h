#pragma once

#include <string_view>

namespace mlpack {

/// Orders two package versions `[epoch:]upstream[-revision]` as dpkg does (deb-version(7)):
/// negative where `a` is older, 0 where they are equal, positive where it is newer.
int compare_deb_versions(std::string_view a, std::string_view b);

}  // namespace mlpack
