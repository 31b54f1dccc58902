#include "lib/lock/agree.h"

#include "tests/unit/lock/sample.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const Platform arm64 = *Platform::parse("linux/arm64");

// A spec that the sample agrees with.
const std::string agreeing = R"(schema: 1
name: x
base: debian:12
system_packages: [zlib1g, less]
weights:
  - {name: w, source: "hf://acme/tiny", include: ["*.json", "*.safetensors"]}
  - {name: i, source: "oci://registry.test/acme/llama:1"}
)";

Spec spec_of(std::string text, const std::string& from = "", const std::string& to = "") {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return parse_spec(text.replace(at, from.size(), to), "/x/mlpack.yaml");
}

Texts problems(const Spec& spec, const std::vector<Platform>& platforms = {amd64}) {
  return disagreements(sample_lock(), {spec}, platforms);
}

}  // namespace

TEST_CASE("the lock lies beside the spec, under its stem") {
  CHECK(lock_path(parse_spec("schema: 1\nname: x\n", "a/mlpack.yaml")) == "a/mlpack.lock");
  CHECK(lock_path(parse_spec("schema: 1\nname: x\n", "gpu.serve.yaml")) == "gpu.serve.lock");
}

TEST_CASE("a spec and a lock that agree have nothing to say") {
  const Spec spec = spec_of(agreeing);
  CHECK(problems(spec).empty());
  const Lock agreed = agreeing_part(sample_lock(), {spec}, {amd64});
  CHECK(write_lock(agreed) == write_lock(sample_lock()));
}

TEST_CASE("each disagreement is named") {
  CHECK(problems(spec_of(agreeing, "debian:12", "debian:13")) ==
        Texts{"linux/amd64: base: the spec says `debian:13`, the lock `debian:12`"});
  CHECK(problems(spec_of(agreeing, "less]", "curl]")) ==
        Texts{"linux/amd64: system_packages: the lock is without `curl`; the spec is without "
              "`less`"});
  CHECK(problems(spec_of(agreeing, "acme/tiny", "acme/tiny@v2")) ==
        Texts{"weights `w`: the spec says `hf://acme/tiny@v2`, the lock `hf://acme/tiny`"});
  CHECK(problems(spec_of(agreeing, "\"*.json\", ", "")) ==
        Texts{"weights `w`: `include` or `exclude` is another than in the lock"});
  CHECK(problems(spec_of(agreeing, "name: i", "name: j")) ==
        Texts{"weights `j`: is not in the lock", "weights `i`: not in the spec"});
  CHECK(problems(spec_of(agreeing, "base: debian:12", "base: {debian: trixie}")) ==
        Texts{"linux/amd64: base: the lock has `debian:12`, the spec no image",
              "linux/amd64: system_packages: the spec says `trixie`, the lock `bookworm`"});
  CHECK(problems(spec_of(agreeing), {amd64, arm64}) ==
        Texts{"linux/arm64: nothing in the lock is for it"});
  CHECK(problems(spec_of(agreeing, "name: x\n", "name: x\nplatform: linux/amd64\n")) ==
        Texts{"platform: the lock chose linux/amd64, and the spec names its own"});
  CHECK(disagreements(Lock(), {parse_spec("schema: 1\nname: x\n", "m.yaml")}, {amd64}) ==
        Texts{"platform: neither the spec nor the lock names one",
              "linux/amd64: nothing in the lock is for it"});
}

TEST_CASE("a platform for which nothing is chosen is in the lock, too") {
  const Spec spec = parse_spec("schema: 1\nname: x\nbase: scratch\nplatform: linux/amd64\n", "m");
  Lock lock;
  CHECK(disagreements(lock, {spec}, {amd64}) ==
        Texts{"linux/amd64: nothing in the lock is for it"});
  lock.platforms[amd64];
  CHECK(disagreements(lock, {spec}, {amd64}).empty());
  CHECK(lock.empty());
}

TEST_CASE("what does not agree is taken out, and only that") {
  const Lock other =
      agreeing_part(sample_lock(), {spec_of(agreeing, "acme/tiny", "acme/tiny@v2")}, {amd64});
  CHECK(other.weights.size() == 1);
  CHECK(other.platforms.at(amd64).system);
  const Lock based =
      agreeing_part(sample_lock(), {spec_of(agreeing, "debian:12", "debian:13")}, {amd64});
  CHECK(based.weights.size() == 2);
  CHECK_FALSE(based.platforms.at(amd64).base);
  CHECK_FALSE(based.platforms.at(amd64).system);
  const Lock packages =
      agreeing_part(sample_lock(), {spec_of(agreeing, "less]", "curl]")}, {amd64});
  CHECK(packages.platforms.at(amd64).base);
  CHECK_FALSE(packages.platforms.at(amd64).system);
}

TEST_CASE(
    "platforms that the spec no longer names can be taken out, beside the command line's not") {
  Lock lock = sample_lock();
  lock.platforms[arm64] = lock.platforms[amd64];
  const Spec spec = spec_of(agreeing, "name: x\n", "name: x\nplatform: linux/amd64\n");
  const Spec asked = parse_spec(agreeing, "/x/mlpack.yaml", {{}, {}, {"linux/amd64"}});
  CHECK(agreeing_part(lock, {spec}, {amd64}).platforms.size() == 2);
  keep_platforms(lock, asked, {amd64});
  CHECK(lock.platforms.size() == 2);
  keep_platforms(lock, spec, {amd64});
  CHECK_FALSE(lock.platforms.contains(arm64));
}

TEST_CASE("of a URL neither user, password nor query is written down") {
  Weights weights;
  weights.kind = SourceKind::https;
  weights.source = "https://me:secret@host.test/a/b.gguf?X-Amz-Signature=secret#sha256=00";
  CHECK(lock_source(weights) == "https://host.test/a/b.gguf#sha256=00");
  weights.source = "https://host.test/b@c.gguf";
  CHECK(lock_source(weights) == "https://host.test/b@c.gguf");
}

TEST_CASE("a layout is named as it lies from the spec") {
  CHECK(lock_base(parse_spec("schema: 1\nname: x\nbase: oci:../base:1\n", "/w/x/mlpack.yaml")) ==
        "oci:../base:1");
  CHECK(lock_base(parse_spec("schema: 1\nname: x\nbase: scratch\n", "/w/mlpack.yaml")).empty());
}

TEST_CASE("an upgrade forgets what it names, and a new base its packages too") {
  const Spec spec = spec_of(agreeing);
  CHECK(upgradable_names(spec, Lock()) == Texts{"base", "system_packages", "w", "i"});
  Lock lock = sample_lock();
  forget_pins(lock, {"w"});
  CHECK(lock.weights.size() == 1);
  CHECK(lock.platforms.at(amd64).system);
  forget_pins(lock, {"base"});
  CHECK_FALSE(lock.platforms.at(amd64).base);
  CHECK_FALSE(lock.platforms.at(amd64).system);
  lock = sample_lock();
  forget_pins(lock, {"system_packages"});
  CHECK(lock.platforms.at(amd64).base);
  forget_pins(lock, {});
  CHECK(lock.empty());
}

TEST_CASE("what `python` says is compared as the spec has it") {
  const Spec spec = parse_spec(
      "schema: 1\nname: x\nbase: debian:12\npython:\n"
      "  packages: ['six', 'own @ https://host.test/own-1-py3-none-any.whl']\n"
      "  index_url: https://index.test/simple\n",
      "/x/mlpack.yaml");
  CHECK(lock_python(spec) == Texts{"index https://index.test/simple",
                                   "package own @ https://host.test/own-1-py3-none-any.whl",
                                   "package six"});
  const Lock lock = sample_lock(SampleParts::python);
  const auto lines = disagreements(lock, {spec, {{"r.txt", digest_of("other")}}}, {amd64});
  CHECK(std::find(lines.begin(),
                  lines.end(),
                  "linux/amd64: python: the lock is without `index https://index.test/simple`, "
                  "`package own @ https://host.test/own-1-py3-none-any.whl`; `r.txt` is another "
                  "than was locked") != lines.end());
  const Lock agreed = agreeing_part(lock, {spec}, {amd64});
  CHECK_FALSE(agreed.platforms.at(amd64).python);
  CHECK(upgradable_names(spec, lock) == Texts{"base", "python", "six"});
}

TEST_CASE("files that a lock names are the same, and none is new or gone") {
  const Spec spec = parse_spec("schema: 1\nname: x\nbase: debian:12\npython: {packages: [six]}\n",
                               "/x/mlpack.yaml");
  Lock lock = sample_lock(SampleParts::python);
  LockedPython& python = *lock.platforms.at(amd64).python;
  python.asked = lock_python(spec);
  python.files = {{"r.txt", digest_of("r")},
                  {"lib/pyproject.toml", digest_of("p")},
                  {"wheels/six-1.0-py3-none-any.whl", digest_of("w")}};
  const auto told = [&](std::map<std::string, Digest> named, std::map<std::string, Digest> others) {
    std::string text;
    for (const std::string& line :
         disagreements(lock, {spec, std::move(named), std::move(others)}, {amd64})) {
      if (line.starts_with("linux/amd64: python: ")) text = line.substr(21);
    }
    return text;
  };
  const std::pair<const std::string, Digest> mine{"r.txt", digest_of("r")};
  const std::pair<const std::string, Digest> project{"lib/pyproject.toml", digest_of("p")};
  CHECK(told({mine}, {project}) == "");
  CHECK(told({mine, project}, {}) == "");
  CHECK(told({mine}, {}) == "`lib/pyproject.toml` is gone");
  CHECK(told({mine}, {{"lib/pyproject.toml", digest_of("q")}}) ==
        "`lib/pyproject.toml` is another than was locked");
  CHECK(told({mine}, {project, {"wheels/six-1.0-py3-none-any.whl", digest_of("v")}}) ==
        "`wheels/six-1.0-py3-none-any.whl` is another than was locked");
  CHECK(told({mine, {"more.txt", digest_of("m")}}, {project}) == "`more.txt` is new");
}
