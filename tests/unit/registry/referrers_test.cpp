#include "registry/referrers.h"

#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string statement = "what is said";
const std::string list_type(media_type::oci_index);

Descriptor described(std::string_view type, const std::string& bytes) {
  return {std::string(type), Digest::of(bytes), bytes.size(), {}, {}};
}

Image artifact_about(const Image& image, const std::string& type = "application/x") {
  const std::string config = "{}";
  Manifest manifest{std::string(media_type::oci_manifest),
                    described(media_type::oci_empty, config),
                    {described("text/plain", statement)},
                    {}};
  manifest.artifact_type = type;
  manifest.subject = described(image.media_type, image.manifest_bytes);
  return make_image(
      write_manifest(manifest), media_type::oci_manifest, config, "x", Artifacts::accepted);
}

struct Attached {
  Attached() { push(rig.client, {{image}, {}, target, opener(image, {"a layer"})}); }

  void attach(const Image& artifact) {
    push_referrer(rig.client, artifact, target, opener(artifact, {statement}));
  }
  std::vector<Descriptor> found(const std::string& type = "") {
    return find_referrers(rig.client, rig.at("acme/x", Access::pull), image.digest(), type);
  }
  std::string list() const {
    return rig.registry.manifest("acme/x", referrers_tag(image.digest())).value_or("");
  }

  Rig rig;
  Image image = image_of({"a layer"});
  Reference target = name("registry.example.com/acme/x:1");
};

}  // namespace

TEST_CASE("what refers to an image is listed by the registry, where it can") {
  Attached there;
  there.rig.registry.lists_referrers = true;
  const Image artifact = artifact_about(there.image);
  there.attach(artifact);
  CHECK(there.list().empty());
  CHECK(there.found() == std::vector{referrer_of(artifact)});
  CHECK(there.found("application/x").size() == 1);
  CHECK(there.found("application/y").empty());
  CHECK(there.rig.registry.manifest("acme/x", "1") == there.image.manifest_bytes);
}

TEST_CASE("a list of several pages is read to its end") {
  Attached there;
  there.rig.registry.lists_referrers = true;
  there.rig.registry.referrers_on_page = 2;
  for (int i = 0; i < 5; ++i)
    there.attach(artifact_about(there.image, "application/" + std::to_string(i)));
  CHECK(there.found().size() == 5);
}

TEST_CASE("a list without an end is refused") {
  Attached there;
  there.rig.registry.lists_referrers = true;
  int page = 0;
  there.rig.net.fault({.match = "/referrers/", .times = 1000, .instead = [&](const Seen&) {
                         Response response = reply(200, {{"Content-Type", list_type}}, "{}");
                         response.headers.add(
                             "Link", "</v2/x?from=" + std::to_string(++page) + ">; rel=\"next\"");
                         return response;
                       }});
  const Error error = error_of([&] { there.found(); });
  CHECK(error.fault() == Fault::refused);
  CHECK(error.what() == "cannot list what refers to `registry.example.com/acme/x@" +
                            there.image.digest().text() + "`: the list does not come to an end");
}

TEST_CASE("without a list of the registry's, a tag leads to what refers to an image") {
  Attached there;
  const Image one = artifact_about(there.image);
  const Image other = artifact_about(there.image, "application/y");
  CHECK(there.found().empty());
  there.attach(one);
  there.attach(other);
  there.attach(one);
  CHECK(there.found() == std::vector{referrer_of(one), referrer_of(other)});
  CHECK(there.found("application/y") == std::vector{referrer_of(other)});
}

TEST_CASE("a web page is no list of the registry's") {
  Attached there;
  there.rig.net.fault({.match = "/referrers/", .times = 1000, .instead = [](const Seen&) {
                         return reply(200, {{"Content-Type", "text/html"}}, "<html></html>");
                       }});
  const Image artifact = artifact_about(there.image);
  there.attach(artifact);
  CHECK(there.found() == std::vector{referrer_of(artifact)});
}

TEST_CASE("an entry that somebody else's list replaced is put again, and theirs stays") {
  Attached there;
  const Image theirs = artifact_about(there.image, "application/theirs");
  there.attach(theirs);
  const std::string their_list = there.list();
  const std::string tag = referrers_tag(there.image.digest());
  there.rig.net.fault({.match = "PUT https://registry.example.com/v2/acme/x/manifests/sha256-",
                       .then = [&](Response response) {
                         there.rig.registry.put_manifest("acme/x", tag, their_list, list_type);
                         return response;
                       }});
  const Image ours = artifact_about(there.image, "application/ours");
  there.attach(ours);
  CHECK(there.found() == std::vector{referrer_of(theirs), referrer_of(ours)});
}

TEST_CASE("a list that is replaced a moment later is noticed") {
  Attached there;
  const Image theirs = artifact_about(there.image, "application/theirs");
  there.attach(theirs);
  const std::string their_list = there.list();
  const std::string tag = referrers_tag(there.image.digest());
  // After our put, the first look finds our entry.
  there.rig.net.fault({.match = "GET https://registry.example.com/v2/acme/x/manifests/sha256-",
                       .skip = 1,
                       .then = [&](Response response) {
                         there.rig.registry.put_manifest("acme/x", tag, their_list, list_type);
                         return response;
                       }});
  const Image ours = artifact_about(there.image, "application/ours");
  there.attach(ours);
  CHECK(there.found() == std::vector{referrer_of(theirs), referrer_of(ours)});
}

TEST_CASE("a tag that never keeps what is put is told, and what is no list is left alone") {
  Attached there;
  const std::string tag = referrers_tag(there.image.digest());
  there.rig.net.fault(
      {.match = "PUT https://registry.example.com/v2/acme/x/manifests/sha256-",
       .times = 1000,
       .instead = [](const Seen& seen) {
         return reply(201, {{"Docker-Content-Digest", Digest::of(seen.body).text()}});
       }});
  const Error error = error_of([&] { there.attach(artifact_about(there.image)); });
  CHECK(error.fault() == Fault::refused);
  CHECK(error.what() ==
        "`registry.example.com/acme/x:" + tag + "` does not keep what is put into it");

  Attached other;
  other.rig.registry.put_manifest(
      "acme/x", tag, other.image.manifest_bytes, std::string(media_type::oci_manifest));
  CHECK(error_of([&] { other.attach(artifact_about(other.image)); }).fault() == Fault::refused);
  CHECK(other.list() == other.image.manifest_bytes);
}

TEST_CASE("a registry that lists and loses what it took is told") {
  Attached there;
  there.rig.net.fault({.match = "/referrers/", .times = 1000, .instead = [](const Seen&) {
                         return reply(200, {{"Content-Type", list_type}}, "{\"manifests\":[]}");
                       }});
  const Image artifact = artifact_about(there.image);
  const Error error = error_of([&] { there.attach(artifact); });
  CHECK(error.what() == "`registry.example.com` took `" + artifact.digest().text() +
                            "` and does not list it among what refers to "
                            "`registry.example.com/acme/x@" +
                            there.image.digest().text() + "`");
}

TEST_CASE("who may not list what refers to an image is told so") {
  Attached there;
  there.rig.net.fault({.match = "/referrers/", .times = 1000, .instead = [](const Seen&) {
                         return reply(403, {}, "");
                       }});
  CHECK(error_of([&] { there.found(); }).fault() == Fault::auth);
}
