#include "lib/check/pickle.h"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace mlpack;

namespace {

std::vector<std::string> imports_of(const std::string& bytes) {
  return read_pickles(TextReadAt(bytes)).imports;
}

}  // namespace

TEST_CASE("a pickle tells what it imports without being run") {
  using namespace std::string_literals;
  // pickle.dumps of an object whose __reduce__ is (os.system, ("id",)), protocols 2 and 4.
  CHECK(imports_of("\x80\x02"
                   "cposix\nsystem\nq\x00X\x02\x00\x00\x00idq\x01\x85q\x02Rq\x03."s) ==
        std::vector<std::string>{"posix.system"});
  CHECK(imports_of("\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06"
                   "system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."s) ==
        std::vector<std::string>{"posix.system"});
}

TEST_CASE("names that were memoised before are found again") {
  using namespace std::string_literals;
  CHECK(imports_of("\x80\x04\x8c\x05posix\x94\x8c\x06system\x94"
                   "00h\x00h\x01\x93."s) == std::vector<std::string>{"posix.system"});
}

TEST_CASE("pickles that follow each other are all read, and what is none imports nothing") {
  using namespace std::string_literals;
  CHECK(imports_of("\x80\x02K\x01.\x80\x02"
                   "cos\nremove\n."s) == std::vector<std::string>{"os.remove"});
  CHECK(imports_of("").empty());
  CHECK(imports_of("\x80").empty());
  CHECK(imports_of("hello, world").empty());
  CHECK(imports_of("\x80\x02X\xff\xff\xff\xff"s).empty());
}

TEST_CASE("a zip archive that is cut says so") {
  using namespace std::string_literals;
  const PickleReport report = read_pickles(TextReadAt("PK\x03\x04 and no more"s));
  CHECK(report.imports.empty());
  CHECK(report.unread.starts_with("is cut: "));
}
