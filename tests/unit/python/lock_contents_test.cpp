#include "lib/python/lock_contents.h"

#include "lib/error.h"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

using namespace mlpack;

namespace {

// As uv 0.8 writes it, without what is not read.
constexpr const char* project_lock = R"(version = 1
revision = 2
requires-python = ">=3.10"
resolution-markers = ["sys_platform == 'linux'", "sys_platform != 'linux'"]

[[package]]
name = "demo"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "sentence-transformers" },
    { name = "jax", extra = ["cuda12"] },
    { name = "tomli", marker = "python_full_version < '3.11'" },
]

[package.optional-dependencies]
serve = [{ name = "onnxruntime-gpu" }]

[package.dev-dependencies]
dev = [{ name = "tensorflow" }]

[[package]]
name = "sentence-transformers"
version = "5.1.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [
    { name = "torch", version = "2.9.0", source = { registry = "https://pypi.org/simple" }, marker = "sys_platform != 'linux'" },
    { name = "torch", version = "2.9.0+cu128", source = { registry = "https://download.pytorch.org/whl/cu128" }, marker = "sys_platform == 'linux'" },
]

[[package]]
name = "torch"
version = "2.9.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["sys_platform != 'linux'"]

[[package]]
name = "torch"
version = "2.9.0+cu128"
source = { registry = "https://download.pytorch.org/whl/cu128" }
resolution-markers = ["sys_platform == 'linux'"]
dependencies = [
    { name = "nvidia-cuda-runtime-cu12", marker = "platform_machine == 'x86_64' and sys_platform == 'linux'" },
    { name = "sentence-transformers" },
]

[[package]]
name = "nvidia-cuda-runtime-cu12"
version = "12.8.90"

[[package]]
name = "jax"
version = "0.7.0"

[package.optional-dependencies]
cuda12 = [{ name = "jax-cuda12-plugin" }]

[[package]]
name = "jax-cuda12-plugin"
version = "0.7.0"

[[package]]
name = "onnxruntime-gpu"
version = "1.23.0"

[[package]]
name = "tensorflow"
version = "2.20.0"

[[package]]
name = "tomli"
version = "2.2.1"
)";

MarkerEnvironment image(const std::string& python, const std::string& machine = "x86_64") {
  return linux_markers(python, machine);
}

std::string versions_in(std::string_view text,
                        const std::vector<MarkerEnvironment>& images,
                        const char* file = "uv.lock") {
  std::vector<std::size_t> all(images.size());
  std::iota(all.begin(), all.end(), 0);
  std::string found;
  for (const LockedVersion& package : locked_versions(lock_contents(text, file, images), all))
    found += package.name + "==" + package.version + ";";
  return found;
}

std::string pylock_versions(const std::string& packages,
                            const std::vector<MarkerEnvironment>& images) {
  return versions_in("lock-version = \"1.0\"\n" + packages, images, "pylock.toml");
}

}  // namespace

TEST_CASE("of a uv.lock counts what its project needs in the image") {
  CHECK(versions_in(project_lock, {image("3.12")}) ==
        "jax==0.7.0;jax-cuda12-plugin==0.7.0;nvidia-cuda-runtime-cu12==12.8.90;"
        "sentence-transformers==5.1.0;torch==2.9.0+cu128;");
  CHECK(versions_in(project_lock, {image("3.10", "aarch64")}) ==
        "jax==0.7.0;jax-cuda12-plugin==0.7.0;sentence-transformers==5.1.0;tomli==2.2.1;"
        "torch==2.9.0+cu128;");
}

TEST_CASE("extras and groups of a uv.lock count where they are wanted") {
  MarkerEnvironment wanted = image("3.12");
  wanted.extras = {"serve"};
  CHECK(versions_in(project_lock, {wanted}).find("onnxruntime-gpu==1.23.0;") != std::string::npos);
  CHECK(versions_in(project_lock, {wanted}).find("tensorflow") == std::string::npos);
  wanted.groups = {"dev"};
  CHECK(versions_in(project_lock, {wanted}).find("tensorflow==2.20.0;") != std::string::npos);
}

TEST_CASE("a lock says for which Pythons it is, and which wheels its packages have") {
  const std::vector<MarkerEnvironment> images{image("3.11"), image("3.14")};
  const LockContents of_uv = lock_contents(
      "requires-python = \">=3.11, <3.15\"\n"
      "[[package]]\nname = \"demo\"\nversion = \"1\"\nsource = { virtual = \".\" }\n"
      "dependencies = [{ name = \"a\", marker = \"python_full_version < '3.12'\" }]\n"
      "[[package]]\nname = \"a\"\nversion = \"2+cu1\"\nwheels = [\n"
      "  { url = \"https://files.example.com/a-2%2Bcu1-cp311-cp311-linux_x86_64.whl\" },\n"
      "  { filename = \"a-2+cu1-cp312-cp312-win_amd64.whl\" }, { path = \"no-wheel.zip\" },\n"
      "  { path = \"x/a-2+cu1-py3-none-any.whl\" }]\n",
      "uv.lock",
      images);
  CHECK(of_uv.python.text() == "<3.15,>=3.11");
  REQUIRE(of_uv.installed == std::vector<std::vector<std::size_t>>{{0}, {}});
  CHECK(of_uv.packages[0].version == "2+cu1");
  CHECK(of_uv.packages[0].wheel_tags == std::vector<std::string>{"cp311-cp311-linux_x86_64",
                                                                 "cp312-cp312-win_amd64",
                                                                 "py3-none-any"});
  const LockContents of_pylock = lock_contents(
      "lock-version = \"1.0\"\nrequires-python = \">=3.10\"\n"
      "[[packages]]\nname = \"a\"\nversion = \"1\"\nrequires-python = \"<3.12\"\n"
      "wheels = [{name = \"a-1-cp311-abi3-linux_x86_64.whl\", hashes = {sha256 = \"" +
          std::string(64, 'a') + "\"}}]\n",
      "pylock.toml",
      images);
  CHECK(of_pylock.python.text() == ">=3.10");
  REQUIRE(of_pylock.installed == std::vector<std::vector<std::size_t>>{{0}, {0}});
  CHECK(of_pylock.packages[0].python.text() == "<3.12");
  CHECK(of_pylock.packages[0].wheel_tags == std::vector<std::string>{"cp311-abi3-linux_x86_64"});
}

TEST_CASE("a lock says for which environments it is") {
  const std::vector images{image("3.12")};
  const std::string markers = " = [\"sys_platform == 'linux'\"]\n";
  using Texts = std::vector<std::string>;
  CHECK(lock_contents("supported-markers" + markers, "uv.lock", images).environments ==
        Texts{"sys_platform == 'linux'"});
  const std::string pylock =
      "lock-version = \"1.0\"\ncreated-by = \"test\"\nenvironments" + markers + "packages = []\n";
  CHECK(lock_contents(pylock, "pylock.toml", images).environments ==
        Texts{"sys_platform == 'linux'"});
}

TEST_CASE("extras and groups that are declared as conflicts are in the markers of a uv.lock") {
  const std::string lock =
      "[[package]]\nname = \"My_App\"\nversion = \"1\"\nsource = { virtual = \".\" }\n"
      "[package.optional-dependencies]\ncpu = [{ name = \"a\" }]\nnew = [{ name = \"a\" }]\n"
      "[package.dev-dependencies]\ndev = [{ name = \"a\" }]\n"
      "[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\n"
      "{ name = \"b\", marker = \"extra == 'extra-6-my-app-new'\" },\n"
      "{ name = \"c\", marker = \"extra == 'group-6-my-app-dev'\" }]\n"
      "[[package]]\nname = \"b\"\nversion = \"1\"\n[[package]]\nname = \"c\"\nversion = \"1\"\n";
  MarkerEnvironment wanted = image("3.12");
  wanted.extras = {"cpu"};
  CHECK(versions_in(lock, {wanted}) == "a==1;");
  wanted.extras = {"new"};
  CHECK(versions_in(lock, {wanted}) == "a==1;b==1;");
  wanted.groups = {"dev"};
  CHECK(versions_in(lock, {wanted}) == "a==1;b==1;c==1;");
}

TEST_CASE("which wheels of a uv.lock without a project are installed is not known") {
  const LockContents lock = lock_contents(
      "[[package]]\nname = \"a\"\nversion = \"1\"\n"
      "wheels = [{ filename = \"a-1-py3-none-any.whl\" }]\n",
      "uv.lock",
      std::vector{image("3.12")});
  REQUIRE(lock.packages.size() == 1);
  CHECK(lock.packages[0].wheel_tags.empty());
}

TEST_CASE("without a project all packages of a uv.lock count") {
  CHECK(versions_in("version = 1\n[[package]]\nname = \"torch\"\nversion = \"2.9.0+cu128\"\n"
                    "[[package]]\nname = \"Flash_Attn\"\nversion = \"2.8.3\"\n",
                    {image("3.12")}) == "flash-attn==2.8.3;torch==2.9.0+cu128;");
}

TEST_CASE("of builds for several machines the release is known, and of several releases nothing") {
  CHECK(versions_in("[[package]]\nname = \"torch\"\nversion = \"2.9.0\"\n"
                    "[[package]]\nname = \"torch\"\nversion = \"2.9.0+cu128\"\n"
                    "[[package]]\nname = \"numpy\"\nversion = \"1.26.4\"\n"
                    "[[package]]\nname = \"numpy\"\nversion = \"2.3.0\"\n",
                    {image("3.12")}) == "torch==2.9.0;");
}

TEST_CASE("a pylock.toml is read for the image as well") {
  const std::string packages =
      "[[packages]]\nname = \"torch\"\nversion = \"2.5.1\"\nmarker = \"sys_platform == 'linux'\"\n"
      "[[packages]]\nname = \"Torch\"\nversion = \"2.2.2\"\nmarker = \"sys_platform == 'darwin'\"\n"
      "[[packages]]\nname = \"numpy\"\nversion = \"2.2.6\"\nmarker = \"python_version < '3.11'\"\n"
      "[[packages]]\nname = \"numpy\"\nversion = \"2.3.0\"\nmarker = \"python_version >= '3.11'\"\n"
      "[[packages]]\nname = \"own\"\ndirectory = {path = \".\"}\n";
  CHECK(pylock_versions(packages, {image("3.12")}) == "numpy==2.3.0;torch==2.5.1;");
  CHECK(pylock_versions(packages, {image("3.10"), image("3.12")}) == "torch==2.5.1;");
}

TEST_CASE("groups that a pylock.toml has by default are wanted, others where they are named") {
  const std::string packages =
      "default-groups = [\"main\"]\nextras = [\"gpu\"]\n"
      "[[packages]]\nname = \"a\"\nversion = \"1\"\nmarker = \"'main' in dependency_groups\"\n"
      "[[packages]]\nname = \"b\"\nversion = \"1\"\nmarker = \"'gpu' in extras\"\n";
  CHECK(pylock_versions(packages, {image("3.12")}) == "a==1;");
  MarkerEnvironment wanted = image("3.12");
  wanted.extras = {"gpu"};
  CHECK(pylock_versions(packages, {wanted}) == "a==1;b==1;");
}

TEST_CASE("what is no lock of uv's names nothing, and what is no TOML is refused with its place") {
  const std::vector<MarkerEnvironment> images{image("3.12")};
  CHECK(versions_in("", images) == "");
  CHECK(versions_in("package = 1\npackages = [1, {}, {name = 1, version = 2}]\n", images) == "");
  CHECK(versions_in("[[package]]\nname = \"own\"\n[[package]]\nname = \"x\"\nversion = \"odd\"\n",
                    images) == "");
  CHECK(versions_in("[[package]]\nname = \"a\"\nversion = \"1\"\nsource = {editable = \".\"}\n"
                    "dependencies = [1, {name = \"a\", extra = [2, \"x\"]}, {name = \"none\"}]\n"
                    "optional-dependencies = [3]\n",
                    images) == "a==1;");
  try {
    lock_contents("a = \n", "uv.lock", images);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::input);
    REQUIRE(error.where().size() == 1);
    CHECK(error.where()[0].line == 1);
  }
}

TEST_CASE("a pylock.toml that breaks its rules is refused with its places") {
  try {
    lock_contents(
        "lock-version = \"1.0\"\npackages = [{}]\n", "pylock.toml", std::vector{image("3.12")});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::input);
    REQUIRE(error.where().size() == 1);
    CHECK(error.where()[0].message == "a package has no `name`");
  }
}

TEST_CASE("a uv.lock in which everything needs everything ends") {
  std::string text =
      "[[package]]\nname = \"p\"\nversion = \"1\"\nsource = {virtual = \".\"}\n"
      "dependencies = [";
  for (int i = 0; i < 2000; ++i)
    text += "{name = \"a\", extra = [\"e" + std::to_string(i) + "\"]}, ";
  text += "]\n";
  for (int i = 0; i < 2000; ++i)
    text += "[[package]]\nname = \"a\"\nversion = \"" + std::to_string(i) + "\"\n";
  try {
    lock_contents(text, "uv.lock", std::vector{image("3.12")});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::input);
    CHECK(std::string(error.what()) == "`uv.lock` has more than 1048576 dependencies");
  }
}
