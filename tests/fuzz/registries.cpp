#include "layers/elf_fatbin.h"
#include "layers/layer_facts.h"
#include "layers/tar_reader.h"
#include "lib/check/image_files.h"
#include "lib/check/node_rules.h"
#include "lib/oci/json_node.h"
#include "lib/oci/referrers.h"
#include "registry/credential_json.h"
#include "registry/registries_conf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/deb_repository.h"
#include "tests/unit/layers/elf_support.h"

#include <nlohmann/json.hpp>

#include <array>
#include <memory>

namespace mlpack::fuzz {
namespace {

/// docker's config.json and podman's auth.json: what is found in it, and what an edit leaves.
void read_docker_config(std::string_view bytes) {
  const Document document{"config.json", Fault::auth, {}};
  const nlohmann::ordered_json config = parse_document(bytes, document);
  if (!config.is_object()) return;
  const std::string text(bytes);
  const auto keys = credential_keys("registry.example.com:5000", "a/b");
  helper_for(config, keys);
  find_auth(config, keys, "config.json");
  const std::string without = without_auth(text, keys);
  const auto left = parse_document(without, document);
  require(!find_auth(left, keys, "config.json"), "what is taken out is gone");
  const std::string with = with_auth(text, keys, keys.front(), "dTpw");
  const auto found = find_auth(parse_document(with, document), keys, "config.json");
  require(found && found->username == "u" && found->password == "p", "what is put in is there");
}

std::vector<std::string> docker_config_seeds() {
  return {
      R"({"auths":{"registry.example.com:5000/a":{"auth":"dTpw"},"https://index.docker.io/v1/":{"auth":"","identitytoken":"x"}},
  "credHelpers":{"registry.example.com:5000":"pass"},"credsStore":"x"})",
      "{\n\t\"auths\": {\n\t\t\"registry.example.com:5000\": {}\n\t},\n\t\"n\": 1e999\n}\n"};
}

void read_registries(std::string_view bytes) {
  const auto conf = RegistriesConf::parse(bytes, "registries.conf");
  for (const char* const name :
       {"docker.io/library/a:1", "registry.example.com:5000/a/b:1", "a.mirror.example.com/x"}) {
    const Reference reference = parse_reference(name);
    conf.tls_of(reference);
    try {
      for (const PullKind kind : {PullKind::tag, PullKind::digest, PullKind::blob})
        require(!conf.places(reference, kind).empty(), "there is a place to pull from");
    } catch (const Error& error) {
      require(error.fault() == Fault::gate || error.fault() == Fault::input, error.what());
    }
  }
}

std::vector<std::string> registries_seeds() {
  return {
      "unqualified-search-registries = [\"docker.io\"]\n[[registry]]\nprefix = "
      "\"docker.io/library\"\n"
      "location = \"registry.example.com:5000/hub\"\ninsecure = true\n[[registry.mirror]]\n"
      "location = \"a.example.com/b\"\npull-from-mirror = \"digest-only\"\n",
      "[[registry]]\nprefix = \"*.example.com\"\nblocked = true\n"};
}

void read_referrers(std::string_view bytes) {
  const auto entries = parse_referrers(bytes, "the list");
  const Descriptor entry{"a/b", Digest::of(""), 1, {{"k", "v"}}, {}};
  const auto longer = with_referrer(std::string(bytes), entry, "the list");
  if (!longer) return;
  const auto again = parse_referrers(*longer, "the list");
  require(again.size() == entries.size() + 1 && again.back() == entry, "one is added");
  require(std::equal(entries.begin(), entries.end(), again.begin()), "the others stay");
}

std::vector<std::string> referrers_seeds() {
  return {
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"a/b","digest":")" +
          Digest::of("x").text() +
          R"(","size":7,"artifactType":"c/d","annotations":{"a":"b"},"urls":["u"]}],"annotations":{"x":"y"}})",
      R"({"manifests":null})"};
}

void read_node_rules(std::string_view bytes) {
  const NodeRules rules = parse_node_rules(bytes, "the artifact");
  NodeFeatures features;
  features.pci.emplace().push_back({{"vendor", {"10de"}}, {"class", {"0300", "0302"}}});
  features.flags["kernel.loadedmodule"]["nvidia"] = true;
  features.attributes["kernel.version"]["major"] = {"6"};
  check_node_rules(rules, features);
}

std::vector<std::string> node_rules_seeds() {
  return {
      "version: v1alpha1\ncompatibilities:\n- description: \"a\"\n  weight: 3\n  rules:\n  - name: "
      "x\n"
      "    matchAny:\n    - matchFeatures:\n      - feature: kernel.version\n        "
      "matchExpressions:\n"
      "          major: {op: GtLt, value: [\"5\", \"7\"]}\n    matchFeatures:\n    - feature: "
      "pci.device\n"
      "      matchName: {op: Exists}\n      matchExpressions:\n        vendor: {op: In, value: "
      "[\"10de\"]}\n"};
}

void read_fatbin(std::string_view bytes) {
  const TextReadAt file{std::string(bytes)};
  ElfBytes elf(file);
  FatbinScan scan(elf);
  scan.add(0, file.size(), ElfGpuCode::Linkage::launchable);
  for (const ElfGpuCode& code : scan.result())
    require(code.count > 0, "what is there is counted");
}

std::vector<std::string> fatbin_seeds() {
  return {test::fatbin({{}, {.kind = 1, .sm = 100}, {.kind = 8, .sm = 80, .payload = 64}}),
          test::fatbin({{.kind = 2, .sm = 90}}) + std::string(40, '\0') + test::fatbin({{}})};
}

/// Two layers on each other: the second half takes away from what the first one brings.
void read_stack(std::string_view bytes) {
  ImageFiles files;
  const std::size_t half = bytes.size() / 1024 * 512;
  for (const std::string_view part : {bytes.substr(0, half), bytes.substr(half)}) {
    TarReader tar(std::make_unique<StringSource>(std::string(part)));
    const NewTemporary no_file = []() -> std::unique_ptr<AtomicFile> {
      fail(Fault::disk, "nothing is spooled here");
    };
    files.add(read_layer_facts(tar, no_file, Stop()));
  }
  for (const auto& [path, file] : files.all()) {
    require(files.find(path) == &file, "a file is found by its path");
    files.real_path(path);
  }
  passwd_lines(files);
}

std::vector<std::string> stack_seeds() {
  const std::string end(1024, '\0');
  const std::string lower = test::tar_header("etc/", '5') + test::tar_header("etc/a", '0', 3) +
                            "abc" + std::string(509, '\0') +
                            test::tar_header("lib", '2', 0, "usr/lib") +
                            test::tar_header("usr/lib/x", '0') + end;
  const std::string upper = test::tar_header("etc/.wh.a", '0') + test::tar_header("lib/y", '0') +
                            test::tar_header("usr/.wh..wh..opq", '0') +
                            test::tar_header("b", '1', 0, "lib/y") + test::tar_header("c/", '5') +
                            test::tar_header("c/d", '2', 0, "../c") + end;
  return {lower + upper, upper + lower};
}

constexpr std::array registry_readers{
    Target{"docker-config", read_docker_config, docker_config_seeds},
    Target{"registries-conf", read_registries, registries_seeds},
    Target{"referrers", read_referrers, referrers_seeds},
    Target{"node-rules", read_node_rules, node_rules_seeds},
    Target{"fatbin", read_fatbin, fatbin_seeds},
    Target{"stack", read_stack, stack_seeds}};

}  // namespace

std::span<const Target> registry_targets() {
  return registry_readers;
}

}  // namespace mlpack::fuzz
