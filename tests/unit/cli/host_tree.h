#pragma once

#include "lib/file.h"

#include <string>
#include <vector>

namespace mlpack::test {

/// The names of the hosts in tests/data/hosts, sorted.
std::vector<std::string> host_names();

/// Expands the host `name` into the folder `root` (the format is in tests/data/hosts/README.md).
void make_host(const std::string& name, const fs::path& root);

}  // namespace mlpack::test
