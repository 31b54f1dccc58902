#include "layers/deb_version.h"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using namespace mlpack;

namespace {

// Every version is older than those behind it, whichever side it stands on.
void check_order(const std::vector<std::string_view>& rising) {
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      INFO(rising[i] << " and " << rising[j]);
      const int order = compare_deb_versions(rising[i], rising[j]);
      CHECK((order < 0) == (i < j));
      CHECK((order > 0) == (i > j));
    }
  }
}

bool equal(std::string_view a, std::string_view b) {
  return compare_deb_versions(a, b) == 0 && compare_deb_versions(b, a) == 0;
}

}  // namespace

TEST_CASE("the order of the Debian policy holds: ~~, ~~a, ~, nothing, a") {
  check_order({"1.0~~", "1.0~~a", "1.0~", "1.0", "1.0a"});
  check_order({"~~", "~~a", "~", "", "a"});
}

TEST_CASE("numbers are compared as numbers, whatever their length") {
  check_order({"1.2", "1.9", "1.10", "1.100"});
  check_order({"1", "99999999999999999999", "100000000000000000000"});
  CHECK(equal("1.01", "1.1"));
  CHECK(equal("1.0", "1.000"));
}

TEST_CASE("letters sort before everything that is no letter") {
  check_order({"1.0A", "1.0a", "1.0z", "1.0+", "1.0.1"});
  check_order({"1.2", "1.2b", "1.2+b1", "1.2.1"});
}

TEST_CASE("an epoch outweighs everything behind it, and none is 0") {
  check_order({"9.9-9", "1:0.1", "1:0.2", "2:0", "10:0"});
  CHECK(equal("0:1.0", "1.0"));
  CHECK(equal("00:1.0", "1.0"));
}

TEST_CASE("the revision is what follows the last dash, and none is 0") {
  check_order({"1.0-1", "1.0-1-1", "1.0-2-1"});
  check_order({"1.0~rc1-5", "1.0-1~bpo12+1", "1.0-1", "1.0-1ubuntu1", "1.0-1+b1", "1.0-1.1"});
  CHECK(equal("1.0", "1.0-0"));
}

TEST_CASE("versions that Debian has had are in the order in which it had them") {
  check_order({"2.36-9", "2.36-9+deb12u1", "2.36-9+deb12u10", "2.37-1"});
  check_order({"3.0.9-1", "3.0.11-1~deb12u1", "3.0.11-1~deb12u2", "3.0.11-1"});
  check_order({"5.2.15-2", "5.2.15-2+b7", "5.2.15-2.1"});
  check_order({"2:8.2.3995-1ubuntu2", "2:8.2.3995-1ubuntu2.1", "2:9.0.1378-2"});
}
