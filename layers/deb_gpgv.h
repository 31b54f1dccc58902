#pragma once

#include "lib/file.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The text inside a clear-signed `InRelease`, as `gpgv` found it signed by a key of `keyrings`: at
/// least one good signature with SHA-2, none that is bad. Text outside of the signature is never
/// returned. No shell, no home folder, no network. `url` is for messages. Fault::integrity where
/// the signature does not hold, Fault::input where gpgv is not installed.
std::string verify_clear_signed(std::string_view signed_text,
                                const std::vector<fs::path>& keyrings,
                                const std::string& url);

}  // namespace mlpack
