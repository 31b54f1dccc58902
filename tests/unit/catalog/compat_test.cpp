#include "lib/catalog/catalog.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"
#include "tests/unit/catalog/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

Version version(std::string_view text) {
  return Version::parse(text).value();
}

// Numbers with dots in the code of a file. Comments and examples in messages decide nothing.
std::set<std::string> dotted_numbers(const std::string& text) {
  std::set<std::string> found;
  for (const std::string_view line : split(text, '\n')) {
    if (line.find("such as") != std::string_view::npos) continue;
    const std::string_view code = line.substr(0, line.find("//"));
    std::string token;
    for (const char c : std::string(code) + " ") {
      const bool is_word = (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                           (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (is_word) {
        token += c;
      } else {
        if (token.find('.') != std::string::npos) found.insert(token);
        token.clear();
      }
    }
  }
  return found;
}

std::set<std::string> cuda_numbers() {
  std::set<std::string> numbers;
  for (const CudaToolkit& row : built_in().cuda_toolkits()) {
    numbers.emplace(row.cuda.text());
    numbers.emplace(row.release.text());
    numbers.emplace(row.min_driver.text());
    if (row.driver) numbers.emplace(row.driver->text());
  }
  return numbers;
}

}  // namespace

TEST_CASE("a CUDA toolkit has a floor and a compiler that knows its architectures") {
  for (const CudaToolkit& row : built_in().cuda_toolkits()) {
    CAPTURE(std::string(row.release.text()));
    CHECK(row.release.same_minor(row.cuda));
    REQUIRE(built_in().find_nvcc_targets(row.cuda) != nullptr);
    CHECK_FALSE(built_in().find_nvcc_targets(row.cuda)->sm.empty());
    if (row.driver) CHECK(row.driver->part(0) == row.driver_branch);
    if (!row.minor_compat) CHECK(*row.driver == row.min_driver);
  }
}

TEST_CASE("targets of a compiler are compute capabilities") {
  const NvccTargets* const targets = built_in().find_nvcc_targets(version("12.9.1"));
  REQUIRE(targets != nullptr);
  CHECK(targets->sm.front() == version("5.0"));
  CHECK(targets->sm.back() == version("12.1"));
}

TEST_CASE("the builds of a PyTorch release hold its default") {
  CHECK(built_in().torch_releases().size() >= 29);
  for (const TorchRelease& release : built_in().torch_releases()) {
    CAPTURE(std::string(release.release.text()));
    CHECK(built_in().find_torch_build(release.release, release.default_build) != nullptr);
    CHECK_FALSE(release.python.empty());
  }
  const TorchBuild* const build = built_in().find_torch_build(version("2.5.1"), "cu124");
  REQUIRE(build != nullptr);
  CHECK(build->cuda == version("12.4"));
  CHECK(build->cudnn == version("9.1.0.70"));
  CHECK(build->nccl == version("2.21.5"));
  CHECK(build->sm.size() == 7);
  CHECK(build->ptx.empty());
}

TEST_CASE("images lie on known distributions, whose C library is known") {
  for (const CudaImage& image : built_in().cuda_images()) {
    CAPTURE(std::string(image.row->name));
    CHECK_FALSE(image.flavours.empty());
    if (image.os.empty()) continue;
    REQUIRE(built_in().find_distro(image.os) != nullptr);
    CHECK(built_in().find_distro(image.os)->glibc);
  }
  CHECK(built_in().find_distro("alpine-3.20")->libc == Distro::Libc::musl);
}

TEST_CASE("boards that are a whole computer have a processor of their own, cards have none") {
  for (const Gpu& gpu : built_in().gpus()) {
    const bool is_board = gpu.kind == Gpu::Kind::jetson || gpu.kind == Gpu::Kind::integrated;
    const bool is_grace = gpu.name.starts_with("GH") || gpu.name.starts_with("GB");
    const GpuProcessor* const known = built_in().find_gpu_processor(gpu.name);
    CHECK_MESSAGE((known != nullptr) == (is_board || is_grace), std::string(gpu.name));
    CHECK((known == nullptr || known->architecture == "arm64"));
  }
}

TEST_CASE("rows of the other typed tables are as their documents say") {
  CHECK(built_in().find_architecture(version("7.0"))->last_cuda == version("12.9"));
  CHECK(built_in().find_architecture(version("7.0"))->last_driver_branch == 580U);
  CHECK(built_in().find_driver_branch(535)->eol == "2026-06");
  CHECK(built_in().find_driver_branch(535)->kind == "LTSB");
  CHECK(built_in().find_manylinux_tag("manylinux2014")->glibc_min == version("2.17"));
  CHECK(built_in().find_runtime_release("vllm", "0.30.0")->cuda == version("13.0"));
  CHECK(built_in().find_quantisation("fp8")->min_cc == version("8.9"));
  CHECK(built_in().tensorrt_releases().front().cuda_builds.size() == 2);
  for (const Gpu& gpu : built_in().gpus()) {
    const auto slices = built_in().mig_profiles();
    const bool has_slices = std::any_of(
        slices.begin(), slices.end(), [&](const MigProfile& row) { return row.gpu == gpu.mig; });
    CHECK_MESSAGE(has_slices == !gpu.mig.empty(), std::string(gpu.name));
  }
}

TEST_CASE("a fact has its sentence and its source") {
  CHECK(built_in().fact_row("cuda.cubin").at("fact").find("never across majors") !=
        std::string_view::npos);
  CHECK_THROWS_WITH_AS(built_in().fact_row("cuda.magic"), "no fact is called `cuda.magic`", Error);
}

TEST_CASE("no CUDA or driver version stands outside templates/") {
  const std::set<std::string> known = cuda_numbers();
  std::size_t files = 0;
  for (const std::string room : {"lib", "cli", "layers", "registry"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(MLPACK_SOURCE_DIR) / room)) {
      const fs::path& path = entry.path();
      if (path.extension() != ".cpp" && path.extension() != ".h") continue;
      ++files;
      for (const std::string& number : dotted_numbers(read_file(path, 1 << 20)))
        CHECK_MESSAGE(!known.contains(number), path.string(), ": ", number);
    }
  }
  CHECK(files > 100);
  CHECK(dotted_numbers("if (cuda >= \"12.4\") use(x.y, 1.5f);  // 12.8").contains("12.4"));
}
