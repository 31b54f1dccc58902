#include "registry/push.h"

#include "registry/pull.h"
#include "registry/push_blobs.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::vector<std::string> three_layers = {
    "the base", "the weights, which are larger", "the code"};

PushRequest request_for(const Image& image, const std::string& target, Store* store = nullptr) {
  return {{image}, {}, name(target), opener(image, three_layers), store};
}

struct Pushed {
  Image image = image_of(three_layers);
  PushRequest request = request_for(image, "registry.example.com/acme/x:1");
};

// Blobs whose origin is known come from there, others are here.
OpenBlob open_anywhere(Rig& rig, const Image& image, const Store& store) {
  return [&rig, &store, here = opener(image, three_layers)](const Descriptor& blob) {
    const bool remote = store.locate(blob.digest).kind == BlobLocation::Kind::remote;
    return remote ? remote_blobs(rig.client, store)(blob) : here(blob);
  };
}

// An index over one image for amd64.
std::string index_over(const Image& image) {
  Index index{std::string(media_type::oci_index), {}, {}};
  index.manifests.push_back(
      {image.media_type, image.digest(), image.manifest_bytes.size(), {}, image.platform()});
  return write_index(index);
}

}  // namespace

TEST_CASE("a push sends blobs, then configs, then the manifest by digest, then the tag") {
  Rig rig;
  const Pushed pushed;
  const PushReport report = push(rig.client, pushed.request);
  CHECK(report.uploaded == 4);
  CHECK(report.mounted == 0);
  CHECK(report.present == 0);
  CHECK(report.digest == pushed.image.digest());
  CHECK_FALSE(report.replaced);
  CHECK(rig.registry.manifest("acme/x", "1") == pushed.image.manifest_bytes);
  const std::vector<std::string> lines = rig.net.lines();
  const std::string digest = pushed.image.digest().text().substr(0, 13);
  const std::string config = pushed.image.manifest.config.digest.text().substr(0, 13);
  CHECK(std::vector<std::string>(lines.end() - 5, lines.end()) ==
        std::vector<std::string>{"HEAD /v2/acme/x/blobs/" + config,
                                 "PUT /v2/acme/x/manifests/" + digest,
                                 "HEAD /v2/acme/x/manifests/" + digest,
                                 "PUT /v2/acme/x/manifests/1",
                                 "HEAD /v2/acme/x/manifests/1"});
}

TEST_CASE("pushing twice uploads nothing, and asks for the manifest only") {
  Rig rig;
  const Pushed pushed;
  push(rig.client, pushed.request);
  rig.net.forget();
  const PushReport report = push(rig.client, pushed.request);
  CHECK(report.uploaded == 0);
  CHECK(report.present == 4);
  CHECK(report.bytes_sent == 0);
  CHECK(rig.net.lines() == std::vector<std::string>{"HEAD /v2/acme/x/manifests/1"});
}

TEST_CASE("another tag of an image that is there is only put") {
  Rig rig;
  const Pushed pushed;
  push(rig.client, pushed.request);
  rig.net.forget();
  push(rig.client, request_for(pushed.image, "registry.example.com/acme/x:2"));
  CHECK(rig.net.lines() == std::vector<std::string>{"HEAD /v2/acme/x/manifests/2",
                                                    "HEAD /v2/acme/x/manifests/" +
                                                        pushed.image.digest().text().substr(0, 13),
                                                    "PUT /v2/acme/x/manifests/2",
                                                    "HEAD /v2/acme/x/manifests/2"});
}

TEST_CASE("what the tag named before is reported") {
  Rig rig;
  const Image before = image_of({"old"});
  rig.registry.put_manifest("acme/x", "1", before.manifest_bytes, before.media_type);
  const Pushed pushed;
  CHECK(push(rig.client, pushed.request).replaced == before.digest());
}

TEST_CASE("blobs that are there are not sent again") {
  Rig rig;
  for (const std::string& layer : three_layers) {
    rig.registry.put_blob("acme/x", layer);
  }
  const Pushed pushed;
  const PushReport report = push(rig.client, pushed.request);
  CHECK(report.uploaded == 1);
  CHECK(report.present == 3);
}

TEST_CASE("a blob that is there in another size stops the push") {
  Rig rig;
  rig.net.fault(
      {.match = "HEAD https://registry.example.com/v2/acme/x/blobs", .instead = [](const Seen&) {
         return reply(200, {{"Content-Length", "1"}});
       }});
  const Pushed pushed;
  CHECK(error_of([&] { push(rig.client, pushed.request); }).fault() == Fault::integrity);
  CHECK_FALSE(rig.registry.manifest("acme/x", "1"));
}

TEST_CASE("a layer that another repository of the registry has is mounted") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  rig.registry.put_blob("library/base", three_layers[0]);
  store.put_origin(Digest::of(three_layers[0]), name("registry.example.com/library/base"));
  const Pushed pushed;
  const PushReport report =
      push(rig.client, request_for(pushed.image, "registry.example.com/acme/x:1", &store));
  CHECK(report.mounted == 1);
  CHECK(report.uploaded == 3);
  CHECK(rig.registry.has_blob("acme/x", Digest::of(three_layers[0])));
}

TEST_CASE("a token for a mount has the right to pull from where the blob is") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  const Repository to = rig.at("acme/x");
  rig.client.mount_blob(to, Digest::of("a"), name("registry.example.com/library/base"));
  std::string asked;
  for (const Seen& seen : rig.net.seen()) {
    if (seen.url.find("auth.example.com") != std::string::npos) asked = seen.url;
  }
  CHECK(asked ==
        "https://auth.example.com/token?service=registry.example.com&scope=repository%3Aacme%2Fx%"
        "3Apull%2Cpush&scope=repository%3Alibrary%2Fbase%3Apull");
}

TEST_CASE("a mount that is refused in any way becomes an upload") {
  for (const int status : {202, 400, 401, 403, 404, 405, 500}) {
    Rig rig;
    CAPTURE(status);
    const TempDir folder;
    Store store(folder.path());
    store.put_origin(Digest::of(three_layers[0]), name("registry.example.com/library/base"));
    if (status != 202) {
      rig.net.fault({.match = "mount=", .instead = [&](const Seen&) { return reply(status); }});
    }
    const Pushed pushed;
    const PushReport report =
        push(rig.client, request_for(pushed.image, "registry.example.com/acme/x:1", &store));
    CHECK(report.mounted == 0);
    CHECK(report.uploaded == 4);
    CHECK(rig.registry.sessions.empty());
  }
}

TEST_CASE("a layer that only another registry has is streamed from there") {
  Rig rig;
  FakeRegistry other(rig.net, "other.example.com");
  other.put_blob("base", three_layers[0]);
  const TempDir folder;
  Store store(folder.path());
  store.put_origin(Digest::of(three_layers[0]), name("other.example.com/base"));
  const Image image = image_of(three_layers);
  PushRequest request = request_for(image, "registry.example.com/acme/x:1", &store);
  request.open = open_anywhere(rig, image, store);
  CHECK(push(rig.client, request).uploaded == 4);
  CHECK(rig.registry.has_blob("acme/x", Digest::of(three_layers[0])));
  CHECK_FALSE(store.has_blob(Digest::of(three_layers[0])));
  CHECK(rig.net.count("GET /v2/base/blobs/") == 1);
}

TEST_CASE("a layer that is damaged in its registry is not passed on") {
  Rig rig;
  FakeRegistry other(rig.net, "other.example.com");
  rig.net.fault({.match = "other.example.com",
                 .instead = [](const Seen&) { return reply(200, {}, "THE BASE"); }});
  const TempDir folder;
  Store store(folder.path());
  store.put_origin(Digest::of(three_layers[0]), name("other.example.com/base"));
  const Image image = image_of(three_layers);
  PushRequest request = request_for(image, "registry.example.com/acme/x:1", &store);
  request.open = open_anywhere(rig, image, store);
  CHECK(error_of([&] { push(rig.client, request); }).fault() == Fault::integrity);
  CHECK_FALSE(rig.registry.has_blob("acme/x", Digest::of(three_layers[0])));
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("the store knows afterwards where the blobs are") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(three_layers);
  push(rig.client, request_for(image, "registry.example.com/acme/x:1", &store));
  REQUIRE(store.origins(Digest::of(three_layers[1])).size() == 1);
  CHECK(store.origins(Digest::of(three_layers[1]))[0].name() == "registry.example.com/acme/x");
}

TEST_CASE("a registry that sees a blob late is given a moment") {
  Rig rig;
  rig.net.fault({.match = "manifests/sha256", .skip = 1, .instead = [](const Seen&) {
                   return reply(400, {}, R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]})");
                 }});
  const Pushed pushed;
  const PushReport report = push(rig.client, pushed.request);
  CHECK(report.uploaded == 4);
  CHECK(rig.waits.size() == 1);
  CHECK(rig.registry.manifest("acme/x", "1"));
}

TEST_CASE("a registry that never sees a blob is given up, and the tag is as it was") {
  Rig rig;
  rig.net.fault({.match = "PUT https://registry.example.com/v2/acme/x/manifests",
                 .times = 99,
                 .instead = [](const Seen&) {
                   return reply(400, {}, R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]})");
                 }});
  const Pushed pushed;
  const Error error = error_of([&] { push(rig.client, pushed.request); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) ==
        "cannot push `registry.example.com/acme/x:1`: the registry says that blobs are missing, "
        "although it has taken all of them");
  CHECK_FALSE(rig.registry.manifest("acme/x", "1"));
}

TEST_CASE("a mount that the registry only claimed becomes an upload") {
  Rig rig;
  const TempDir folder;
  Store store(folder.path());
  store.put_origin(Digest::of(three_layers[0]), name("registry.example.com/library/base"));
  rig.net.fault(
      {.match = "mount=", .times = 99, .instead = [](const Seen&) { return reply(201); }});
  const Pushed pushed;
  push(rig.client, request_for(pushed.image, "registry.example.com/acme/x:1", &store));
  CHECK(rig.registry.has_blob("acme/x", Digest::of(three_layers[0])));
  CHECK(rig.registry.manifest("acme/x", "1"));
}

TEST_CASE("a blob that cannot be sent leaves the tag as it was") {
  Rig rig;
  const Image before = image_of({"old"});
  rig.registry.put_manifest("acme/x", "1", before.manifest_bytes, before.media_type);
  rig.net.fault({.match = "PUT", .times = 99, .instead = [](const Seen&) { return reply(413); }});
  const Pushed pushed;
  CHECK_THROWS_AS(push(rig.client, pushed.request), Error);
  CHECK(rig.registry.manifest("acme/x", "1") == before.manifest_bytes);
}

TEST_CASE("an index is put after the images that it names") {
  Rig rig;
  const Image image = image_of(three_layers);
  PushRequest request = request_for(image, "registry.example.com/acme/x:1");
  request.index = index_over(image);
  const PushReport report = push(rig.client, request);
  CHECK(report.digest == Digest::of(*request.index));
  CHECK(rig.registry.manifest("acme/x", "1") == *request.index);
  CHECK(rig.registry.manifest("acme/x", image.digest().text()) == image.manifest_bytes);
  rig.net.forget();
  push(rig.client, request);
  CHECK(rig.net.seen().size() == 1);
}

TEST_CASE("a digest in the target has to be the image's") {
  Rig rig;
  const Image image = image_of(three_layers);
  const std::string target = "registry.example.com/acme/x@" + Digest::of("other").text();
  const Error error = error_of([&] { push(rig.client, request_for(image, target)); });
  CHECK(error.fault() == Fault::usage);
  CHECK(std::string(error.what()) ==
        "cannot push `" + target + "`: the image is `" + image.digest().text() + "`");
}

TEST_CASE("four transfers at a time end with the same image") {
  Rig rig;
  ClientOptions options = rig.options();
  options.jobs = 4;
  options.retry.sleep = [](double) {};
  Client client(rig.net, rig.credentials, options, rig.progress, rig.stop);
  std::vector<std::string> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back(std::string(static_cast<std::size_t>(1000 * i), 'x'));
  }
  rig.net.fault({.match = "PUT", .times = 8, .cut_request = 500});
  const Image image = image_of(many);
  const PushReport report =
      push(client, {{image}, {}, name("registry.example.com/acme/x:1"), opener(image, many)});
  CHECK(report.uploaded == 41);
  CHECK(rig.registry.manifest("acme/x", "1") == image.manifest_bytes);
}

TEST_CASE("the right to push is asked for and nothing is left behind") {
  Rig rig;
  probe_push_right(rig.client, name("registry.example.com/acme/x:1"));
  CHECK(rig.net.lines() == std::vector<std::string>{"POST /v2/acme/x/blobs/uploads/",
                                                    "DELETE /v2/acme/x/blobs/uploads/session-1"});
  rig.net.fault({.match = "POST", .instead = [](const Seen&) { return reply(403); }});
  CHECK(error_of([&] {
          probe_push_right(rig.client, name("registry.example.com/acme/x:1"));
        }).fault() == Fault::auth);
}

TEST_CASE("a registry that lets nobody cancel does not stop a push") {
  Rig rig;
  rig.net.fault({.match = "DELETE", .instead = [](const Seen&) { return reply(403); }});
  probe_push_right(rig.client, name("registry.example.com/acme/x:1"));
  rig.net.fault({.match = "DELETE", .instead = [](const Seen&) { return no_answer(); }});
  probe_push_right(rig.client, name("registry.example.com/acme/x:1"));
}

TEST_CASE("large and small blobs are sent in turn") {
  std::vector<std::uint64_t> sizes;
  for (const Descriptor& blob : sending_order(
           {blob_of("a"), blob_of("aaaa"), blob_of("aa"), blob_of("aaaaa"), blob_of("")})) {
    sizes.push_back(blob.size);
  }
  CHECK(sizes == std::vector<std::uint64_t>{5, 0, 4, 1, 2});
}

TEST_CASE("a blob that the registry has is looked at before a manifest is there") {
  Rig rig;
  Pushed pushed;
  for (const std::string& layer : three_layers)
    rig.registry.put_blob("acme/x", layer);
  pushed.request.check_unsent = [&](const Descriptor& blob) {
    if (blob.digest == Digest::of(three_layers[1])) fail(Fault::integrity, "a lie");
  };
  CHECK(std::string(error_of([&] { push(rig.client, pushed.request); }).what()) == "a lie");
  CHECK_FALSE(rig.registry.manifest("acme/x", pushed.image.digest().text()));
}
