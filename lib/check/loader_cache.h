#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What ldconfig wrote into /etc/ld.so.cache: the places of a library, by its name. Of any bytes:
/// what cannot be read of them is not there.
using LoaderCache = std::map<std::string, std::vector<std::string>, std::less<>>;
LoaderCache parse_loader_cache(std::string_view bytes);

}  // namespace mlpack
