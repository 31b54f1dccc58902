#include "tests/unit/cli/golden.h"

#include "lib/file.h"

#include <cstdlib>

namespace mlpack::test {

std::string golden(const std::string& name, const std::string& actual) {
  const fs::path path = fs::path(MLPACK_SOURCE_DIR) / "tests/golden" / name;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): tests set no variables
  if (std::getenv("MLPACK_ACCEPT") != nullptr) write_file(path, actual);
  return read_file_if_exists(path, 1 << 20).value_or("(there is no " + path.string() + ")");
}

}  // namespace mlpack::test
