#include "tests/support/temp_dir.h"

#include "lib/error.h"

#include <cstdlib>

namespace mlpack::test {

TempDir::TempDir() {
  std::string name = (fs::temp_directory_path() / "mlpack-test.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    fail(Fault::disk, "cannot create a temporary folder");
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;  // a test that made a folder unreadable must not abort the run
  fs::remove_all(path_, ignored);
}

fs::path TempDir::write(std::string_view name, std::string_view text) const {
  const fs::path path = path_ / name;
  write_file(path, text);
  return path;
}

std::string TempDir::read(std::string_view name) const {
  return read_file(path_ / name, std::uint64_t{1} << 30);
}

}  // namespace mlpack::test
