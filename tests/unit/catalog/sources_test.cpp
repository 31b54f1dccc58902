#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

// Code and scripts, without what is said of them: examples in comments are no decisions.
std::vector<std::string> lines_with_versions(const fs::path& file) {
  // `CUDA 12.4`, `cuda>=13`, `cuda_12`, `cu128`, `Version::parse("12.4")`, `"12.4"`.
  static const std::regex version(R"re((cuda|toolkit)[ _:=<>"'-]{1,4}(9|1\d|2\d)\b|\bcu1\d\d\b)re"
                                  R"re(|\bVersion::parse\("(9|1\d)\b|"(9|1\d)\.\d+(\.\d+)?\\?")re",
                                  std::regex::icase);
  static const std::regex comment(R"(//.*$|^\s*#.*$)");
  std::vector<std::string> found;
  std::ifstream in(file);
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (std::regex_search(std::regex_replace(line, comment, ""), version)) {
      found.push_back(fmt::format("{}:{}: {}", file.string(), number, line));
    }
  }
  return found;
}

}  // namespace

TEST_CASE("no version of CUDA stands outside templates/") {
  std::vector<std::string> found;
  std::size_t files = 0;
  for (const char* folder : {"cli", "lib", "layers", "registry", "scripts"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(MLPACK_SOURCE_DIR) / folder)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      for (std::string& line : lines_with_versions(entry.path()))
        found.push_back(std::move(line));
    }
  }
  CHECK(files > 300);
  for (const std::string& line : found)
    CHECK_MESSAGE(false, line);
}
