#include "lib/error.h"
#include "lib/file.h"
#include "lib/spec/problems.h"
#include "lib/spec/spec.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

// tests/data/spec: good/*.yaml are right; bad/*.yaml and bad-beyond-schema/*.yaml are wrong, and
// *.expected beside each holds all that a person sees. MLPACK_ACCEPT=1 writes those anew.
using namespace mlpack;

namespace {

std::vector<fs::path> specs_in(std::string_view folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(MLPACK_SPEC_CORPUS) / folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What is printed for a spec: every problem, or nothing.
std::string rendered(const fs::path& file) {
  const std::string text = read_file(file, 1 << 20);
  try {
    parse_spec(text, file.filename());
    return {};
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    std::string all;
    for (const Where& where : error.where())
      all += format_problem(where, text);
    return all;
  }
}

void check_expected(const fs::path& file) {
  const fs::path expected = fs::path(file).replace_extension(".expected");
  const std::string actual = rendered(file);
  CHECK_FALSE(actual.empty());
  if (std::getenv("MLPACK_ACCEPT") != nullptr) {
    write_file(expected, actual);
    return;
  }
  CHECK(actual == read_file_if_exists(expected, 1 << 20).value_or(""));
}

}  // namespace

TEST_CASE("every good spec is accepted") {
  for (const fs::path& file : specs_in("good")) {
    CAPTURE(file.filename().string());
    CHECK(rendered(file).empty());
  }
}

TEST_CASE("every bad spec is refused with exactly the expected text") {
  for (const std::string_view folder : {"bad", "bad-beyond-schema"}) {
    for (const fs::path& file : specs_in(folder)) {
      CAPTURE(file.filename().string());
      check_expected(file);
    }
  }
}

TEST_CASE("no message of the corpus shows a secret") {
  for (const std::string_view folder : {"bad", "bad-beyond-schema"}) {
    for (const fs::path& file : specs_in(folder)) {
      CAPTURE(file.filename().string());
      CHECK(rendered(file).find("hunter2") == std::string::npos);
      CHECK(rendered(file).find("abcdefghij") == std::string::npos);
    }
  }
}
