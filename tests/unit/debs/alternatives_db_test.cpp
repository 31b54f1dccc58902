#include "layers/deb_alternatives_db.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

// As update-alternatives wrote it on Debian 12.
constexpr std::string_view awk =
    "auto\n/usr/bin/awk\nawk.1.gz\n/usr/share/man/man1/awk.1.gz\nnawk\n/usr/bin/nawk\n\n"
    "/usr/bin/gawk\n10\n\n/usr/bin/gawk\n/usr/bin/mawk\n5\n/usr/share/man/man1/mawk.1.gz\n"
    "/usr/bin/mawk\n\n";

}  // namespace

TEST_CASE("the choices of an alternative are read and written as update-alternatives does") {
  const auto group = parse_alternative_group("awk", awk);
  REQUIRE(group);
  CHECK(group->mode == AlternativeGroup::Mode::automatic);
  REQUIRE(group->choices.size() == 2);
  CHECK(group->choices[0] == Alternative{"/usr/bin/awk",
                                         "awk",
                                         "/usr/bin/gawk",
                                         10,
                                         {{"/usr/bin/nawk", "nawk", "/usr/bin/gawk"}}});
  CHECK(group->choices[1].slaves.size() == 2);
  CHECK(write_alternative_group(*group) == awk);
}

TEST_CASE("a choice that was made by hand is known as such") {
  const auto group = parse_alternative_group("vi", "manual\n/usr/bin/vi\n\n/usr/bin/vim\n-3\n\n");
  REQUIRE(group);
  CHECK(group->mode == AlternativeGroup::Mode::manual);
  CHECK(group->choices[0].priority == -3);
  CHECK(write_alternative_group(*group) == "manual\n/usr/bin/vi\n\n/usr/bin/vim\n-3\n\n");
}

TEST_CASE("what is no list of choices is none") {
  CHECK(!parse_alternative_group("vi", ""));
  CHECK(!parse_alternative_group("vi", "auto\n/usr/bin/vi\n\n"));
  CHECK(!parse_alternative_group("vi", "auto\n/usr/bin/vi\n\n/usr/bin/vim\nhigh\n\n"));
}
