#pragma once

#include <string>

namespace mlpack {

/// `text` without what may be secret in the URLs that stand in it: user names, passwords, queries.
std::string without_url_secrets(const std::string& text);
/// The same for words that somebody else wrote, where what is behind a host stands alone, too:
/// `/files/x.whl?sig=…`.
std::string without_queries(const std::string& words);

}  // namespace mlpack
