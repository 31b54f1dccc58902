#pragma once

#include <string>
#include <vector>

namespace mlpack {

/// `text` without what may be secret in the URLs that stand in it: user names, passwords, queries.
std::string without_url_secrets(const std::string& text);
/// The same for words that somebody else wrote, where what is behind a host stands alone, too:
/// `/files/x.whl?sig=…`.
std::string without_queries(const std::string& words);

/// The URLs in a text, ended by quotes or blanks, that have a user name, a password or a query;
/// without what is behind `#`.
std::vector<std::string> secret_urls_in(const std::string& text);

}  // namespace mlpack
