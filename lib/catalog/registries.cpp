#include "lib/catalog/registries.h"

#include "lib/catalog/tables.h"

#include <fnmatch.h>

#include <algorithm>

namespace mlpack {

const Registry* find_registry(const std::string& host) {
  const auto is_host = [&](std::string_view pattern) {
    return ::fnmatch(std::string(pattern).c_str(), host.c_str(), 0) == 0;
  };
  for (const Registry& row : tables::registries) {
    if (std::any_of(row.hosts.begin(), row.hosts.end(), is_host)) return &row;
  }
  return nullptr;
}

}  // namespace mlpack
