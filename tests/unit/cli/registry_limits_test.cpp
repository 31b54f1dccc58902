#include "cli/registry_limits.h"

#include "lib/error.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

PackJob job_of(std::uint64_t size, Compression compression) {
  RecipeEntry entry;
  entry.path = "m/big.gguf";
  entry.size = size;
  entry.content = FileRange{"/w/big.gguf", {}, 0};
  return {{Role::weights, "base", 0, {entry}}, compression};
}

std::vector<std::string> check(std::uint64_t size,
                               Compression compression,
                               const std::string& name) {
  return check_registry_limits({job_of(size, compression)},
                               {parse_reference("local:1"), parse_reference(name)});
}

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

}  // namespace

TEST_CASE("a layer that a named registry refuses is refused before work begins") {
  CHECK_THROWS_WITH(
      check(12 * gib, Compression::none, "ghcr.io/acme/model:1"),
      "the weights layer `base` is 12.0 GiB with `/w/big.gguf` (12.0 GiB), and ghcr.io takes "
      "layers of 10.0 GiB at most");
  try {
    check(12 * gib, Compression::none, "ghcr.io/acme/model:1");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
  }
}

TEST_CASE("what a registry may take is let through") {
  CHECK(check(9 * gib, Compression::none, "ghcr.io/acme/model:1").empty());
  CHECK(check(9 * gib, Compression::zstd, "ghcr.io/acme/model:1").empty());
  CHECK(check(12 * gib, Compression::none, "registry.example.com/acme/model:1").empty());
}

TEST_CASE("a layer that may be too large when it is compressed is warned about") {
  CHECK(check(12 * gib, Compression::zstd, "ghcr.io/acme/model:1") ==
        std::vector<std::string>{
            "before it is compressed, the weights layer `base` is 12.0 GiB with `/w/big.gguf` "
            "(12.0 GiB), and ghcr.io takes layers of 10.0 GiB at most; `--reshard` splits the file "
            "into shards"});
}

TEST_CASE("the largest layer is the spec's, or what the pettiest registry takes") {
  const auto largest = [](const std::vector<Reference>& names) {
    return largest_layer(50 * gib, names);
  };
  const Reference ghcr = parse_reference("ghcr.io/acme/model:1");
  const Reference azure = parse_reference("acme.azurecr.io/model:1");
  CHECK(largest({parse_reference("local:1"), azure}) == 50 * gib);
  CHECK(largest({ghcr, azure}) == 10 * gib);
  CHECK(largest_layer(5 * gib, {ghcr, azure}) == 5 * gib);
}
