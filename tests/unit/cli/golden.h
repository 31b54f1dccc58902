#pragma once

#include <string>

namespace mlpack::test {

/// The text of tests/golden/`name`. With MLPACK_ACCEPT=1 in the environment `actual` is written
/// there first: the change is then reviewed in git.
std::string golden(const std::string& name, const std::string& actual);

}  // namespace mlpack::test
