#include "lib/catalog/registries.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

using namespace mlpack;

namespace {

std::uint64_t limit_of(const std::string& host) {
  const Registry* registry = find_registry(host);
  return registry == nullptr ? 0 : registry->largest_layer;
}

bool takes(const std::string& host, UploadForm form) {
  const Registry& registry = *find_registry(host);
  return std::count(registry.forms.begin(), registry.forms.end(), form) > 0;
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

TEST_CASE("a registry that publishes no limit has none") {
  CHECK(limit_of("docker.io") == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("a registry that spoils chunks is never sent any") {
  CHECK_FALSE(takes("europe-docker.pkg.dev", UploadForm::chunks));
  CHECK_FALSE(takes("acme.jfrog.io", UploadForm::chunks));
  CHECK(takes("ghcr.io", UploadForm::chunks));
  CHECK(find_registry("ghcr.io")->chunk == std::uint64_t{4} << 20);
  CHECK(find_registry("public.ecr.aws")->ranges == UploadRanges::ignored);
}

TEST_CASE("nothing is known of other hosts") {
  for (const std::string host : {"", "ghcr.io.example.com", "localhost:5000", "azurecr.io"}) {
    CHECK_MESSAGE(find_registry(host) == nullptr, host);
  }
}
