#include "lib/python/marker.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

namespace {

std::optional<bool> marker_holds(std::string_view marker) {
  MarkerEnvironment environment = linux_markers("3.11.2", "x86_64");
  environment.extras = {"cuda-12"};
  environment.groups = {"dev"};
  return evaluate_marker(marker, environment);
}

}  // namespace

TEST_CASE("markers are asked of the image's Python") {
  CHECK(marker_holds("") == true);
  CHECK(marker_holds("python_version >= '3.8'") == true);
  CHECK(marker_holds("python_version < '3.9'") == false);
  CHECK(marker_holds("'3.11.1' < python_full_version") == true);
  CHECK(marker_holds("sys_platform == 'linux' and platform_machine == \"x86_64\"") == true);
  CHECK(marker_holds("sys_platform == 'win32' or os_name == 'posix'") == true);
  CHECK(marker_holds(
            "(sys_platform == 'win32' or os_name == 'posix') and python_version ~= '3.11'") ==
        true);
  CHECK(marker_holds("platform_system != 'Linux'") == false);
  CHECK(marker_holds("implementation_name in 'cpython pypy'") == true);
  CHECK(marker_holds("platform_machine not in 'arm64 aarch64'") == true);
  CHECK(marker_holds("os.name == 'posix' and python_implementation == 'CPython'") == true);
  CHECK(marker_holds("python_version == '3.*'") == true);
  CHECK(marker_holds("platform_release >= '20'") == false);
}

TEST_CASE("extras and groups are asked by their normal names") {
  CHECK(marker_holds("extra == 'CUDA_12'") == true);
  CHECK(marker_holds("extra == 'cpu'") == false);
  CHECK(marker_holds("extra != 'cpu'") == true);
  CHECK(marker_holds("'cuda.12' in extras") == true);
  CHECK(marker_holds("'Dev' in dependency_groups and 'x' not in dependency_groups") == true);
}

TEST_CASE("what is no marker is told from what is one") {
  for (const char* text : {"python_version",
                           "python_version >=",
                           "== '3'",
                           "x == '1'",
                           "'a' == 'a",
                           "(os_name == 'a'",
                           "os_name == 'a')",
                           "os_name = 'a'",
                           "os_name == 'a' nand os_name",
                           "os_name not 'a'",
                           "extra in 'x'",
                           "extras == 'a'",
                           "python_version ~= 'x'"}) {
    CAPTURE(text);
    CHECK_FALSE(marker_holds(text));
  }
  CHECK_FALSE(marker_holds(std::string(100'000, '(')));
}
