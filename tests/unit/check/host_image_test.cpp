#include "lib/check/host_image.h"

#include <doctest/doctest.h>

#include <set>

using namespace mlpack;

namespace {

// A host with GPUs called `name`, and an image that says what it needs.
struct ImageOnHost {
  ImageOnHost(const std::string& name, unsigned count) {
    facts.measured.machine = "x86_64";
    facts.measured.disks = {{"/var/lib/docker", 1000}};
    facts.system.memory = 1000;
    facts.driver.module_version = Version::parse("550.90.07");
    for (unsigned i = 0; i < count; ++i) {
      NvmlGpu gpu;
      gpu.name = name;
      gpu.capability = Version::parse("8.9");
      gpu.memory = 100;
      facts.nvml.gpus.push_back(gpu);
    }
    config.platform.architecture = "amd64";
  }

  std::set<std::string> ids() const {
    std::set<std::string> found;
    const HostImage image{config, size, weights, nullptr};
    for (const Finding& finding : check_host_image({Catalog::built_in(), facts}, image))
      found.insert(finding.id + (finding.is_unknown ? "?" : ""));
    return found;
  }

  HostFacts facts;
  ImageConfig config;
  std::uint64_t size = 0;
  std::uint64_t weights = 0;
};

using FoundIds = std::set<std::string>;

}  // namespace

TEST_CASE("an image runs on the GPUs that its labels name") {
  ImageOnHost host("NVIDIA L4", 2);
  host.config.labels = {{"dev.mlpack.gpus", "L4:2,H100 SXM 80GB"},
                        {"dev.mlpack.cuda", "12.4"},
                        {"dev.mlpack.driver", "550.54.14"}};
  host.config.set_env("NVIDIA_REQUIRE_CUDA", "cuda>=12.4");
  CHECK(host.ids().empty());
  host.config.labels["dev.mlpack.gpus"] = "L4:4";
  CHECK(host.ids() == FoundIds{"image-gpu-count"});
  host.config.labels["dev.mlpack.gpus"] = "A100-80GB";
  CHECK(host.ids() == FoundIds{"image-other-gpu"});
}

TEST_CASE("an image of a newer CUDA than the driver's does not run") {
  ImageOnHost host("NVIDIA L4", 1);
  host.config.labels = {{"dev.mlpack.cuda", "13.0"}, {"dev.mlpack.driver", "580.65.06"}};
  CHECK(host.ids() == FoundIds{"image-driver-too-old"});
  host.config.set_env("NVIDIA_REQUIRE_CUDA", "cuda>=13.0");
  CHECK(host.ids() == FoundIds{"image-driver-too-old", "require-unmet"});
  host.config.env.clear();
  host.facts.driver.module_version = Version::parse("580");
  CHECK(host.ids() == FoundIds{});
}

TEST_CASE("an image is compared with processor, disk and memory of a host") {
  ImageOnHost host("NVIDIA L4", 1);
  host.config.labels = {{"dev.mlpack.gpus", "L4"},
                        {"dev.mlpack.cuda", "12.4"},
                        {"dev.mlpack.resources.memory", "1Gi"},
                        {"dev.mlpack.resources.shm", "1Gi"}};
  host.config.platform.architecture = "arm64";
  host.size = 1001;
  host.weights = 101;
  CHECK(host.ids() == FoundIds{"image-other-platform",
                               "image-disk",
                               "image-memory",
                               "image-shared-memory",
                               "image-weights-large"});
}

TEST_CASE("how large its weights are an image says itself, which decides where they are packed") {
  ImageConfig config;
  config.platform.architecture = "amd64";
  config.labels = {{"dev.mlpack.weights.bytes", "900"}};
  CHECK(host_image(assemble({}, {}, config, {})).weights == 900);
  config.labels = {{"dev.mlpack.weights.bytes", "much"}};
  CHECK(host_image(assemble({}, {}, config, {})).weights == 0);

  ImageOnHost host("NVIDIA L4", 1);
  host.facts.nvml.gpus.front().memory = 1000;
  host.size = 300;
  host.weights = 600;
  CHECK(host.ids().empty());
  host.weights = 900;
  CHECK(host.ids() == FoundIds{"image-disk"});
}

TEST_CASE("a GPU that the catalog lacks is judged by its compute capability") {
  ImageOnHost host("NVIDIA of tomorrow", 1);
  host.config.labels = {{"dev.mlpack.cuda", "12.4"}};
  CHECK(host.ids().empty());
  host.facts.nvml.gpus.front().capability.reset();
  CHECK(host.ids() == FoundIds{"image-gpu-unknown?"});
}

TEST_CASE("of an image that says nothing, nothing is known before it is read") {
  ImageOnHost host("NVIDIA L4", 1);
  host.config.set_env("NVIDIA_VISIBLE_DEVICES", "all");
  CHECK(host.ids() == FoundIds{"image-not-read?"});
}
