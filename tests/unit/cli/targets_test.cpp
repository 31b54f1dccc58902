#include "cli/targets.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

Spec spec_with_image(const std::string& image) {
  const std::string line = image.empty() ? "" : "image: " + image + "\n";
  return parse_spec("schema: 1\nname: digits\nbase: scratch\n" + line, "mlpack.yaml");
}

std::vector<std::string> target_names(const std::string& image,
                                      const std::vector<std::string>& tags) {
  std::vector<std::string> texts;
  for (const Reference& name : target_names(spec_with_image(image), tags))
    texts.push_back(name.text());
  return texts;
}

using Texts = std::vector<std::string>;

Environment epoch(const std::string& value) {
  return [value](const std::string& name) -> std::optional<std::string> {
    if (name != "SOURCE_DATE_EPOCH") return std::nullopt;
    return value;
  };
}

}  // namespace

TEST_CASE("without -t an image has the spec's own name and the tag latest") {
  CHECK(target_names("", {}) == Texts{"digits:latest"});
  CHECK(target_names("registry.example.com/acme/digits", {}) ==
        Texts{"registry.example.com/acme/digits:latest"});
}

TEST_CASE("-t :TAG appends to the image, -t REF stands for itself, and nothing is there twice") {
  CHECK(target_names("registry.example.com/acme/digits", {":1", "g:2", "other", ":1"}) ==
        Texts{"registry.example.com/acme/digits:1", "g:2", "other:latest"});
  CHECK(target_names("", {":v1.2"}) == Texts{"digits:v1.2"});
}

TEST_CASE("-t cannot name a digest") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK_THROWS_WITH(
      target_names("", {"g@" + digest}),
      ("`-t g@" + digest + "` names a digest, which only the build can tell").c_str());
}

TEST_CASE("a name without a registry cannot be pushed to") {
  CHECK_THROWS_WITH(require_hosts({parse_reference("acme/g:1")}),
                    "`acme/g:1` names no registry to push to");
  CHECK_NOTHROW(require_hosts({parse_reference("127.0.0.1:5000/g:1")}));
}

TEST_CASE("an archive without a tag gets the image's") {
  const auto locations =
      output_locations({"oci:dir", "oci:dir:2", "docker-archive:-"}, parse_reference("g:1"));
  CHECK(locations.at(0).tag == "1");
  CHECK(locations.at(1).tag == "2");
  CHECK(locations.at(2).path == "-");
  CHECK(writes_to_stdout({"oci:dir", "docker-archive:-"}));
  CHECK_FALSE(writes_to_stdout({"oci:dir"}));
}

TEST_CASE("only one output can be stdout") {
  CHECK_THROWS_WITH(
      output_locations({"oci-archive:-", "oci:dir", "docker-archive:-"}, parse_reference("g:1")),
      "`-o oci-archive:-` and `-o docker-archive:-` are both stdout");
}

TEST_CASE("outputs are told apart by where they end up, not by how they are spelled") {
  const Reference name = parse_reference("g:1");
  CHECK_NOTHROW(output_locations({"oci:dir", "oci:dir:2", "oci-archive:dir.tar"}, name));
  CHECK_THROWS_WITH(output_locations({"oci-archive:a.tar", "docker-archive:./b/../a.tar"}, name),
                    "`-o oci-archive:a.tar` and `-o docker-archive:./b/../a.tar` would write the "
                    "same file");
  CHECK_THROWS_WITH(output_locations({"oci:dir", "oci:dir/:1"}, name),
                    "`-o oci:dir` and `-o oci:dir/:1` would write the same tag");
  CHECK_THROWS_WITH(output_locations({"oci-archive:x", "oci:./x"}, name),
                    "`-o oci-archive:x` and `-o oci:./x` would make one path a file and a folder");
}

TEST_CASE("two specs cannot share a name") {
  const auto wish = [](const std::string& file, const std::string& tag) {
    Spec spec = spec_with_image("");
    spec.file = file;
    return Wish{spec, target_names(spec, {":1", tag})};
  };
  CHECK_NOTHROW(require_own_names({wish("a.yaml", ":1")}));
  CHECK_THROWS_WITH(require_own_names({wish("a.yaml", ":2"), wish("b.yaml", ":3")}),
                    "the images of `a.yaml` and `b.yaml` would both be `digits:1`");
}

TEST_CASE("SOURCE_DATE_EPOCH is the time of creation, and must be one") {
  CHECK(creation_time([](const std::string&) { return std::nullopt; }) == 0);
  CHECK(creation_time(epoch("1700000000")) == 1700000000);
  for (const std::string bad : {"-1", "yesterday", "1.5", "253402300800", "1e9"}) {
    CHECK_THROWS_WITH(creation_time(epoch(bad)),
                      ("SOURCE_DATE_EPOCH is `" + bad + "`, which is no time").c_str());
  }
}

TEST_CASE("--var and --label want NAME=VALUE") {
  CHECK(named_texts("--var", {"a=b=c", "d="}) == std::vector<NamedText>{{"a", "b=c"}, {"d", ""}});
  CHECK_THROWS_WITH(named_texts("--label", {"key"}), "`--label` wants NAME=VALUE, not `key`");
  CHECK_THROWS_WITH(named_texts("--var", {"=x"}), "`--var` wants NAME=VALUE, not `=x`");
  CHECK_THROWS_WITH(named_texts("--var", {"sk-" + std::string(24, 'a')}),
                    "`--var` wants NAME=VALUE, not `***`");
}
