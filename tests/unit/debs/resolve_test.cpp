#include "layers/debs.h"
#include "tests/unit/debs/rig.h"
#include "tests/unit/debs/support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Names = std::vector<std::string>;

constexpr const char* suite_url = "http://mirror.test/debian/dists/bookworm";
const std::string release_url = std::string(suite_url) + "/InRelease";

std::string failure_of(Fault fault, DebianRig& rig, const Names& packages, const SigningKey& key) {
  return failure(fault, [&] { rig.resolve(packages, key); });
}

// What resolving again fails with, the repository left as it is.
std::string failure_of(Fault fault, const DebianRig& rig) {
  return failure(fault, [&] { resolve_debian(rig.base, rig.context); });
}

}  // namespace

TEST_CASE("a plan holds what was asked for, what is always installed and what they need") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.add({.name = "curl", .fields = "Depends: libcurl (>= 2), awk, x | libz\n"});
  rig.repository.add({.name = "libcurl", .version = "2", .fields = "Pre-Depends: libz\n"});
  rig.repository.add({.name = "mawk", .fields = "Provides: awk\nDepends: dpkg (>= 1.15)\n"});
  rig.repository.add({.name = "libz", .architecture = "all"});
  rig.repository.add({.name = "unneeded"});
  const DebianPlan plan = rig.resolve({"curl"}, key);
  CHECK(plan.codename == "bookworm");
  CHECK(plan.platform.text() == "linux/amd64");
  CHECK(plan.mirror == "http://mirror.test/debian");
  CHECK(versions(plan) ==
        Names{"base-files 1", "curl 1", "dash 1", "libcurl 2", "libz 1", "mawk 1", "tzdata 1"});
  const TestDeb libz{.name = "libz", .architecture = "all"};
  CHECK(plan.packages[4] == rig.repository.put(libz));
}

TEST_CASE("the highest version across the suites is taken, from the archive that has it") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.add({.name = "openssl", .version = "3.0.9-1"});
  rig.repository.add({.name = "openssl", .version = "3.0.9-1+deb12u1"}, "bookworm-updates");
  rig.repository.add({.name = "openssl", .version = "3.0.10-1~deb12u1"}, "bookworm-security");
  const DebianPlan plan = rig.resolve({"openssl"}, key);
  REQUIRE(plan.packages.size() == 4);
  CHECK(plan.packages[2].version == "3.0.10-1~deb12u1");
  CHECK(plan.packages[2].url ==
        "http://mirror.test/debian-security/pool/main/openssl_3.0.10-1~deb12u1_amd64.deb");
}

TEST_CASE("what is never installed is so only where the spec names it") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.add({.name = "dpkg", .fields = "Depends: tar\n"});
  rig.repository.add({.name = "app", .fields = "Depends: dpkg, debconf | debconf-2.0\n"});
  CHECK(versions(rig.resolve({"app"}, key)) ==
        Names{"app 1", "base-files 1", "dash 1", "tzdata 1"});
  CHECK(versions(rig.resolve({"app", "dpkg", "app"}, key)) ==
        Names{"app 1", "base-files 1", "dash 1", "dpkg 1", "tzdata 1"});
}

TEST_CASE("packages that cannot be together, or do not exist, are told apart") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.add({.name = "nginx", .fields = "Conflicts: apache2\n"});
  rig.repository.add({.name = "apache2"});
  CHECK(failure_of(Fault::incompatible, rig, {"apache2", "nginx"}, key) ==
        "no set of packages satisfies `system_packages`: package nginx-1.amd64 conflicts with "
        "apache2 provided by apache2-1.amd64");
  CHECK(failure_of(Fault::usage, rig, {"ngins"}, key) ==
        "the distribution has no package `ngins` | did you mean `nginx`?");
}

TEST_CASE("names that no package can have are refused before anything is fetched") {
  DebianRig rig;
  for (const char* name : {"", "a", "Curl", "../curl", "curl=1", "curl:amd64", "-y", "a b"}) {
    rig.base.packages = {name};
    CHECK(failure_of(Fault::usage, rig) ==
          std::string("`") + name + "` is not the name of a package");
  }
  CHECK(rig.repository.asked().empty());
}

TEST_CASE("a distribution or snapshot that is none is refused before anything is fetched") {
  DebianRig rig;
  rig.base.codename = "bookwurm";
  CHECK(failure_of(Fault::usage, rig) ==
        "`bookwurm` is no distribution that mlpack knows | did you mean `bookworm`?");
  rig.base.codename = "gentoo-linux";
  CHECK(
      failure_of(Fault::usage, rig)
          .starts_with("`gentoo-linux` is no distribution that mlpack knows | it knows trixie, "));
  rig.base.codename = "bookworm";
  rig.base.snapshot = "2026-11-01";
  CHECK(failure_of(Fault::usage, rig) ==
        "the snapshot `2026-11-01` is not a time | write it like 20261101T000000Z");
  CHECK(rig.repository.asked().empty());
}

TEST_CASE("without the distribution's keys nothing is trusted") {
  DebianRig rig;
  rig.base.codename = "focal";
  if (fs::exists("/usr/share/keyrings/ubuntu-archive-keyring.gpg")) return;
  CHECK(failure_of(Fault::input, rig) ==
        "the keys that sign `focal` are not on this machine: no "
        "`/usr/share/keyrings/ubuntu-archive-keyring.gpg` | install the package `ubuntu-keyring`");
}

TEST_CASE("a release that somebody else signed, or changed, is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  const SigningKey stranger;
  DebianRig rig;
  rig.resolve({}, key);
  rig.repository.publish(stranger);
  CHECK(failure_of(Fault::integrity, rig).find(" is not in the keyring | ") != std::string::npos);
  rig.repository.publish(key);
  std::string& release = rig.repository.files[release_url];
  release.replace(release.find("bookworm"), 8, "bookwurm");
  CHECK(failure_of(Fault::integrity, rig).find(" does not match the text | ") != std::string::npos);
}

TEST_CASE("a release of another suite in its place is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.resolve({}, key);
  rig.repository.files[release_url] =
      rig.repository.files["http://mirror.test/debian/dists/bookworm-updates/InRelease"];
  CHECK(failure_of(Fault::integrity, rig) ==
        "`" + release_url + "` is the release of `bookworm-updates`, not of `bookworm`");
}

TEST_CASE("a release that ran out is refused, but for a snapshot") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.release_fields += "Valid-Until: Sun, 01 Nov 2026 11:00:00 UTC\n";
  CHECK(failure_of(Fault::integrity, rig, {}, key).find("` was valid until 2026-11-01 only | ") !=
        std::string::npos);
  rig.base.snapshot = "20261101T000000Z";
  CHECK(failure_of(Fault::refused, rig).find("the mirror `http://mirror.test/debian") !=
        std::string::npos);
  rig.base.mirror = "http://mirror.test/{snapshot}";
  rig.base.security_mirror = "http://mirror.test/debian-security/{snapshot}";
  for (const auto& [url, content] : std::map(rig.repository.files)) {
    const std::size_t end = url.find("/dists");
    if (end == std::string::npos) continue;
    const bool security = url.find("security/") != std::string::npos;
    rig.repository.files[(security ? url.substr(0, end) : "http://mirror.test") +
                         "/20261101T000000Z" + url.substr(end)] = content;
  }
  CHECK(versions(resolve_debian(rig.base, rig.context)).size() == 3);
}

TEST_CASE("a mirror without the release is refused with its place") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.resolve({}, key);
  rig.repository.files.erase(release_url);
  CHECK(failure_of(Fault::refused, rig) ==
        "the mirror `http://mirror.test/debian` has no suite `bookworm`: it replied that there is "
        "no `" +
            release_url +
            "` | check `mirror`, `security_mirror` and `snapshot` of the base; of the releases "
            "trixie, bookworm, bullseye, resolute, noble, jammy, focal, a mirror may have some "
            "only");
}

TEST_CASE("a package list that is not what the release says is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.publish(key);
  rig.context.keyrings = {key.keyring()};
  const std::string list = std::string(suite_url) + "/main/binary-amd64/Packages";
  rig.repository.files[list][0] = 'p';
  CHECK(failure_of(Fault::integrity, rig)
            .starts_with("`" + list + "` is not what the signed index says: sha256:"));
}

TEST_CASE("a package without proper size, digest or place is refused") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  for (const char* field : {"Filename: /etc/passwd\n",
                            "Filename: pool/../../x\n",
                            "Filename: a?b\n",
                            "Size: -1\n",
                            "Size: many\n",
                            "SHA256: abc\n"}) {
    INFO(field);
    DebianRig rig;
    rig.repository.add({.name = "app", .fields = field});
    CHECK(failure_of(Fault::integrity, rig, {"app"}, key) ==
          "the index has no proper Size, SHA256 and Filename for `app`");
  }
}

TEST_CASE("an architecture that the release lacks is refused, one that a suite lacks warned of") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.architectures = "arm64 i386";
  CHECK(failure_of(Fault::incompatible, rig, {}, key) ==
        std::string("`") + suite_url + "` has no packages for amd64 | it has arm64, i386");
  const std::string security = "http://mirror.test/debian-security/dists/bookworm-security/";
  const std::string lacking = rig.repository.files[security + "InRelease"];
  rig.repository.architectures = "amd64";
  rig.repository.publish(key);
  rig.repository.files[security + "InRelease"] = lacking;
  CHECK(resolve_debian(rig.base, rig.context).packages.size() == 3);
  CHECK(rig.progress.texts == Names{"`http://mirror.test/debian-security/dists/bookworm-security` "
                                    "has no packages for amd64: going on without it"});
}

TEST_CASE("lists are fetched by their digest where the mirror offers that") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.release_fields += "Acquire-By-Hash: yes\n";
  rig.resolve({}, key);
  const auto asked = rig.repository.asked();
  const std::string list =
      rig.repository.files[std::string(suite_url) + "/main/binary-amd64/Packages"];
  CHECK(std::count(asked.begin(),
                   asked.end(),
                   std::string(suite_url) + "/main/binary-amd64/by-hash/SHA256/" +
                       Digest::of(list).hex()) == 1);
}

TEST_CASE("lists that did not change are not fetched again, and give the same plan") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.add({.name = "app"});
  const DebianPlan plan = rig.resolve({"app"}, key);
  rig.repository.forget();
  CHECK(rig.resolve({"app"}, key) == plan);
  CHECK(rig.repository.asked().size() == 3);
  CHECK(versions(rig.resolve({}, key)).size() == 3);
  rig.repository.add({.name = "app", .version = "2"});
  CHECK(versions(rig.resolve({"app"}, key)).front() == "app 2");
}

TEST_CASE("offline the last release is used, whatever its date, and a miss is named") {
  if (!SigningKey::available()) return;
  const SigningKey key;
  DebianRig rig;
  rig.repository.release_fields += "Valid-Until: Tue, 03 Nov 2026 00:00:00 UTC\n";
  rig.repository.add({.name = "app"});
  const DebianPlan plan = rig.resolve({}, key);
  rig.context.offline = Offline::yes;
  rig.context.now += 365 * 86'400;
  rig.repository.forget();
  CHECK(resolve_debian(rig.base, rig.context) == plan);
  rig.base.packages = {"app"};
  CHECK(versions(resolve_debian(rig.base, rig.context)).front() == "app 1");
  rig.base.mirror = "http://other.test/debian";
  const std::string why = failure_of(Fault::input, rig);
  CHECK(why.starts_with("`http://other.test/debian"));
  CHECK(
      why.ends_with("/InRelease` is not in the store, and `--offline` forbids to fetch it | run "
                    "`mlpack fetch` while there is a network"));
  CHECK(rig.repository.asked().empty());
}
