#include "lib/check/requirement.h"

#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

namespace {

const HostProperties host{{"arch", {"8.0"}},
                          {"brand", {"nvidia", "tesla"}},
                          {"cuda", {"12.4"}},
                          {"driver", {"550.54.14"}}};

}  // namespace

// The vectors of the toolkit's internal/requirements/constraints/factory_test.go.
TEST_CASE("requirements are taken apart as the container toolkit does") {
  const HostProperties old{{"cuda", {"11.6"}}, {"arch", {"5.3"}}};
  const auto truth = [&](std::string_view text) { return evaluate_requirement(text, old); };
  CHECK(truth("") == Truth::yes);
  CHECK(truth("notvalid") == std::nullopt);
  CHECK(truth("foo=45") == Truth::yes);
  CHECK(truth("cuda=foo") == std::nullopt);
  CHECK(truth("cuda>=11.6") == Truth::yes);
  CHECK(truth("cuda>11.6") == Truth::no);
  CHECK(truth("cuda<=11.6") == Truth::yes);
  CHECK(truth("cuda<11.6") == Truth::no);
  CHECK(truth("cuda=11.6") == Truth::yes);
  CHECK(truth("cuda!=11.6") == Truth::no);
  CHECK(truth("cuda>=11.6 foo=bar") == Truth::yes);
  CHECK(truth("cuda>=11.7 arch=5.3") == Truth::yes);  // one of them
  CHECK(truth("cuda>=11.7,arch=5.3") == Truth::no);   // both
  CHECK(truth("cuda<11.6 cuda>=11.6,arch=5.3") == Truth::yes);
  CHECK(truth("cuda<11.6 cuda>=11.6,arch=5.2") == Truth::no);
}

TEST_CASE("versions are compared by number, and what is not known may be") {
  CHECK(evaluate_requirement("driver>=450.9", host) == Truth::yes);
  CHECK(evaluate_requirement("driver<9999", host) == Truth::yes);
  CHECK(evaluate_requirement("brand=tesla", host) == Truth::maybe);
  CHECK(evaluate_requirement("brand=geforce", host) == Truth::no);
  CHECK(evaluate_requirement("cuda>=12.4", {}) == Truth::maybe);
  CHECK(evaluate_requirement("driver>=450.080.02", host) == std::nullopt);  // no semantic version
  CHECK(evaluate_requirement("cuda>=13.0 brand=tesla,driver>=550,driver<551 "
                             "brand=nvidia,driver>=550,driver<551",
                             host) == Truth::maybe);
}

TEST_CASE("a driver of which the branch alone is known may be any release of it") {
  const auto truth = [](std::string_view text) {
    return evaluate_requirement(text, {{"driver", {"580"}}});
  };
  CHECK(truth("driver>=580.65.6") == Truth::maybe);
  CHECK(truth("driver<580.65.6") == Truth::maybe);
  CHECK(truth("driver>=580,driver<581") == Truth::yes);
  CHECK(truth("driver<580") == Truth::no);
  CHECK(truth("driver<=580") == Truth::maybe);
  CHECK(truth("driver=580.65.6") == Truth::maybe);
  CHECK(truth("driver>=575.57.8") == Truth::yes);
  CHECK(truth("driver>=595.45.4") == Truth::no);
}

TEST_CASE("where a branch decides nothing, nobody knows whether a requirement is met") {
  TestImage image;
  image.config.set_env("NVIDIA_REQUIRE_CUDA", "cuda>=13.0,driver>=580.65.6");
  image.machine("L4", "580");
  CHECK(image.ids() == Ids{"info require-unknown"});
}

TEST_CASE("a host that does not meet NVIDIA_REQUIRE is told of before it refuses the container") {
  TestImage image;
  image.config.set_env("NVIDIA_REQUIRE_CUDA", "cuda>=12.8 brand=tesla,driver>=535,driver<536");
  image.machine("L4", "550.54.14");
  const Finding found = image.only();
  CHECK(found.id == "require-unmet");
  CHECK(found.what == "L4 with driver 550.54.14 does not meet what NVIDIA_REQUIRE_* demands");
  image.config.set_env("NVIDIA_DISABLE_REQUIRE", "true");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("an old image demands the CUDA that it has, and a malformed demand starts nothing") {
  TestImage image;
  image.machine("L4", "535.54.03");
  image.config.set_env("CUDA_VERSION", "12.4.1");
  CHECK(image.ids() == Ids{"error require-unmet"});
  image.config.set_env("NVIDIA_REQUIRE_CUDA", "cuda");
  CHECK(image.ids() == Ids{"error require-malformed"});
}
