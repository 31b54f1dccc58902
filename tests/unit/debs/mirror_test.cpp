#include "layers/deb_mirror.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/debs/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

class NoDownloader : public Downloader {
 public:
  bool get(const std::string&, std::uint64_t, Sink&) override { return false; }
};

// A machine with the apt configuration that a test writes.
struct Machine {
  TempDir dir;
  Store store{dir / "store"};
  NoDownloader downloader;
  Progress progress;
  Stop stop;
  DebianContext context{store, downloader, progress, stop};
  DebianBase base;

  Machine() {
    context.apt_folder = dir / "apt";
    base.codename = "bookworm";
    base.platform = {"linux", "amd64", ""};
  }
  void sources_list(const std::string& text) const { dir.write("apt/sources.list", text); }
  void deb822(const std::string& text) const { dir.write("apt/sources.list.d/d.sources", text); }

  // `MAIN SECURITY`
  std::string mirror() const {
    const DebianMirror found = find_mirror(base, *find_distribution(base.codename), context);
    return found.main + " " + found.security;
  }
  std::string refused() const {
    return failure(Fault::usage, [&] { mirror(); });
  }
};

constexpr const char* none =
    "nothing says which mirror has the packages of `bookworm` | write `base: {debian: bookworm, "
    "mirror: URL}`, or set MLPACK_DEBIAN_MIRROR";

}  // namespace

TEST_CASE("the spec's mirror comes before the environment's, and that before apt's") {
  Machine machine;
  machine.sources_list("deb http://apt.test/debian bookworm main\n");
  CHECK(machine.mirror() == "http://apt.test/debian http://apt.test/debian-security");
  machine.context.environment_mirror = "https://environment.test/debian/";
  CHECK(machine.mirror() ==
        "https://environment.test/debian https://environment.test/debian-security");
  machine.base.mirror = "http://spec.test/pub/debian//";
  CHECK(machine.mirror() == "http://spec.test/pub/debian http://spec.test/pub/debian-security");
}

TEST_CASE("the security mirror is the spec's, else apt's, else the sibling of the main one") {
  Machine machine;
  machine.sources_list(
      "deb http://apt.test/debian bookworm main\n"
      "deb http://security.test/sec bookworm-security main\n");
  CHECK(machine.mirror() == "http://apt.test/debian http://security.test/sec");
  machine.base.security_mirror = "http://spec.test/security/";
  CHECK(machine.mirror() == "http://apt.test/debian http://spec.test/security");
  machine.base.security_mirror.clear();
  machine.base.mirror = "http://spec.test/copy";
  CHECK(machine.mirror() == "http://spec.test/copy http://spec.test/copy-security");
}

TEST_CASE("Ubuntu's security suite lies in the main archive") {
  Machine machine;
  machine.base.codename = "noble";
  machine.base.mirror = "http://spec.test/ubuntu";
  CHECK(machine.mirror() == "http://spec.test/ubuntu http://spec.test/ubuntu");
}

TEST_CASE("a snapshot is worked into both mirrors") {
  Machine machine;
  machine.base.snapshot = "20261101T000000Z";
  machine.base.mirror = "http://s.test/debian";
  CHECK(machine.mirror() ==
        "http://s.test/debian/20261101T000000Z http://s.test/debian-security/20261101T000000Z");
  machine.base.mirror = "http://s.test/debian/{snapshot}";
  CHECK(machine.mirror() ==
        "http://s.test/debian/20261101T000000Z http://s.test/debian-security/20261101T000000Z");
  machine.base.mirror = "http://s.test/{snapshot}/debian/";
  CHECK(machine.mirror() ==
        "http://s.test/20261101T000000Z/debian http://s.test/20261101T000000Z/debian-security");
}

TEST_CASE("deb822 sources serve as well as lines") {
  const Machine machine;
  machine.deb822(
      "Types: deb\nURIs: http://off.test/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n"
      "\nTypes: deb\nURIs: http://apt.test/debian\nSuites: bookworm bookworm-updates\n"
      "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
      "Types: deb\nURIs: http://apt.test/sec\nSuites: bookworm-security\nComponents: main\n");
  CHECK(machine.mirror() == "http://apt.test/debian http://apt.test/sec");
}

TEST_CASE("an entry that names the release comes before one of another release") {
  const Machine machine;
  machine.sources_list(
      "deb http://newer.test/debian trixie main\ndeb http://apt.test/debian bookworm main\n");
  CHECK(machine.mirror() == "http://apt.test/debian http://apt.test/debian-security");
  machine.sources_list("deb http://newer.test/debian trixie main\n");
  CHECK(machine.mirror() == "http://newer.test/debian http://newer.test/debian-security");
}

TEST_CASE("entries of others are passed over") {
  const Machine machine;
  for (const char* line : {"deb http://ubuntu.test/ubuntu noble main universe",
                           "deb http://a.test/debian bookworm contrib",
                           "deb [arch=arm64] http://a.test/debian bookworm main",
                           "deb [signed-by=/k/vendor.gpg] http://a.test/debian bookworm main",
                           "deb cdrom:[Debian]/ bookworm main",
                           "deb http://user:secret@a.test/debian bookworm main",
                           "deb http://a.test/debian bookworm-security main",
                           "deb-src http://a.test/debian bookworm main"}) {
    INFO(line);
    machine.sources_list(std::string(line) + "\n");
    CHECK(machine.refused() == none);
  }
}

TEST_CASE("entries that fit the architecture and the signer are taken") {
  const Machine machine;
  for (const char* options : {"[arch=arm64,amd64]",
                              "[signed-by=/usr/share/keyrings/debian-archive-keyring.pgp]",
                              "[signed-by=/k/debian-archive-bookworm-stable.asc arch=amd64]"}) {
    INFO(options);
    machine.sources_list(std::string("deb ") + options + " http://a.test/debian bookworm main\n");
    CHECK(machine.mirror() == "http://a.test/debian http://a.test/debian-security");
  }
}

TEST_CASE("where nothing names a mirror, what to write is said") {
  const Machine machine;
  CHECK(machine.refused() == none);
}

TEST_CASE("a mirror that is no URL to fetch from is refused, with the place it stands in") {
  Machine machine;
  machine.base.mirror = "ftp://a.test/debian";
  CHECK(machine.refused() ==
        "`mirror` is `ftp://a.test/debian`, which is not an http://, https:// or file:/// URL");
  machine.base.mirror = "/srv/debian";
  CHECK(machine.refused() ==
        "`mirror` is `/srv/debian`, which is not an http://, https:// or file:/// URL");
  machine.base.mirror = "file:///srv/debian";
  CHECK(machine.mirror() == "file:///srv/debian file:///srv/debian-security");
  machine.base.security_mirror = "security";
  CHECK(machine.refused() ==
        "`security_mirror` is `security`, which is not an http://, https:// or file:/// URL");
}

TEST_CASE("a password in a mirror is refused and not repeated") {
  Machine machine;
  const std::string hint =
      " | put them into ~/.netrc, where they do not get into a lock or an "
      "image";
  machine.context.environment_mirror = "http://user:secret@a.test/debian";
  CHECK(machine.refused() == "`MLPACK_DEBIAN_MIRROR` holds a user name or password" + hint);
  machine.base.mirror = "http://user:secret@a.test/debian";
  CHECK(machine.refused() == "`mirror` holds a user name or password" + hint);
  machine.base.mirror = "http://a.test/~me@home/debian";
  CHECK(machine.mirror() == "http://a.test/~me@home/debian http://a.test/~me@home/debian-security");
}
