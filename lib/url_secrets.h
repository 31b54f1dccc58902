#pragma once

#include <string>
#include <vector>

namespace mlpack {

/// A URL without what may be secret in it: user name, password, query.
std::string url_without_secrets(std::string url);
/// `text` without the same of the URLs that stand in it, each up to a blank, a quote or `<>`.
std::string without_url_secrets(const std::string& text);
/// The same for words that somebody else wrote, where what is behind a host stands alone, too:
/// `/files/x.whl?sig=…`.
std::string without_queries(const std::string& words);

/// The URLs in a text, ended by quotes or blanks, that have a user name, a password or a query;
/// without what is behind `#`.
std::vector<std::string> secret_urls_in(const std::string& text);

}  // namespace mlpack
