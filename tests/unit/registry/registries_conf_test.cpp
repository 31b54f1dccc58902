#include "registry/registries_conf.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

RegistriesConf conf_of(const std::string& text) {
  return RegistriesConf::parse(text, "registries.conf");
}

std::vector<std::string> places(const RegistriesConf& conf,
                                const std::string& of,
                                PullKind kind = PullKind::tag) {
  std::vector<std::string> texts;
  for (const PullPlace& place : conf.places(name(of), kind))
    texts.push_back(place.name.text() + (place.tls == Tls::optional ? " insecure" : ""));
  return texts;
}

using Texts = std::vector<std::string>;

constexpr const char* hub_mirror = R"(
unqualified-search-registries = ["quay.io"]
[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "mirror.example.com/hub"
[[registry.mirror]]
location = "10.0.0.5:5000"
insecure = true
)";

}  // namespace

TEST_CASE("mirrors come before the place itself, in their order") {
  const RegistriesConf conf = conf_of(hub_mirror);
  CHECK(places(conf, "docker.io/library/python:3") ==
        Texts{"mirror.example.com/hub/library/python:3",
              "10.0.0.5:5000/library/python:3 insecure",
              "docker.io/library/python:3"});
  CHECK(places(conf, "quay.io/a/b:1") == Texts{"quay.io/a/b:1"});
  CHECK(places(conf, "docker.io.example.com/a:1") == Texts{"docker.io.example.com/a:1"});
}

TEST_CASE("the longest prefix counts, and ends where a part of the name ends") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
prefix = "example.com/team"
location = "inner.example.com/t"
[[registry]]
prefix = "example.com"
location = "outer.example.com:5000"
[[registry]]
prefix = "example.com/team/app:1"
location = "pinned.example.com/app:2"
)");
  CHECK(places(conf, "example.com/team/app:2") == Texts{"inner.example.com/t/app:2"});
  CHECK(places(conf, "example.com/teams/app:2") == Texts{"outer.example.com:5000/teams/app:2"});
  CHECK(places(conf, "example.com/team/app:1") == Texts{"pinned.example.com/app:2"});
}

TEST_CASE("a pattern is about all names below it") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
prefix = "*.example.com"
location = "cache.example.net"
[[registry]]
prefix = "*.blocked.org"
blocked = true
)");
  CHECK(places(conf, "a.b.example.com/x:1") == Texts{"cache.example.net/x:1"});
  CHECK(places(conf, "example.com/x:1") == Texts{"example.com/x:1"});
  const Error error = error_of([&] { places(conf, "deep.blocked.org/x:1"); });
  CHECK(error.fault() == Fault::gate);
  CHECK(std::string(error.what()) ==
        "`deep.blocked.org/x:1` is blocked: `registries.conf` says so");
}

TEST_CASE("mirrors for digests alone, or for tags, are not asked for the other") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
location = "a.example.com"
[[registry.mirror]]
location = "d.example.com"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "t.example.com"
pull-from-mirror = "tag-only"
[[registry]]
location = "b.example.com"
mirror-by-digest-only = true
[[registry.mirror]]
location = "m.example.com"
)");
  CHECK(places(conf, "a.example.com/x:1") == Texts{"t.example.com/x:1", "a.example.com/x:1"});
  CHECK(places(conf, "a.example.com/x:1", PullKind::digest) ==
        Texts{"d.example.com/x:1", "a.example.com/x:1"});
  CHECK(places(conf, "a.example.com/x:1", PullKind::blob).size() == 3);
  CHECK(places(conf, "b.example.com/x:1") == Texts{"b.example.com/x:1"});
  CHECK(places(conf, "b.example.com/x:1", PullKind::digest).size() == 2);
}

TEST_CASE("what is wrong is told with its place") {
  const auto where = [](const std::string& text) {
    const Error error = error_of([&] { conf_of(text); });
    CHECK(error.fault() == Fault::input);
    return error.where().empty() ? "" : error.where().front().message;
  };
  CHECK(where("[[registry]]\nblocked = 1\nlocation = \"a.b\"") == "`blocked` is true or false");
  CHECK(where("[registry]\nlocation = \"a.b\"") ==
        "`registry` is a list of tables: write `[[registry]]`");
  CHECK(where("[[registry]]\nblocked = true") == "`location` or `prefix` is missing");
  CHECK(where("[registries.block]\nregistries = ['a.b']") ==
        "`registries.block` is of version 1; write `[[registry]]` with `blocked = true`");
  CHECK(where("[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\nlocation = 'c.d'\n"
              "pull-from-mirror = 'sometimes'") ==
        "`pull-from-mirror` is `all`, `digest-only` or `tag-only`");
  CHECK_FALSE(where("[[registry").empty());
  CHECK(places(conf_of("[registries.search]\nregistries = ['a.b']"), "c.d/e:1").size() == 1);
  CHECK(error_of([] {
          places(conf_of("[[registry]]\nprefix = 'a.b'\nlocation = 'UPPER'"), "a.b/c:1");
        }).fault() == Fault::input);
}

TEST_CASE("the user's file takes the place of the system's, and its folder adds to it") {
  const TempDir folder;
  folder.write("containers/registries.conf", "[[registry]]\nlocation = 'a.test'\nblocked = true\n");
  folder.write("containers/registries.conf.d/9.conf",
               "[[registry]]\nlocation = 'b.test'\nblocked = true\n");
  folder.write("containers/registries.conf.d/1.conf", "[[registry]]\nlocation = 'b.test'\n");
  folder.write("containers/registries.conf.d/ignored", "no TOML");
  folder.write("alone.conf", "[[registry]]\nlocation = 'c.test'\nblocked = true\n");
  std::map<std::string, std::string> variables{{"XDG_CONFIG_HOME", folder.path().string()}};
  const Environment environment = [&](const std::string& variable) -> std::optional<std::string> {
    const auto found = variables.find(variable);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  const auto is_blocked = [&](const std::string& of) {
    try {
      read_registries_conf(environment).require_allowed(name(of));
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  CHECK(is_blocked("a.test/x:1"));
  CHECK(is_blocked("b.test/x:1"));
  CHECK_FALSE(is_blocked("c.test/x:1"));
  variables["CONTAINERS_REGISTRIES_CONF"] = (folder / "alone.conf").string();
  CHECK_FALSE(is_blocked("a.test/x:1"));
  CHECK(is_blocked("c.test/x:1"));
}
