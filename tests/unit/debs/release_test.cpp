#include "layers/deb_release.h"
#include "tests/unit/debs/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* in_release = "http://mirror.test/debian/dists/bookworm/InRelease";
const std::string digest(64, 'a');
const std::string list = " " + digest + " 12 main/binary-amd64/Packages.xz\n";
const std::string head =
    "Suite: oldstable\nCodename: bookworm\nDate: Sun, 01 Nov 2026 10:00:00 UTC\n";
constexpr std::int64_t first_of_november = 1'793'527'200;

DebianRelease parsed(const std::string& text) {
  return parse_release(text, in_release);
}

std::string refused(const std::string& text) {
  return failure(Fault::integrity, [&] { parsed(text); });
}

std::string unfit(const DebianRelease& release,
                  std::string_view wanted,
                  std::int64_t now,
                  ValidUntil valid_until = ValidUntil::matters) {
  return failure(Fault::integrity,
                 [&] { check_release(release, wanted, now, valid_until, in_release); });
}

}  // namespace

TEST_CASE("a release says what it is and which package lists it vouches for") {
  const DebianRelease release =
      parsed(head + "Valid-Until: Sun, 08 Nov 2026 10:00:00 UTC\nAcquire-By-Hash: yes\n" +
             "Architectures: all amd64\n arm64\nMD5Sum:\n " + std::string(32, 'b') +
             " 12 main/binary-amd64/Packages\nSHA256:\n" + list + " " + digest +
             " 5 main/Contents-amd64.gz\n" + " nonsense that/is no/list\n");
  CHECK(release.suite == "oldstable");
  CHECK(release.codename == "bookworm");
  CHECK(release.date == first_of_november);
  CHECK(release.valid_until == first_of_november + 7 * 86'400);
  CHECK(release.by_hash);
  CHECK(release.architectures == std::vector<std::string>{"all", "amd64", "arm64"});
  REQUIRE(release.files.size() == 1);
  const ReleaseFile& file = release.files.at("main/binary-amd64/Packages.xz");
  CHECK(file.size == 12);
  CHECK(file.sha256.hex() == digest);
}

TEST_CASE("a release need not say more than its name, its date and its lists") {
  const DebianRelease release = parsed(head + "SHA256:\n" + list);
  CHECK_FALSE(release.valid_until.has_value());
  CHECK_FALSE(release.by_hash);
  CHECK(release.architectures.empty());
}

TEST_CASE("a release without SHA256 is refused") {
  const std::string none = std::string("`") + in_release + "` names no package list by SHA256";
  CHECK(refused(head + "MD5Sum:\n" + list) == none);
  CHECK(refused(head + "SHA256:\n") == none);
  CHECK(refused(head + "SHA256:\n " + digest + " 5 main/Contents-amd64.gz\n") == none);
}

TEST_CASE("a release with nonsense for a size or a digest is refused") {
  const std::string bad = std::string("`") + in_release + "` has a bad SHA256 line: `";
  const std::string path = " main/binary-amd64/Packages";
  for (const std::string& line : {digest + " -1" + path,
                                  digest + " 1073741825" + path,
                                  digest + " 99999999999999999999" + path,
                                  digest + " 0x10" + path,
                                  digest.substr(1) + " 12" + path,
                                  std::string(64, 'A') + " 12" + path,
                                  digest + " 12" + path + " more",
                                  digest}) {
    CHECK(refused(head + "SHA256:\n " + line + "\n") == bad + line + "`");
  }
}

TEST_CASE("a release needs a date, and a Valid-Until that is one") {
  CHECK(refused("Codename: bookworm\nSHA256:\n" + list) ==
        std::string("`") + in_release + "` has no date that can be read");
  CHECK(refused("<html>not found</html>") ==
        std::string("`") + in_release + "` has no date that can be read");
  CHECK(refused(head + "Valid-Until: tomorrow\nSHA256:\n" + list) ==
        std::string("`") + in_release + "` has a bad Valid-Until: `tomorrow`");
}

TEST_CASE("dates are read as Debian and Ubuntu write them") {
  CHECK(parse_release_date("Sun, 01 Nov 2026 10:00:00 UTC") == first_of_november);
  CHECK(parse_release_date("Sun, 1 Nov 2026 10:00:00 GMT") == first_of_november);
  CHECK(parse_release_date("Sun, 01 Nov 2026 10:00:00 +0000") == first_of_november);
  CHECK(parse_release_date("Thu, 01 Jan 1970 00:00:00 UTC") == 0);
  CHECK(parse_release_date("Thu, 29 Feb 2024 00:00:00 UTC") == 1709164800);
  CHECK_FALSE(parse_release_date("Fri, 30 Feb 2024 00:00:00 UTC"));
}

TEST_CASE("what is no date in UTC is none") {
  for (const char* text : {"",
                           "yesterday",
                           "Sun, 01 Nov 2026 10:00:00",
                           "Sun, 01 Nov 2026 10:00:00 CET",
                           "Sun, 01 Nov 2026 10:00:00 +0100",
                           "Sun, 32 Nov 2026 10:00:00 UTC",
                           "Sun, 01 Nev 2026 10:00:00 UTC",
                           "Sun, 01 Nov 1969 10:00:00 UTC",
                           "Sun, 01 Nov 20261 10:00:00 UTC",
                           "Sun, 01 Nov 2026 24:00:00 UTC",
                           "Sun, 01 Nov 2026 10:60:00 UTC",
                           "Sun, 01 Nov 2026 10:00:61 UTC",
                           "Sun, 01 Nov 2026 10:00 UTC"}) {
    INFO(text);
    CHECK_FALSE(parse_release_date(text).has_value());
  }
}

TEST_CASE("a release of another suite is refused") {
  const DebianRelease release = parsed(head + "SHA256:\n" + list);
  check_release(release, "bookworm", first_of_november, ValidUntil::matters, in_release);
  check_release(release, "oldstable", first_of_november, ValidUntil::matters, in_release);
  CHECK(unfit(release, "trixie", first_of_november) ==
        std::string("`") + in_release + "` is the release of `bookworm`, not of `trixie`");
  CHECK(unfit(release, "bookworm-updates", first_of_november) ==
        std::string("`") + in_release +
            "` is the release of `bookworm`, not of `bookworm-updates`");
}

TEST_CASE("a release that ran out is refused, unless that does not matter") {
  const DebianRelease release =
      parsed(head + "Valid-Until: Sun, 08 Nov 2026 10:00:00 UTC\nSHA256:\n" + list);
  const std::int64_t end = first_of_november + 7 * 86'400;
  check_release(release, "bookworm", end, ValidUntil::matters, in_release);
  CHECK(unfit(release, "bookworm", end + 1) ==
        std::string("`") + in_release +
            "` was valid until 2026-11-08 only | use a mirror that is kept " +
            "up to date, or name a `snapshot` to build from an old state");
  check_release(release, "bookworm", end + 1, ValidUntil::ignored, in_release);
}

TEST_CASE("a release of the future is refused, but for clocks that go a little wrong") {
  const DebianRelease release = parsed(head + "SHA256:\n" + list);
  check_release(release, "bookworm", first_of_november - 3600, ValidUntil::matters, in_release);
  CHECK(unfit(release, "bookworm", first_of_november - 3601, ValidUntil::ignored) ==
        std::string("`") + in_release +
            "` is dated 2026-11-01, which is in the future | check the " + "clock of this machine");
}
