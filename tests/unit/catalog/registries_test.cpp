#include "lib/catalog/registries.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

std::uint64_t limit_of(const std::string& host) {
  const Registry* registry = find_registry(host);
  return registry == nullptr ? 0 : registry->largest_layer;
}

}  // namespace

TEST_CASE("the largest layer of a hosted registry is found by its host") {
  constexpr std::uint64_t mib = 1 << 20;
  CHECK(limit_of("ghcr.io") == 10 * 1024 * mib);
  CHECK(limit_of("123456789012.dkr.ecr.eu-central-1.amazonaws.com") == 52'000 * mib);
  CHECK(limit_of("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn") == 52'000 * mib);
  CHECK(limit_of("public.ecr.aws") == 10'000 * mib);
  CHECK(limit_of("acme.azurecr.io") == 200 * 1024 * mib);
}

TEST_CASE("nothing is known of other hosts") {
  for (const std::string host :
       {"", "docker.io", "ghcr.io.example.com", "localhost:5000", "azurecr.io"}) {
    CHECK_MESSAGE(find_registry(host) == nullptr, host);
  }
}
