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

namespace {

// A registry and its mirror, and a client that knows of it.
struct MirrorRig {
  explicit MirrorRig(const std::string& conf) {
    ClientOptions options = rig.options();
    options.registries = [conf] { return conf_of(conf); };
    client.emplace(rig.net, rig.credentials, options, rig.progress, rig.stop);
  }
  Rig rig;
  FakeRegistry mirror{rig.net, "mirror.example.com"};
  std::optional<Client> client;
  std::string bytes = "the layer";
};

constexpr const char* one_mirror = R"(
[[registry]]
location = "registry.example.com"
[[registry.mirror]]
location = "gone.example.com"
[[registry.mirror]]
location = "mirror.example.com/cache"
)";

}  // namespace

TEST_CASE("a blob comes from the first mirror that has it, and a lost one is noted once") {
  MirrorRig test(one_mirror);
  test.mirror.put_blob("cache/acme/x", test.bytes);
  test.rig.registry.put_blob("acme/x", "other");
  for (const std::string& bytes : {test.bytes, std::string("other")}) {
    StringSink sink(100);
    CHECK(test.client->get_blob(test.rig.at("acme/x", Access::pull), blob_of(bytes), sink));
    CHECK(sink.text == bytes);
  }
  const auto& lines = test.rig.progress.lines;
  CHECK(std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
          return line.find("mirror `gone.example.com/acme/x`: ") == 0;
        }) == 1);
}

namespace {

constexpr const char* mirror_blob = "mirror.example.com/v2/cache/acme/x/blobs";

// The mirror breaks off after that many bytes, and is gone.
void break_mirror(MirrorRig& test, std::size_t bytes) {
  const std::string all = test.bytes;
  test.rig.net.fault(
      {.match = mirror_blob, .instead = [all, bytes](const Seen&) {
         return reply(200, {{"Content-Length", std::to_string(all.size())}}, all, bytes);
       }});
  test.rig.net.fault(
      {.match = mirror_blob, .times = 100, .instead = [](const Seen&) { return no_answer(); }});
}

std::string pulled(MirrorRig& test) {
  StringSink sink(std::size_t{1} << 20);
  test.client->get_blob(test.rig.at("acme/x", Access::pull), blob_of(test.bytes), sink);
  return sink.text;
}

std::vector<std::string> ranges_of(const MirrorRig& test, const std::string& origin) {
  std::vector<std::string> ranges;
  for (const Seen& seen : test.rig.net.seen()) {
    if (seen.url.find(origin + "/v2/") == std::string::npos) continue;
    ranges.push_back(seen.headers.find("Range").value_or("all"));
  }
  return ranges;
}

}  // namespace

TEST_CASE("where a mirror breaks off in the middle, the next place goes on at that byte") {
  MirrorRig test(one_mirror);
  test.bytes = std::string(300'000, 'x') + "end";
  test.rig.registry.put_blob("acme/x", test.bytes);
  break_mirror(test, 100'000);
  CHECK(pulled(test) == test.bytes);
  CHECK(ranges_of(test, "//registry.example.com") == Texts{"bytes=100000-"});
}

TEST_CASE("a mirror that never answered is not waited for as long as the place itself") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault(
      {.match = mirror_blob, .times = 100, .instead = [](const Seen&) { return no_answer(); }});
  CHECK(pulled(test) == test.bytes);
  CHECK(ranges_of(test, "//mirror.example.com").size() == 2);
}

TEST_CASE("a mirror that starts anew is waited for, where nothing else can be reached") {
  MirrorRig test(one_mirror);
  test.bytes = std::string(300'000, 'x') + "end";
  test.mirror.put_blob("cache/acme/x", test.bytes);
  test.rig.net.fault({.match = "//registry.example.com", .times = 100, .instead = [](const Seen&) {
                        return no_answer();
                      }});
  const std::string all = test.bytes;
  test.rig.net.fault(
      {.match = mirror_blob, .instead = [all](const Seen&) {
         return reply(200, {{"Content-Length", std::to_string(all.size())}}, all, 100'000);
       }});
  test.rig.net.fault(
      {.match = mirror_blob, .times = 5, .instead = [](const Seen&) { return no_answer(); }});
  CHECK(pulled(test) == test.bytes);
  CHECK(ranges_of(test, "//registry.example.com").empty());

  test.rig.net.fault(
      {.match = mirror_blob, .times = 5, .instead = [](const Seen&) { return no_answer(); }});
  CHECK(pulled(test) == test.bytes);
}

TEST_CASE("where a mirror's blob is too short, the next place goes on") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault(
      {.match = mirror_blob, .instead = [](const Seen&) { return reply(200, {}, "the"); }});
  CHECK(pulled(test) == test.bytes);
}

TEST_CASE("a mirror that sends something else is found out and not asked again") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault({.match = mirror_blob, .times = 100, .instead = [](const Seen&) {
                        return reply(200, {}, "the liar!");
                      }});
  CHECK(error_of([&] { pulled(test); }).fault() == Fault::integrity);
  CHECK(test.client->distrusted_mirrors() == 1);
  CHECK(pulled(test) == test.bytes);
  CHECK(past_bad_mirrors(*test.client, [&] { return pulled(test); }) == test.bytes);
  CHECK(ranges_of(test, "//mirror.example.com").size() == 1);
}

TEST_CASE("a mirror that sends something else and breaks off is found out as well") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault({.match = mirror_blob, .instead = [](const Seen&) {
                        return reply(200, {{"Content-Length", "9"}}, "some liar", 5);
                      }});
  test.rig.net.fault(
      {.match = mirror_blob, .times = 100, .instead = [](const Seen&) { return no_answer(); }});
  CHECK(past_bad_mirrors(*test.client, [&] { return pulled(test); }) == "the layer");
  CHECK(test.client->distrusted_mirrors() == 1);
}

TEST_CASE("a mirror that gave nothing is not held to account for what the place itself sends") {
  MirrorRig test(one_mirror);
  test.rig.net.fault({.match = "//registry.example.com/v2/acme/x/blobs",
                      .times = 100,
                      .instead = [](const Seen&) { return reply(200, {}, "the liar!"); }});
  CHECK(error_of([&] { past_bad_mirrors(*test.client, [&] { return pulled(test); }); }).fault() ==
        Fault::integrity);
  CHECK(test.client->distrusted_mirrors() == 0);
  CHECK(ranges_of(test, "//registry.example.com").size() == 1);
  test.bytes = "another";
  test.mirror.put_blob("cache/acme/x", test.bytes);
  CHECK(pulled(test) == test.bytes);
}

TEST_CASE("bytes that the place itself sends are its own fault") {
  MirrorRig test("");
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault({.match = "registry.example.com/v2/acme/x/blobs",
                      .times = 100,
                      .instead = [](const Seen&) { return reply(200, {}, "the liar!"); }});
  CHECK(error_of([&] { past_bad_mirrors(*test.client, [&] { return pulled(test); }); }).fault() ==
        Fault::integrity);
}

TEST_CASE("what refers to an image is asked of the mirrors and of other locations too") {
  MirrorRig test(one_mirror);
  test.mirror.lists_referrers = true;
  const Digest subject = Digest::of("an image");
  const Repository pull = test.rig.at("acme/x", Access::pull);
  CHECK(test.client->referrers(pull, subject, "") == std::vector<Descriptor>());
  CHECK(ranges_of(test, "//mirror.example.com").size() == 1);
  CHECK(ranges_of(test, "//registry.example.com").empty());
  CHECK_FALSE(test.client->referrers(test.rig.at("acme/x"), subject, ""));

  MirrorRig moved(
      "[[registry]]\nprefix = 'registry.example.com'\nlocation = 'mirror.example.com/there'\n");
  CHECK_FALSE(moved.client->referrers(pull, subject, ""));
  CHECK(ranges_of(moved, "//mirror.example.com").size() == 1);
  CHECK(ranges_of(moved, "//registry.example.com").empty());
}

TEST_CASE("a push goes where it was told to, past all mirrors") {
  MirrorRig test(one_mirror);
  test.client->upload_blob(test.rig.at("acme/x"), blob_of(test.bytes), open_text(test.bytes));
  CHECK(test.rig.registry.has_blob("acme/x", Digest::of(test.bytes)));
}

TEST_CASE("nothing is pulled from or pushed to a blocked registry") {
  MirrorRig test("[[registry]]\nlocation = 'registry.example.com'\nblocked = true\n");
  const Repository pull = test.rig.at("acme/x", Access::pull);
  const Repository push = test.rig.at("acme/x");
  CHECK(error_of([&] { test.client->get_manifest(pull, "1"); }).fault() == Fault::gate);
  CHECK(error_of([&] { test.client->referrers(pull, Digest::of(""), ""); }).fault() == Fault::gate);
  CHECK(error_of([&] { test.client->head_blob(push, Digest::of("")); }).fault() == Fault::gate);
  CHECK(error_of([&] { test.client->start_upload(push); }).fault() == Fault::gate);
  CHECK(test.rig.net.lines().empty());
}
