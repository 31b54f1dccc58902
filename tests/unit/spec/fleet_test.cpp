#include "lib/spec/spec.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

using namespace mlpack;

namespace {

Spec spec_of(const std::string& lines) {
  return parse_spec("schema: 1\nname: demo\n" + lines, "/spec/mlpack.yaml", {});
}

}  // namespace

TEST_CASE("where a GPU is one module with its processor, the fleet decides for what is built") {
  using Texts = std::vector<std::string>;
  const auto platforms = [](const std::string& lines) {
    Texts texts;
    for (const auto& [platform, place] : spec_of(lines).platforms)
      texts.push_back(platform.text());
    return texts;
  };
  const Texts arm{"linux/arm64"};
  const Texts both{"linux/amd64", "linux/arm64"};
  for (const char* const gpu : {"GH200",
                                "GB200",
                                "GB300",
                                "GB10",
                                "DGX-Spark",
                                "Jetson-AGX-Thor",
                                "Jetson-AGX-Orin",
                                "Jetson-AGX-Xavier"}) {
    CAPTURE(gpu);
    CHECK(platforms(fmt::format("fleet: [{}]\n", gpu)) == arm);
  }
  CHECK(platforms("fleet: [\"GH200:2\", GB200, cpu]\n") == arm);
  CHECK(platforms("fleet: [L4, GH200]\n") == both);
  CHECK(platforms("fleet: [GH200, H100, Jetson-AGX-Orin]\n") == both);
  CHECK(platforms("fleet: [L4, H100, B200, cpu]\n").empty());
  CHECK(platforms("fleet: [cpu]\n").empty());
  CHECK(platforms("platform: linux/amd64\nfleet: [GH200]\n") == Texts{"linux/amd64"});
  const Spec spec = spec_of("fleet: [L4, GH200]\n");
  CHECK(spec.platforms_from == Spec::PlatformsFrom::fleet);
  CHECK(spec.platforms[1].place == Place{3, 13});
}
