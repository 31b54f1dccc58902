#pragma once

#include <span>
#include <string_view>

namespace mlpack {

/// The accounts that every system of the family has (package base-passwd), as lines of /etc/passwd
/// and /etc/group, root first. Nobody can log in.
std::span<const std::string_view> debian_passwd();
std::span<const std::string_view> debian_group();

}  // namespace mlpack
