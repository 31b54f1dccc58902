// What a push looks at after it has put a manifest.

#include "registry/push.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::vector<std::string> two_layers = {"the base", "the weights"};

struct CheckedPush {
  Image image = image_of(two_layers);
  PushRequest request = {
      {image}, {}, name("registry.example.com/acme/x:1"), opener(image, two_layers), nullptr};
};

}  // namespace

TEST_CASE("a registry that took a manifest and does not have it is found out before the tag") {
  Rig rig;
  const CheckedPush pushed;
  rig.net.fault({.match = "HEAD https://registry.example.com/v2/acme/x/manifests/sha256",
                 .times = 99,
                 .instead = [](const Seen&) { return reply(404); }});
  const Error error = error_of([&] { push(rig.client, pushed.request); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) == "manifest `registry.example.com/acme/x@" +
                                         pushed.image.digest().text() +
                                         "`: `registry.example.com` took it and does not have it");
  CHECK(rig.waits == std::vector<double>{0.5, 1, 2});
  CHECK_FALSE(rig.registry.manifest("acme/x", "1"));
}

TEST_CASE("a tag that leads elsewhere after the push is an integrity failure") {
  Rig rig;
  const CheckedPush pushed;
  const std::string other = Digest::of("other").text();
  rig.net.fault({.match = "HEAD https://registry.example.com/v2/acme/x/manifests/1",
                 .times = 99,
                 .skip = 1,
                 .instead = [&](const Seen&) {
                   return reply(200, {{"Docker-Content-Digest", other}});
                 }});
  const Error error = error_of([&] { push(rig.client, pushed.request); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "manifest `registry.example.com/acme/x:1`: "
        "`registry.example.com` took `" +
            pushed.image.digest().text() + "`, but has `" + other + "` there");
  CHECK(error.hint() == "somebody else may have pushed meanwhile; push again");
}

TEST_CASE("a manifest that is seen a moment after it was put is waited for") {
  Rig rig;
  const CheckedPush pushed;
  rig.net.fault({.match = "HEAD https://registry.example.com/v2/acme/x/manifests/",
                 .times = 2,
                 .skip = 2,
                 .instead = [](const Seen&) { return reply(404); }});
  push(rig.client, pushed.request);
  CHECK(rig.waits == std::vector<double>{0.5, 1});
}

TEST_CASE("a registry that says it stored another manifest is not believed") {
  Rig rig;
  const CheckedPush pushed;
  rig.net.fault({.match = "PUT https://registry.example.com/v2/acme/x/manifests/",
                 .instead = [](const Seen&) {
                   return reply(201, {{"Docker-Content-Digest", Digest::of("x").text()}});
                 }});
  CHECK(error_of([&] { push(rig.client, pushed.request); }).fault() == Fault::integrity);
  CHECK_FALSE(rig.registry.manifest("acme/x", "1"));
}

TEST_CASE("a registry that will not say what it has is believed") {
  for (const int status : {403, 405, 501}) {
    Rig rig;
    const CheckedPush pushed;
    CAPTURE(status);
    rig.net.fault({.match = "HEAD https://registry.example.com/v2/acme/x/manifests/",
                   .times = 99,
                   .skip = 2,
                   .instead = [&](const Seen&) { return reply(status); }});
    push(rig.client, pushed.request);
    CHECK(rig.registry.manifest("acme/x", "1"));
  }
}

TEST_CASE("a registry that says no digest in reply to HEAD is asked for the manifest") {
  for (const bool damaged : {false, true}) {
    Rig rig;
    const CheckedPush pushed;
    rig.net.fault({.match = "HEAD https://registry.example.com/v2/acme/x/manifests/",
                   .times = 99,
                   .instead = [](const Seen&) { return reply(200); }});
    rig.net.fault({.match = "GET https://registry.example.com/v2/acme/x/manifests/1",
                   .times = damaged ? 99 : 0,
                   .instead = [](const Seen&) { return reply(200, {}, "{}"); }});
    CAPTURE(damaged);
    if (damaged) {
      CHECK(error_of([&] { push(rig.client, pushed.request); }).fault() == Fault::integrity);
    } else {
      push(rig.client, pushed.request);
      CHECK(rig.net.count("GET") == 2);
    }
  }
}

TEST_CASE("a tag is put again where the registry does not see its own manifest's blobs yet") {
  Rig rig;
  const CheckedPush pushed;
  rig.net.fault({.match = "PUT https://registry.example.com/v2/acme/x/manifests/1",
                 .times = 2,
                 .instead = [](const Seen&) {
                   return reply(400, {}, R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]})");
                 }});
  push(rig.client, pushed.request);
  CHECK(rig.waits.size() == 2);
  CHECK(rig.registry.manifest("acme/x", "1"));
}

TEST_CASE("what gets a tag is looked at here although the registry has it") {
  Rig rig;
  CheckedPush pushed;
  push(rig.client, pushed.request);
  std::vector<Digest> looked_at;
  pushed.request.target = name("registry.example.com/acme/x:2");
  pushed.request.check_unsent = [&](const Descriptor& layer) {
    looked_at.push_back(layer.digest);
    fail(Fault::input, "it is damaged");
  };
  CHECK(error_of([&] { push(rig.client, pushed.request); }).fault() == Fault::input);
  CHECK(looked_at.size() == 1);
  CHECK_FALSE(rig.registry.manifest("acme/x", "2"));
  pushed.request.target = name("registry.example.com/acme/x:1");  // has its tag already
  push(rig.client, pushed.request);
  CHECK(looked_at.size() == 1);
}
