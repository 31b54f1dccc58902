#include "lib/python/pylock.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

namespace {

// The example of PEP 751, shortened.
constexpr const char* example = R"(lock-version = '1.0'
environments = ["sys_platform == 'win32'", "sys_platform == 'linux'"]
requires-python = '>=3.11'
extras = ['Speed']
dependency-groups = ['dev']
default-groups = ['main']
created-by = 'mousebender'

[[packages]]
name = 'Attrs'
version = '25.1.0'
requires-python = '>=3.8'
wheels = [
  {name = 'attrs-25.1.0-py3-none-any.whl', upload-time = 2025-01-25T11:30:10.164985+00:00, url = 'https://files.example/attrs-25.1.0-py3-none-any.whl', size = 63152, hashes = {sha256 = 'c75a69e28a550a7e93789579c22aa26b0f5b83b75dc4e08fe092980051e1090a'}},
]
[[packages.attestation-identities]]
environment = 'release-pypi'
kind = 'GitHub'

[[packages]]
name = 'numpy'
version = '2.2.3'
marker = "'speed' in extras"
wheels = [
  {url = 'https://files.example/numpy-2.2.3-cp312-cp312-win_amd64.whl', hashes = {sha256 = '83807d445817326b4bcdaaaf8e8e9f1753da04341eceec705c001ff342002e5d'}},
  {path = 'wheels/numpy-2.2.3-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl', hashes = {sha256 = '5062dc1a4e32a10dc2b8b13cedd58988261416e811c1dc4dbdea4f57eea61b0d'}},
  {path = 'wheels/numpy-2.2.3-py3-none-any.whl', hashes = {sha256 = '5062dc1a4e32a10dc2b8b13cedd58988261416e811c1dc4dbdea4f57eea61b0d'}},
]

[[packages]]
name = 'old'
version = '1'
marker = "'dev' in dependency_groups"
sdist = {name = 'old-1.tar.gz', url = 'https://files.example/old-1.tar.gz', hashes = {sha256 = '5062dc1a4e32a10dc2b8b13cedd58988261416e811c1dc4dbdea4f57eea61b0d'}}
)";

PythonFacts python(const std::string& version, unsigned minor) {
  return {version,
          {3, minor, "x86_64", {LibcVersion::Kind::glibc, 2, 36}},
          linux_markers(version, "x86_64")};
}

std::string lines(const std::vector<Where>& problems) {
  std::string all;
  for (const Where& where : problems)
    all += std::to_string(where.line) + ": " + where.message + "\n";
  return all;
}

std::string pylock_problems(const std::string& text) {
  try {
    parse_pylock(text, "/p/pylock.toml");
  } catch (const Error& error) {
    return std::string(error.what()) + "\n" + lines(error.where());
  }
  return "none";
}

}  // namespace

TEST_CASE("of a lock those packages are chosen that fit the image") {
  const Pylock lock = parse_pylock(example, "/p/pylock.toml");
  const PythonSelection plain = select_pylock(lock, {}, python("3.12.1", 12));
  CHECK(lines(plain.problems).empty());
  REQUIRE(plain.packages.size() == 1);
  CHECK(plain.packages[0].name == "attrs");
  CHECK(plain.packages[0].size == 63152);
  CHECK(plain.packages[0].url == "https://files.example/attrs-25.1.0-py3-none-any.whl");
  const PythonSelection fast = select_pylock(lock, {{"speed"}, {}}, python("3.12.1", 12));
  REQUIRE(fast.packages.size() == 2);
  CHECK(fast.packages[1].path ==
        "/p/wheels/numpy-2.2.3-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
}

TEST_CASE("what keeps a lock from being installed is told at once") {
  const Pylock lock = parse_pylock(example, "/p/pylock.toml");
  CHECK(lines(select_pylock(lock, {{"fast"}, {"dev"}}, python("3.10.1", 10)).problems) ==
        "1: the lock has no extra `fast`; it has speed\n"
        "1: the lock is for another Python than 3.10.1: see its `requires-python`\n"
        "30: `old` 1 has only a source distribution: build a wheel of it with `pip wheel`, and "
        "lock that\n");
}

TEST_CASE("a package whose wheels are for others says which it has") {
  const std::string text =
      "lock-version = '1.0'\n[[packages]]\nname = 'x'\nversion = '1'\nwheels = [{url = "
      "'https://h.example/x-1-cp312-cp312-win_amd64.whl', hashes = {sha256 = '" +
      std::string(64, 'a') + "'}}]\n";
  CHECK(lines(select_pylock(parse_pylock(text, "p"), {}, python("3.12.0", 12)).problems) ==
        "2: no wheel of `x` 1 fits CPython 3.12 on x86_64 with glibc 2.36; the lock has "
        "x-1-cp312-cp312-win_amd64.whl\n");
}

TEST_CASE("locks that break the rules are refused, each problem with its place") {
  CHECK(pylock_problems("x = [").starts_with("`/p/pylock.toml` is no TOML\n1: "));
  CHECK(pylock_problems("a = 1\na = 2").starts_with("`/p/pylock.toml` is no TOML\n2: "));
  CHECK(pylock_problems("version = 1") ==
        "`/p/pylock.toml` has 1 problem\n1: `lock-version` is missing: is it a pylock.toml?\n");
  CHECK(pylock_problems("lock-version = '2.0'") ==
        "`/p/pylock.toml` has 1 problem\n1: `lock-version` is `2.0`; mlpack knows 1.0\n");
  CHECK(pylock_problems("lock-version = '1.0'\npackages = 3") ==
        "`/p/pylock.toml` has 1 problem\n1: `packages` is missing\n");
  CHECK(pylock_problems("lock-version = '1.0'\n[[packages]]\nversion = 'x'\n[[packages]]\nname = "
                        "'x'\nversion = 'y'\n"
                        "marker = 'z'\nrequires-python = 'q'\nwheels = [{url = "
                        "'https://h.example/y-1-py3-none-any.whl', size = -1}]") ==
        "`/p/pylock.toml` has 7 problems\n"
        "2: a package has no `name`\n"
        "4: `y` is no version\n"
        "4: `z` is no marker\n"
        "8: `q` is no condition on versions\n"
        "9: `size` must be a number of bytes\n"
        "9: `y-1-py3-none-any.whl` has no sha256\n"
        "9: `y-1-py3-none-any.whl` is no wheel of `x`\n");
  CHECK(pylock_problems("lock-version = '1.0'\n[[packages]]\nname = 'x'\nversion = '1'\n"
                        "wheels = [{name = '../x-1-py3-none-any.whl', url = "
                        "'https://h.example/x-1-py3-none-any.whl', hashes = {sha256 = '" +
                        std::string(64, 'a') + "'}}]") ==
        "`/p/pylock.toml` has 1 problem\n5: `../x-1-py3-none-any.whl` is no name of a wheel\n");
}
