#pragma once

#include <string>

namespace mlpack {

/// `text` without what may be secret in the URLs that stand in it: user names, passwords, queries.
std::string without_url_secrets(const std::string& text);

}  // namespace mlpack
