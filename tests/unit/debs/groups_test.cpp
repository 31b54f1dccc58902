#include "layers/deb_accounts.h"
#include "layers/deb_groups.h"
#include "lib/catalog/distributions.h"
#include "lib/text.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

using namespace mlpack;

namespace {

DebUnit unit(const std::string& name, const std::string& fields = "", std::uint64_t size = 1) {
  DebFile file;
  file.path = "usr/share/" + name;
  file.size = size;
  DebListing listing{"Package: " + name + "\n" + fields, {file}, {}, {}};
  return {{name, "1", "amd64", 1, Digest::of(name), "http://mirror.test/" + name}, listing};
}

// `NAME: PACKAGE …`, lowest group first.
std::vector<std::string> grouped(const std::vector<DebUnit>& units) {
  std::vector<std::string> found;
  for (const DebGroup& group : group_packages(units, *find_distribution("bookworm"))) {
    found.push_back(group.name + ":");
    for (const std::size_t member : group.members)
      found.back() += " " + units[member].package.name;
  }
  return found;
}

// Whether the line of passwd has its group, and a shell that lets nobody in.
bool is_locked(std::string_view line, const std::set<std::string_view>& groups) {
  const auto fields = split(line, ':');
  return fields.size() == 7 && fields[1] == "x" && groups.count(fields[3]) == 1 &&
         fields[6] == "/usr/sbin/nologin";
}

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

}  // namespace

TEST_CASE("what is always installed lies below the rest, with what it depends on") {
  CHECK(grouped({unit("base-files", "Depends: awk | libc6\n"),
                 unit("curl", "Depends: libc6\n"),
                 unit("libc6", "Pre-Depends: libgcc\n"),
                 unit("libgcc"),
                 unit("mawk", "Provides: awk (= 1), x\n"),
                 unit("other")}) ==
        std::vector<std::string>{"base: base-files libc6 libgcc mawk", "packages: curl other"});
}

TEST_CASE("what only a package that is never installed needs is not part of the base") {
  CHECK(grouped({unit("dpkg", "Depends: libz\n"),
                 unit("libz"),
                 unit("tzdata", "Depends: debconf | libz, dpkg\n")}) ==
        std::vector<std::string>{"base: tzdata", "packages: dpkg libz"});
}

TEST_CASE("a group without packages is left out, the base never") {
  CHECK(grouped({unit("dash")}) == std::vector<std::string>{"base: dash"});
  CHECK(grouped({unit("a")}) == std::vector<std::string>{"base:", "packages: a"});
  CHECK(grouped({}) == std::vector<std::string>{"base:"});
}

TEST_CASE("a large package has a layer of its own, unless it is of the base") {
  CHECK(grouped({unit("a", "", 32 * mib),
                 unit("b", "", 32 * mib + 1),
                 unit("c", "", 40 * mib),
                 unit("dash", "", 50 * mib)}) ==
        std::vector<std::string>{"base: dash", "b: b", "c: c", "packages: a"});
}

TEST_CASE("of many large packages the 16 largest have layers, of equal ones the first") {
  std::vector<DebUnit> units;
  for (int i = 10; i < 28; ++i)
    units.push_back(unit(fmt::format("p{}", i), "", (i == 10 ? 33 : 40) * mib));
  const auto groups = grouped(units);
  REQUIRE(groups.size() == 18);
  CHECK(groups[1] == "p11: p11");
  CHECK(fmt::format("{}, {}", groups[16], groups[17]) == "p26: p26, packages: p10 p27");
}

TEST_CASE("every group has a number of its own") {
  std::set<std::string> numbers;
  for (const std::string_view line : debian_group()) {
    const auto fields = split(line, ':');
    CHECK((fields.size() == 4 && fields[1] == "x" && numbers.emplace(fields[2]).second));
  }
  CHECK(debian_group().front() == "root:x:0:");
  CHECK(debian_group().back() == "nogroup:x:65534:");
}

TEST_CASE("nobody can log in, and every account has its group") {
  std::set<std::string_view> groups;
  for (const std::string_view line : debian_group())
    groups.insert(split(line, ':')[2]);
  for (const std::string_view line : debian_passwd()) {
    INFO(line);
    CHECK(is_locked(line, groups));
  }
  CHECK(debian_passwd().front() == "root:x:0:0:root:/root:/usr/sbin/nologin");
  CHECK(debian_passwd().back() == "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin");
}
