#include "layers/deb_listing.h"
#include "layers/deb_plan_text.h"
#include "tests/support/deb_repository.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

DebPackage package_of(const TestDeb& deb) {
  return {deb.name, deb.version, deb.architecture, 1, Digest::of("x"), "http://mirror.test/x"};
}

DebListing listed(const std::string& bytes, const DebPackage& package) {
  const TempDir dir;
  return list_deb(dir.write("a.deb", bytes), package);
}

DebListing listed(const TestDeb& deb) {
  return listed(deb.bytes(), package_of(deb));
}

std::string refused(Fault fault, const std::string& bytes) {
  return failure(fault, [&] { listed(bytes, package_of({.name = "a"})); });
}

std::string with_control(std::vector<RecipeEntry> entries) {
  return deb_of(tar_of(std::move(entries)), std::string(1024, '\0'));
}

// One of everything that a listing can hold.
DebListing full_listing() {
  DebListing listing;
  listing.control = "Package: a\nVersion: 1\nDescription: x: 3:y\n";
  listing.files = {{"usr", EntryKind::directory, 01777, 0, 0, "", 0},
                   {"usr/a b", EntryKind::file, 04755, 1, 2, "", 1'000'000'000'000},
                   {"usr/c", EntryKind::hardlink, 0644, 0, 0, "usr/a b", 0},
                   {"usr/d", EntryKind::symlink, 0777, 0, 0, "10:/etc", 0}};
  listing.alternatives = {
      {"/usr/bin/x", "x", "/usr/bin/y", -7, {{"/m/x", "x.1", "/m/y"}, {"/n/x", "x.2", "/n/y"}}},
      {"/usr/bin/z", "z", "/usr/bin/y", 2'000'000'000, {}}};
  listing.certificates = {{"mozilla/A.crt", "-----BEGIN\n"}, {"mozilla/B.crt", ""}};
  return listing;
}

}  // namespace

TEST_CASE("a package is listed with its control paragraph, files, alternatives and certificates") {
  const DebListing listing = listed({.name = "a",
                                     .fields = "Depends: b\n",
                                     .files = {folder_entry("usr"),
                                               text_entry("usr/share/ca-certificates/m/A.crt", "A"),
                                               text_entry("usr/share/ca-certificates/README", "R"),
                                               link_entry("usr/share/ca-certificates/l.crt", "x")},
                                     .postinst = "update-alternatives --install /b/x x /b/y 3\n"});
  CHECK(listing.control == "Package: a\nVersion: 1\nArchitecture: amd64\nDepends: b\n");
  REQUIRE(listing.files.size() == 4);
  CHECK(listing.files[0].kind == EntryKind::directory);
  CHECK(listing.files[1].size == 1);
  CHECK(listing.alternatives == std::vector<Alternative>{{"/b/x", "x", "/b/y", 3, {}}});
  CHECK(listing.certificates == std::map<std::string, std::string>{{"m/A.crt", "A"}});
}

TEST_CASE("a postinst can ask for what the package itself brings") {
  const DebListing listing =
      listed({.name = "a",
              .files = {text_entry("usr/bin/y", "")},
              .postinst = "if [ -x /usr/bin/y ]; then exit 0; fi\n"
                          "update-alternatives --install /b/x x /b/y $(unknown)\n"});
  CHECK(listing.alternatives.empty());
}

TEST_CASE("a package that is another one than the index says is refused") {
  CHECK(refused(Fault::integrity, TestDeb{.name = "b"}.bytes()) ==
        "cannot unpack `a` 1: it holds `b` 1");
  CHECK(refused(Fault::integrity, TestDeb{.name = "a", .version = "2"}.bytes()) ==
        "cannot unpack `a` 1: it holds `a` 2");
}

TEST_CASE("a package needs one control paragraph") {
  const std::string why = "cannot unpack `a` 1: its control file is not one paragraph";
  CHECK(refused(Fault::integrity, with_control({})) == why);
  CHECK(refused(Fault::integrity, with_control({text_entry("control", "\n")})) == why);
  CHECK(refused(Fault::integrity,
                with_control({text_entry("control", "Package: a\n\nPackage: a\n")})) == why);
}

TEST_CASE("a control file or certificates beyond all measure are refused") {
  CHECK(refused(Fault::integrity,
                with_control({text_entry("control", std::string((1 << 20) + 1, 'x'))})) ==
        "cannot unpack `a` 1: `control` has 1.00 MiB");
  const std::string large((16 << 20) + 1, 'x');
  CHECK(failure(Fault::integrity, [&] {
          listed({.name = "a", .files = {text_entry("usr/share/ca-certificates/A.crt", large)}});
        }) == "cannot unpack `a` 1: `usr/share/ca-certificates/A.crt` has 16.0 MiB");
}

TEST_CASE("a postinst that cannot be read names its package") {
  const TestDeb deb{.name = "a",
                    .postinst = "update-alternatives --install /b/x x /b/$(uname -r) 3\n"};
  CHECK(refused(Fault::incompatible, deb.bytes())
            .starts_with("cannot unpack `a` 1: its postinst has an `update-alternatives "
                         "--install` that depends on what the script finds when it runs | "));
}

TEST_CASE("a listing is read back as it was written") {
  const DebListing listing = full_listing();
  CHECK(parse_listing(write_listing(listing)) == listing);
  CHECK(parse_listing(write_listing({})) == DebListing{});
}

TEST_CASE("a listing of another version, cut off or with more behind it is none") {
  const std::string text = write_listing(full_listing());
  CHECK_FALSE(parse_listing("13:deb listing 2" + text.substr(16)).has_value());
  CHECK_FALSE(parse_listing(text + "0:").has_value());
  for (std::size_t length = 0; length < text.size(); ++length)
    CHECK_FALSE(parse_listing(text.substr(0, length)).has_value());
}

TEST_CASE("a listing with nonsense in place of a number is none") {
  DebListing listing{"c", {DebFile{}}, {}, {}};
  listing.files[0].path = "p";
  const std::string start = "13:deb listing 11:c";
  CHECK(write_listing(listing) == start + "1:11:p1:03:4201:01:00:1:01:01:0");
  for (const char* bad : {"2:991:p1:03:4201:01:00:1:01:01:0",
                          "1:x1:p1:03:4201:01:00:1:01:01:0",
                          "1:11:p1:43:4201:01:00:1:01:01:0",
                          "1:11:p1:05:999991:01:00:1:01:01:0",
                          "1:11:p1:03:4202:-11:00:1:01:01:0",
                          "99999999999999999999:x",
                          "13"}) {
    INFO(bad);
    CHECK_FALSE(parse_listing(start + bad).has_value());
  }
}

TEST_CASE("a plan is read back as it was written, and other texts are none") {
  const DebianPlan plan{"bookworm",
                        {"linux", "arm", "v7"},
                        "http://mirror.test/debian",
                        {package_of({.name = "a"}), package_of({.name = "b", .version = "2:1~x"})}};
  const std::string text = write_plan(plan);
  CHECK(parse_plan(text) == plan);
  const DebianPlan empty{"bookworm", {"linux", "amd64", ""}, "http://mirror.test/debian", {}};
  CHECK(parse_plan(write_plan(empty)) == empty);
  for (const std::string& bad : {std::string(),
                                 "debian plan 2" + text.substr(13),
                                 text + "a 1 amd64 5\n",
                                 text + "a 1 amd64 five " + std::string(64, 'a') + " u\n",
                                 text + "a 1 amd64 5 " + std::string(63, 'a') + " u\n",
                                 text.substr(0, text.size() - 1),
                                 std::string("debian plan 1\nbookworm\nwindows\nm\n")}) {
    INFO(bad);
    CHECK_FALSE(parse_plan(bad).has_value());
  }
}
