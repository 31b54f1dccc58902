#include "cli/python_twice.h"

#include "cli/python_versions.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace mlpack;

namespace {

LockedPython with_wheels(const std::vector<std::pair<std::string, std::uint64_t>>& wheels) {
  LockedPython python;
  for (const auto& [name, size] : wheels) {
    LockedWheel wheel{name, "1", name + ".whl", size, Digest::of(name), {}, {}, {}, {}};
    python.wheels.push_back(std::move(wheel));
  }
  return python;
}

PackageVersions versions(const std::vector<std::string>& texts) {
  PackageVersions all;
  for (const std::string& text : texts)
    all.fitting.emplace(*PythonVersion::parse(text), text);
  return all;
}

std::string nearest(const PackageVersions& all, const std::string& wanted) {
  return all.nearest(PythonVersion::parse(wanted));
}

}  // namespace

TEST_CASE("what an image of CUDA holds beside wheels is told by its tag") {
  const LockedPython python = with_wheels({{"nvidia-cublas-cu12", 600 << 20},
                                           {"nvidia-cudnn-cu12", 700 << 20},
                                           {"nvidia-cusparselt-cu12", 1 << 20},
                                           {"torch", 900 << 20}});
  const auto runtime = libraries_twice(python, "nvidia/cuda:12.8.1-runtime-ubuntu24.04");
  REQUIRE(runtime);
  CHECK(runtime->what ==
        "`nvidia/cuda:12.8.1-runtime-ubuntu24.04` holds libraries of NVIDIA that 1 wheel brings "
        "too, 600 MiB");
  CHECK(runtime->why == "`nvidia-cublas-cu12` (600 MiB)");
  CHECK(runtime->fix ==
        "take a base without them, such as `nvidia/cuda:12.8.1-base-ubuntu24.04`: the wheels need "
        "none of the base's");
  const auto cudnn =
      libraries_twice(python, "docker.io/nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04@sha256:abc");
  REQUIRE(cudnn);
  CHECK(cudnn->why == "`nvidia-cudnn-cu12` (700 MiB), `nvidia-cublas-cu12` (600 MiB)");
  CHECK(cudnn->fix.find("`docker.io/nvidia/cuda:12.8.1-base-ubuntu24.04`") != std::string::npos);
}

TEST_CASE("of an image without CUDA, or of another name, nothing is told beforehand") {
  const LockedPython python = with_wheels({{"nvidia-cublas-cu12", 600 << 20}});
  CHECK_FALSE(libraries_twice(python, "nvidia/cuda:12.8.1-base-ubuntu24.04"));
  CHECK_FALSE(libraries_twice(python, "python:3.12-slim"));
  CHECK_FALSE(libraries_twice(python, "xnvidia/cuda:12.8.1-runtime-ubuntu24.04"));
  CHECK_FALSE(libraries_twice(with_wheels({{"torch", 1}}), "nvidia/cuda:1-runtime-x"));
}

TEST_CASE("the nearest versions lie on both sides, and are the newest where none is wanted") {
  const PackageVersions all = versions({"0.8", "0.9", "1.1", "2.0", "3.0"});
  CHECK(nearest(all, "1.0") == "0.8, 0.9, 1.1");
  CHECK(nearest(all, "0.1") == "0.8, 0.9, 1.1");
  CHECK(nearest(all, "9") == "1.1, 2.0, 3.0");
  CHECK(all.nearest(std::nullopt) == "1.1, 2.0, 3.0");
  CHECK(nearest(versions({"1.0"}), "2") == "1.0");
  CHECK(versions({}).nearest(std::nullopt).empty());
}
