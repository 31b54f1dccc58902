#include "lib/oci/read_blob.h"
#include "registry/pull.h"
#include "registry/push.h"
#include "registry/registries_conf.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Texts = std::vector<std::string>;

// A registry and its mirror, and a client that knows of it.
struct MirrorRig {
  explicit MirrorRig(const std::string& conf) {
    ClientOptions options = rig.options();
    options.registries = [conf] { return RegistriesConf::parse(conf, "registries.conf"); };
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

double waited(const MirrorRig& test) {
  return std::accumulate(test.rig.waits.begin(), test.rig.waits.end(), 0.0);
}

bool is_distrusted(const MirrorRig& test) {
  const auto& lines = test.rig.progress.lines;
  return std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("mirror `mirror.example.com/cache/acme/x`: ") == 0 &&
           line.ends_with("; it is not asked again");
  });
}

void let_mirror_lie(MirrorRig& test) {
  const std::string lie(test.bytes.size(), '!');
  test.rig.net.fault({.match = mirror_blob, .times = 100, .instead = [lie](const Seen&) {
                        return reply(200, {}, lie);
                      }});
}

}  // namespace

TEST_CASE("where a mirror breaks off in the middle, the next place goes on at that byte") {
  MirrorRig test(one_mirror);
  test.bytes = std::string(300'000, 'x') + "end";
  test.rig.registry.put_blob("acme/x", test.bytes);
  break_mirror(test, 100'000);
  CHECK(pulled(test) == test.bytes);
  CHECK(ranges_of(test, "//registry.example.com") == Texts{"bytes=100000-"});
  CHECK(waited(test) < 2);
}

TEST_CASE("a mirror that does not answer is asked once, and never again") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault(
      {.match = mirror_blob, .times = 100, .instead = [](const Seen&) { return no_answer(); }});
  CHECK(pulled(test) == test.bytes);
  CHECK(pulled(test) == test.bytes);
  CHECK(ranges_of(test, "//mirror.example.com").size() == 1);
  CHECK(test.rig.waits.empty());
}

TEST_CASE("a mirror that does not answer a quick look is not asked again either") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault(
      {.match = mirror_blob, .times = 100, .instead = [](const Seen&) { return no_answer(); }});
  const Repository repository = test.rig.at("acme/x", Access::pull);
  CHECK(test.client->seems_present(repository, Digest::of(test.bytes)));
  CHECK_FALSE(test.client->seems_present(repository, Digest::of("another")));
  CHECK(ranges_of(test, "//mirror.example.com").size() == 1);
}

TEST_CASE("the last place has all patience, though the mirrors had none") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault({.match = "//registry.example.com", .times = 3, .instead = [](const Seen&) {
                        return no_answer();
                      }});
  CHECK(pulled(test) == test.bytes);
  CHECK(test.rig.waits == std::vector<double>{0.5, 1, 2});
}

TEST_CASE("a mirror that asks for time is not waited for") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault({.match = mirror_blob, .times = 100, .instead = [](const Seen&) {
                        return reply(429, {{"Retry-After", "200"}});
                      }});
  CHECK(pulled(test) == test.bytes);
  CHECK(ranges_of(test, "//mirror.example.com").size() == 1);
  CHECK(test.rig.waits.empty());
}

TEST_CASE("a mirror that takes its time to fail is not asked a second time") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.mirror.put_blob("cache/acme/x", "another");
  const std::string first = "another";
  StringSink sink(100);
  test.client->get_blob(test.rig.at("acme/x", Access::pull), blob_of(first), sink);
  test.rig.net.forget();
  test.rig.net.fault({.match = mirror_blob, .times = 100, .instead = [&](const Seen&) {
                        test.rig.now += 60;
                        return no_answer("nothing came for 60 seconds");
                      }});
  CHECK(pulled(test) == test.bytes);
  CHECK(ranges_of(test, "//mirror.example.com").size() == 1);
}

TEST_CASE("a mirror that starts is waited for, where nothing else can be reached") {
  MirrorRig test(one_mirror);
  test.mirror.put_manifest("cache/acme/x", "1", "{}", std::string(media_type::oci_manifest));
  test.rig.net.fault({.match = "//registry.example.com", .times = 100, .instead = [](const Seen&) {
                        return no_answer();
                      }});
  test.rig.net.fault({.match = "//mirror.example.com", .times = 3, .instead = [](const Seen&) {
                        return no_answer();
                      }});
  const Repository repository = test.rig.at("acme/x", Access::pull);
  CHECK(test.client->get_manifest(repository, "1")->bytes == "{}");
  CHECK(ranges_of(test, "//mirror.example.com").size() == 4);
  CHECK(ranges_of(test, "//registry.example.com").size() == 4);
  CHECK(test.client->get_manifest(repository, "1")->bytes == "{}");
  CHECK(ranges_of(test, "//registry.example.com").size() == 4);
}

TEST_CASE("where nothing can be reached, it is the place itself that is told about") {
  MirrorRig test(one_mirror);
  for (const char* there : {"//registry.example.com", "//mirror.example.com"}) {
    test.rig.net.fault(
        {.match = there, .times = 100, .instead = [](const Seen&) { return no_answer(); }});
  }
  const Error error = error_of([&] { pulled(test); });
  CHECK(error.fault() == Fault::network);
  CHECK(std::string(error.what()).find("of `registry.example.com/acme/x`") != std::string::npos);
  CHECK(ranges_of(test, "//mirror.example.com").size() == 5);
}

TEST_CASE("what mirrors lack that came back is still out of reach") {
  MirrorRig test(one_mirror);
  test.rig.net.fault({.match = "//registry.example.com", .times = 100, .instead = [](const Seen&) {
                        return no_answer();
                      }});
  test.rig.net.fault({.match = mirror_blob, .instead = [](const Seen&) { return no_answer(); }});
  CHECK(error_of([&] { pulled(test); }).fault() == Fault::network);
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
  CHECK(ranges_of(test, "//registry.example.com").size() == 4);

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
  let_mirror_lie(test);
  const Error error = error_of([&] { pulled(test); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(error.again() == Error::Again::helps);
  CHECK(is_distrusted(test));
  CHECK(pulled(test) == test.bytes);
  CHECK(past_bad_copies([&] { return pulled(test); }) == test.bytes);
  CHECK(ranges_of(test, "//mirror.example.com").size() == 1);
}

TEST_CASE("what a mirror sent wrong is sent on from the place itself, whoever sends it") {
  MirrorRig test(one_mirror);
  FakeRegistry target(test.rig.net, "other.example.com");
  const Image image = image_of({test.bytes});
  for (const std::string& bytes : {test.bytes, image.config_bytes})
    test.rig.registry.put_blob("acme/x", bytes);
  let_mirror_lie(test);
  PushRequest request{{image}, {}, name("other.example.com/acme/x:1"), {}};
  request.open = remote_blobs(*test.client, {name("registry.example.com/acme/x")});
  push(test.rig.client, request);
  CHECK(target.has_blob("acme/x", Digest::of(test.bytes)));
  CHECK(is_distrusted(test));
}

TEST_CASE("a mirror whose bytes make no sense is found out before that is told") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  let_mirror_lie(test);
  const OpenBlob open = remote_blobs(*test.client, {name("registry.example.com/acme/x")});
  std::string seen;
  read_blob(open, blob_of(test.bytes), [&](std::unique_ptr<Source> bytes) {
    std::array<std::byte, 1> first{};
    CHECK(bytes->read(first) == 1);
    if (first[0] == std::byte{'!'}) fail(Fault::integrity, "it is no layer");
    StringSink sink(100);
    copy(*bytes, sink);
    seen = sink.text;
  });
  CHECK("t" + seen == test.bytes);
  CHECK(is_distrusted(test));
}

TEST_CASE("a mirror that sends something else and breaks off is found out as well") {
  MirrorRig test(one_mirror);
  test.rig.registry.put_blob("acme/x", test.bytes);
  test.rig.net.fault({.match = mirror_blob, .instead = [](const Seen&) {
                        return reply(200, {{"Content-Length", "9"}}, "some liar", 5);
                      }});
  test.rig.net.fault(
      {.match = mirror_blob, .times = 100, .instead = [](const Seen&) { return no_answer(); }});
  CHECK(past_bad_copies([&] { return pulled(test); }) == "the layer");
  CHECK(is_distrusted(test));
}

TEST_CASE("a mirror that gave nothing is not held to account for what the place itself sends") {
  MirrorRig test(one_mirror);
  test.rig.net.fault({.match = "//registry.example.com/v2/acme/x/blobs",
                      .times = 100,
                      .instead = [](const Seen&) { return reply(200, {}, "the liar!"); }});
  const Error error = error_of([&] { past_bad_copies([&] { return pulled(test); }); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(error.again() == Error::Again::useless);
  CHECK_FALSE(is_distrusted(test));
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
  CHECK(error_of([&] { past_bad_copies([&] { return pulled(test); }); }).fault() ==
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
