#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1). Scheme and names are lower case.
struct Challenge {
  std::string scheme;
  std::map<std::string, std::string> parameters;
};

/// The challenges of one header value, in order. Whatever cannot be read ends the list: no input
/// makes it fail.
std::vector<Challenge> parse_challenges(std::string_view text);

}  // namespace mlpack
