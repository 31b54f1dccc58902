#include "lib/resolve/python_file.h"

#include "lib/resolve/candidates.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace mlpack;
using namespace mlpack::test;

namespace {

PinnedPackage numpy(std::vector<std::string> wheel_tags, std::string_view python = "") {
  return {"numpy", "1.26.4", *PythonSpecifiers::parse(python), std::move(wheel_tags)};
}

// What a lock for `python` with `package`, which is installed everywhere, says of images with the
// Pythons `images`.
PythonFile file_of(std::string_view python,
                   const PinnedPackage& package,
                   const std::vector<std::string>& images,
                   const std::string& machine = "x86_64") {
  LockContents contents{*PythonSpecifiers::parse(python), {package}, {}};
  std::vector<MarkerEnvironment> environments;
  for (const std::string& image : images) {
    environments.push_back(linux_markers(image, machine));
    contents.installed.push_back({0});
  }
  return python_file("uv.lock", contents, environments);
}

std::string refusal(const PythonFile& file, std::string_view python) {
  const std::string* const reason = file.refusal(*Version::parse(python));
  return reason == nullptr ? "" : *reason;
}

Resolution solved_with(std::string_view lines, const PythonFile& file) {
  Demands demands = demands_in(lines);
  demands.python_file = file;
  return solve(Catalog::built_in(), demands);
}

std::string answer_with(std::string_view lines, const PythonFile& file) {
  return answer_text(solved_with(lines, file));
}

std::string reasons_with(std::string_view lines, const PythonFile& file) {
  std::vector<std::string> reasons;
  for (const Conflict& conflict : solved_with(lines, file).conflicts) {
    for (const Ruling& ruling : conflict.because)
      reasons.push_back(ruling.reason);
  }
  return join(reasons, "; ");
}

}  // namespace

TEST_CASE("a lock is for the Pythons that its requires-python names, in any of their patches") {
  const std::vector<std::string> images{"3.9", "3.10", "3.11", "3.12", "3.12.2"};
  const PythonFile file = file_of(">=3.10,<3.12.2", numpy({}), images);
  CHECK(refusal(file, "3.9") == "uv.lock is for Python <3.12.2,>=3.10");
  CHECK(refusal(file, "3.10").empty());
  CHECK(refusal(file, "3.12").empty());
  CHECK(refusal(file, "3.12.2") == "uv.lock is for Python <3.12.2,>=3.10");
  CHECK(refusal(file, "3.9.18") == refusal(file, "3.9"));
  CHECK(refusal(file, "3.7").empty());
}

TEST_CASE("a lock is for the Pythons that the wheels of its packages are for") {
  const std::vector<std::string> images{"3.10", "3.11", "3.12", "3.13"};
  const PinnedPackage package = numpy({"cp311-cp311-manylinux_2_17_x86_64",
                                       "cp312-cp312-manylinux_2_17_x86_64",
                                       "cp313-cp313-macosx_11_0_arm64",
                                       "cp313-cp313-manylinux_2_17_aarch64"});
  const PythonFile file = file_of("", package, images);
  CHECK(refusal(file, "3.10") ==
        "uv.lock pins numpy 1.26.4, whose wheels are for Python 3.11, 3.12");
  CHECK(refusal(file, "3.11").empty());
  CHECK(refusal(file, "3.13") == refusal(file, "3.10"));
  const PythonFile on_arm = file_of("", package, images, "aarch64");
  CHECK(refusal(on_arm, "3.12") == "uv.lock pins numpy 1.26.4, whose wheels are for Python 3.13");
  CHECK(refusal(on_arm, "3.13").empty());
  const PythonFile stable = file_of("", numpy({"cp311-abi3-linux_x86_64"}), images);
  CHECK(refusal(stable, "3.10") ==
        "uv.lock pins numpy 1.26.4, whose wheels are for Python 3.11 or newer");
  CHECK(refusal(stable, "3.13").empty());
  CHECK(file_of("", numpy({"py3-none-any"}), images).refused.empty());
  CHECK(refusal(file_of("", numpy({}, ">=3.12"), images), "3.11") ==
        "uv.lock pins numpy 1.26.4, which is for Python >=3.12");
}

TEST_CASE(
    "of a package without a wheel for the processor, or without any, Python does not decide") {
  CHECK(file_of("", numpy({}), {"3.12"}).refused.empty());
  CHECK(file_of("", numpy({"cp311-cp311-win_amd64"}), {"3.12"}).refused.empty());
}

TEST_CASE("a lock is for the Pythons that its environments, and what is in it, are for") {
  const std::vector<MarkerEnvironment> images{linux_markers("3.10", "x86_64"),
                                              linux_markers("3.11", "x86_64"),
                                              linux_markers("3.12", "x86_64")};
  LockContents lock{{}, {numpy({})}, {}, {{}, {0}, {0}}};
  const PythonFile half = python_file("uv.lock", lock, images);
  CHECK(refusal(half, "3.10") == "uv.lock has nothing for Python 3.10");
  CHECK(refusal(half, "3.11").empty());
  lock.environments = {"python_full_version == '3.11.*'", "python_full_version >= '3.12.4'"};
  const PythonFile file = python_file("uv.lock", lock, images);
  CHECK(refusal(file, "3.10") ==
        "uv.lock is for images with python_full_version == '3.11.*' or python_full_version >= "
        "'3.12.4'");
  CHECK(refusal(file, "3.11").empty());
  CHECK(refusal(file, "3.12").empty());
  lock.installed = {{}, {}, {}};
  lock.environments.clear();
  CHECK(python_file("uv.lock", lock, images).refused.empty());
}

TEST_CASE("a base whose Python is not known may have one that a lock is not for") {
  const PythonFile file = file_of("<3.12", numpy({}), {"3.11", "3.12"});
  const std::string_view lines = "base: 'python:slim'; fleet: [L4]; python: {packages: [torch]}";
  const Resolution found = solved_with(lines, file);
  REQUIRE(found.stack);
  CHECK(found.stack->doubts.at(0).reason ==
        "uv.lock is not for every Python, and which one python:slim has is not known");
}

TEST_CASE("the Pythons of a lock decide that of the image") {
  const std::vector<std::string> images{"3.9", "3.10", "3.11", "3.12", "3.13", "3.14"};
  const PythonFile file = file_of(">=3.11,<3.13", numpy({}), images);
  const Resolution found = solved_with("fleet: [L4]; python: {packages: [torch]}", file);
  REQUIRE(found.stack);
  CHECK(found.stack->python.value().text() == "3.12");
  CHECK(answer_with(R"(fleet: [L4]; python: {version: "3.14", packages: [torch]})", file) ==
        "no: uv.lock + Python 3.14 -> take Python 3.12 instead of 3.14");
  CHECK(answer_with("base: {debian: trixie}; fleet: [L4]; python: {packages: [torch]}", file) ==
        "no: base trixie + uv.lock -> make uv.lock for a Python that goes with the rest");
  CHECK(reasons_with(R"(fleet: [L4]; python: {version: "3.14", packages: [torch]})", file) ==
        "uv.lock is for Python <3.13,>=3.11, and Python is 3.14");
}

TEST_CASE("a lock for no Python that is known is refused") {
  std::vector<std::string> images;
  for (const Version& python : known_pythons(Catalog::built_in()))
    images.emplace_back(python.text());
  const PythonFile file = file_of(">=3.20", numpy({}), images);
  CHECK(answer_with("fleet: [L4]; python: {packages: [torch]}", file) ==
        "no: uv.lock -> make uv.lock for a Python that goes with the rest");
  CHECK(reasons_with("fleet: [L4]; python: {packages: [torch]}", file) ==
        "uv.lock is for Python >=3.20");
}
