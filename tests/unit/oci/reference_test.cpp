#include "lib/oci/reference.h"

#include "lib/error.h"
#include "tests/unit/oci/check_error.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mlpack;
using test::check_error;
using test::error_of;

namespace {

const std::string zeros(64, '0');

Reference name(std::string_view text) {
  const auto reference = Reference::parse(text);
  REQUIRE_MESSAGE(reference.has_value(), std::string(text));
  return *reference;
}

void check_parts(std::string_view text,
                 std::string_view host,
                 std::string_view repository,
                 std::string_view tag = {}) {
  CAPTURE(text);
  const Reference reference = name(text);
  CHECK(reference.host() == host);
  CHECK(reference.repository() == repository);
  CHECK(reference.tag().value_or("") == tag);
}

void check_no_reference(const std::string& text, const std::string& problem) {
  CAPTURE(text);
  CHECK_FALSE(Reference::parse(text));
  check_error([&] { parse_reference(text); },
              Fault::usage,
              "`" + text + "` is not an image name: " + problem);
}

constexpr std::string_view part_rule =
    " is not a part of a name: lower case letters and digits, with `.`, `_`, `__` or `-` between "
    "them";

}  // namespace

TEST_CASE("a name is split into host, repository and tag") {
  check_parts("python", "", "python");
  check_parts("python:3.12", "", "python", "3.12");
  check_parts("acme/sentiment:1", "", "acme/sentiment", "1");
  check_parts("registry.example.com/a/b/c:v1", "registry.example.com", "a/b/c", "v1");
  check_parts("registry.example.com:5000/a", "registry.example.com:5000", "a");
  check_parts("localhost/x:1", "localhost", "x", "1");
  check_parts("localhost:5000/x", "localhost:5000", "x");
  check_parts("127.0.0.1:5000/x", "127.0.0.1:5000", "x");
}

TEST_CASE("without a slash the part before a colon is the name, as docker has it") {
  check_parts("localhost:5000", "", "localhost", "5000");
}

TEST_CASE("an IPv6 host stands in brackets") {
  check_parts("[::1]:5000/x:1", "[::1]:5000", "x", "1");
  check_parts("[2001:db8::2]/a/b", "[2001:db8::2]", "a/b");
  check_no_reference("[::1/x", "`[::1` is not an IPv6 address in brackets");
  check_no_reference("[::zz]/x", "`[::zz]` is not an IPv6 address in brackets");
  check_no_reference("[::1]5000/x", "`[::1]5000` is not a host");
  check_no_reference("[::1]:0/x", "`0` is not a port");
}

TEST_CASE("host names are compared in lower case") {
  CHECK(name("Registry.Example.COM/x") == name("registry.example.com/x"));
}

TEST_CASE("a digest may follow the tag") {
  const Reference reference = name("a.example/b:t@sha256:" + zeros);
  CHECK(reference.tag() == "t");
  REQUIRE(reference.digest());
  CHECK(reference.digest()->hex() == zeros);
  CHECK(reference.text() == "a.example/b:t@sha256:" + zeros);
  CHECK(reference.name() == "a.example/b");
}

TEST_CASE("separators in names are those of the grammar") {
  for (const std::string text : {"a.b", "a_b", "a__b", "a-b", "a---b", "x/a.b_c-d/e__f", "0/1"}) {
    CAPTURE(text);
    CHECK(Reference::parse(text));
  }
  for (const std::string text : {"a..b", "a___b", "a._b", "-a", "a-", ".a", "a/.b", "a_-b"}) {
    CAPTURE(text);
    CHECK_FALSE(Reference::parse(text));
  }
}

TEST_CASE("what is wrong with a name is said") {
  check_no_reference("", "the name is empty");
  check_no_reference(":tag", "the name is empty");
  check_no_reference("@sha256:" + zeros, "the name is empty");
  check_no_reference("registry.example.com/", "the name is empty");
  check_no_reference("a//b", "a part of the name is empty");
  check_no_reference("/a", "a part of the name is empty");
  check_no_reference("a b", "`a b`" + std::string(part_rule));
  check_no_reference("a/../b", "`..`" + std::string(part_rule));
  check_no_reference("a%2fb", "`a%2fb`" + std::string(part_rule));
  check_no_reference("a:", "`` is not a tag");
  check_no_reference("a:-x", "`-x` is not a tag");
  check_no_reference("a@sha256:12", "`sha256:12` is not `sha256:` and 64 hexadecimal digits");
  check_no_reference("a@md5:" + zeros,
                     "`md5:" + zeros + "` is not `sha256:` and 64 hexadecimal digits");
  check_no_reference("-x.example/a", "`-x.example` is not a host");
  check_no_reference("x_y.example/a", "`x_y.example` is not a host");
  check_no_reference("user@x.example/a",
                     "`x.example/a` is not `sha256:` and 64 hexadecimal digits");
  check_no_reference("x.example:/a", "`` is not a port");
  check_no_reference("x.example:65536/a", "`65536` is not a port");
  check_no_reference("x.example:080/a", "`080` is not a port");
  check_no_reference("x.example:5a/b", "`5a` is not a port");
}

TEST_CASE("a password in a name is never shown") {
  for (const std::string text : {"user:secret@host/x",
                                 "user:secret@host.example/x:1",
                                 "https://user:secret@host.example/x",
                                 "user:secret@sha.example/x",
                                 "user:secret@sha256/x",
                                 "user:se@cret@host.example/x"}) {
    CAPTURE(text);
    const Error error = error_of([&] { parse_image_location(text); });
    CHECK(error.fault() == Fault::usage);
    const std::string shown = std::string(error.what()) + error.hint();
    CHECK(shown.find("secret") == std::string::npos);
    CHECK(shown.find("cret") == std::string::npos);
  }
}

TEST_CASE("a tag has at most 128 characters") {
  CHECK(Reference::parse("a:" + std::string(128, 'x')));
  check_error([] { parse_reference("a:" + std::string(129, 'x')); },
              Fault::usage,
              "`a:" + std::string(98, 'x') + "…` is not an image name: `" + std::string(100, 'x') +
                  "…` is not a tag");
}

TEST_CASE("upper case in a name is refused with the name in lower case") {
  const Error error = error_of([] { parse_reference("acme/Sentiment:V1"); });
  CHECK(
      error.what() ==
      std::string("`acme/Sentiment:V1` is not an image name: `Sentiment` has upper case letters"));
  CHECK(error.hint() == "write `acme/sentiment:v1`");
}

TEST_CASE("foreign bytes in a name are shown, not printed") {
  check_error([] { parse_reference("a\x1b[31m"); },
              Fault::usage,
              "`a\\x1b[31m` is not an image name: `a\\x1b[31m`" + std::string(part_rule));
}

TEST_CASE("a name has at most 255 bytes, host included") {
  const std::string host = "registry.example.com/";
  CHECK(Reference::parse(host + std::string(255 - host.size(), 'a')));
  CHECK_FALSE(Reference::parse(host + std::string(256 - host.size(), 'a')));
}

TEST_CASE("a million slashes are refused quickly") {
  CHECK_FALSE(Reference::parse(std::string(1'000'000, '/')));
  CHECK_FALSE(Reference::parse(std::string(1'000'000, 'a')));
}

TEST_CASE("a name without host means docker's hub where a registry is needed") {
  CHECK(name("python:3").with_default_host().text() == "docker.io/library/python:3");
  CHECK(name("acme/x").with_default_host().text() == "docker.io/acme/x");
  CHECK(name("docker.io/python").with_default_host().text() == "docker.io/library/python");
  CHECK(name("index.docker.io/acme/x").with_default_host().text() == "docker.io/acme/x");
  CHECK(name("registry.example.com/x").with_default_host().text() == "registry.example.com/x");
  CHECK(name("python").is_local());
  CHECK_FALSE(name("localhost/python").is_local());
}

TEST_CASE("tags and digests are set on a copy") {
  const Reference plain = name("a/b");
  CHECK(plain.with_default_tag().text() == "a/b:latest");
  CHECK(name("a/b:1").with_default_tag().text() == "a/b:1");
  CHECK(name("a/b@sha256:" + zeros).with_default_tag().tag() == std::nullopt);
  CHECK(plain.with_tag("v1").text() == "a/b:v1");
  CHECK(plain.with_digest(*Digest::from_hex(zeros)).text() == "a/b@sha256:" + zeros);
  check_error([&] { plain.with_tag("a/b"); }, Fault::usage, "`a/b` is not a tag");
  check_error([&] { plain.with_tag(""); }, Fault::usage, "`` is not a tag");
}

TEST_CASE("images on disk are named as skopeo names them") {
  const auto layout = std::get<ArchiveLocation>(parse_image_location("oci:out/dir:v1"));
  CHECK(layout.kind == ArchiveLocation::Kind::oci_layout);
  CHECK(layout.path == "out/dir");
  CHECK(layout.tag == "v1");
  const auto archive = parse_archive_location("oci-archive:/tmp/x.tar");
  CHECK(archive.kind == ArchiveLocation::Kind::oci_archive);
  CHECK(archive.path == "/tmp/x.tar");
  CHECK(archive.tag.empty());
  const auto docker = parse_archive_location("docker-archive:-:registry.example.com:5000/acme/x:1");
  CHECK(docker.kind == ArchiveLocation::Kind::docker_archive);
  CHECK(docker.path == "-");
  CHECK(docker.tag == "registry.example.com:5000/acme/x:1");
  CHECK(parse_archive_location("docker-archive:/dev/stdout:x:1").path == "-");
  CHECK(parse_archive_location("oci-archive:/dev/fd/1").path == "-");
}

TEST_CASE("a place on disk that cannot be meant is refused") {
  const auto location = [](std::string_view text) {
    return [text] { parse_image_location(text); };
  };
  check_error(location("oci:"), Fault::usage, "`oci:` names no folder after `oci:`");
  check_error(location("oci-archive::x"),
              Fault::usage,
              "`oci-archive::x` names no file after `oci-archive:`");
  check_error(location("oci:-"), Fault::usage, "`oci:-`: a folder cannot be stdout");
  check_error(location("oci:a:"), Fault::usage, "`oci:a:` has nothing after its last colon");
  check_error(location("oci:a:b c"), Fault::usage, "`b c` is not a tag of an image layout");
  check_error(location("docker-archive:a:B"),
              Fault::usage,
              "`B` is not an image name: `B` has upper case letters");
}

TEST_CASE("transports of other tools are named as such") {
  for (const std::string prefix : {"docker://", "docker-daemon:", "containers-storage:"}) {
    check_error(
        [&] { parse_image_location(prefix + "x:1"); },
        Fault::usage,
        "`" + prefix + "x:1` begins with `" + prefix + "`, a transport that mlpack does not have");
  }
  CHECK(std::holds_alternative<Reference>(parse_image_location("dir:latest")));
  check_error(
      [] { parse_archive_location("x:1"); }, Fault::usage, "`x:1` does not begin with a transport");
}
