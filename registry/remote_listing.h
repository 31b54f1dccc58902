#pragma once

#include "lib/remote.h"

#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// `listing` as text that `parse_remote_listing` reads back.
std::string write_remote_listing(const RemoteListing& listing);
/// nullopt where `text` is no listing of this version, or has files that could not be listed.
std::optional<RemoteListing> parse_remote_listing(std::string_view text);

}  // namespace mlpack
