#include "lib/oci/referrers.h"

#include "tests/unit/oci/check_error.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string list_name = "`example.com/x:sha256-00`";
const std::string empty_config = "{}";

Descriptor described(std::string_view type, const std::string& bytes) {
  return {std::string(type), Digest::of(bytes), bytes.size(), {}, {}};
}

Image artifact_about(const std::string& subject, const std::string& type = "application/x") {
  Manifest manifest{std::string(media_type::oci_manifest),
                    described(media_type::oci_empty, empty_config),
                    {described("text/plain", "something")},
                    {{"a", "b"}}};
  manifest.artifact_type = type;
  manifest.subject = described(media_type::oci_manifest, subject);
  return make_image(
      write_manifest(manifest), media_type::oci_manifest, empty_config, "x", Artifacts::accepted);
}

}  // namespace

TEST_CASE("the tag of referrers is the digest with a dash") {
  const Digest digest = Digest::of("x");
  CHECK(referrers_tag(digest) == "sha256-" + digest.hex());
  CHECK(subject_of_tag(referrers_tag(digest)) == digest);
  CHECK_FALSE(subject_of_tag("sha256-12"));
  CHECK_FALSE(subject_of_tag("latest"));
}

TEST_CASE("a manifest says what it is about, in the order of the OCI structs") {
  const Image artifact = artifact_about("the image");
  CHECK(artifact.manifest.artifact_type == "application/x");
  REQUIRE(artifact.manifest.subject);
  CHECK(artifact.manifest.subject->digest == Digest::of("the image"));
  CHECK(artifact.manifest.is_artifact());
  const std::string& text = artifact.manifest_bytes;
  CHECK(text.find("\"artifactType\"") < text.find("\"config\""));
  CHECK(text.find("\"layers\"") < text.find("\"subject\""));
  CHECK(text.find("\"subject\"") < text.find("\"annotations\""));
  const Manifest again = parse_manifest(text, media_type::oci_manifest, "x", Artifacts::accepted);
  CHECK(write_manifest(again) == text);
}

TEST_CASE("a list has the type and the annotations of what refers") {
  const Descriptor entry = referrer_of(artifact_about("the image"));
  CHECK(entry.artifact_type == "application/x");
  CHECK(entry.annotations == Annotations{{"a", "b"}});
  CHECK(referrer_of(artifact_about("the image", "")).artifact_type == media_type::oci_empty);
  const auto list = with_referrer("", entry, list_name);
  REQUIRE(list);
  CHECK(
      *list ==
      "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
      "\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" +
          entry.digest.text() + "\",\"size\":" + std::to_string(entry.size) +
          ",\"annotations\":{\"a\":\"b\"},\"artifactType\":\"application/x\"}]}");
  CHECK(parse_referrers(*list, list_name) == std::vector{entry});
  CHECK_FALSE(with_referrer(*list, entry, list_name));
}

TEST_CASE("what others put into a list stays as it is") {
  const std::string other = Digest::of("other").text();
  const std::string theirs =
      "{\"schemaVersion\":2,\"odd\":[1],\"manifests\":[{\"mediaType\":\"a/b\","
      "\"digest\":\"" +
      other + "\",\"size\":1,\"data\":\"eA==\"}],\"annotations\":{\"x\":\"y\"}}";
  const Descriptor entry = referrer_of(artifact_about("the image"));
  const auto list = with_referrer(theirs, entry, list_name);
  REQUIRE(list);
  CHECK(list->starts_with(theirs.substr(0, theirs.find("}],\"annotations\"")) + "},{"));
  CHECK(list->ends_with("],\"annotations\":{\"x\":\"y\"}}"));
  CHECK(parse_referrers(*list, list_name).size() == 2);
  // Go writes null for a list without entries.
  const auto first = with_referrer("{\"schemaVersion\":2,\"manifests\":null}", entry, list_name);
  CHECK(parse_referrers(first.value_or(""), list_name) == std::vector{entry});
}

TEST_CASE("what is no list of referrers is not overwritten") {
  const Image artifact = artifact_about("the image");
  const Descriptor entry = referrer_of(artifact);
  check_error([&] { with_referrer(artifact.manifest_bytes, entry, list_name); },
              Fault::refused,
              list_name +
                  " is of type `application/vnd.oci.image.manifest.v1+json`, not a list of "
                  "referrers");
  check_error([&] { parse_referrers("{\"layers\":[]}", list_name); },
              Fault::refused,
              list_name + " is no list of referrers");
  CHECK(error_of([&] { parse_referrers("<html>", list_name); }).fault() == Fault::refused);
}
