#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string packages = "opt/venv/lib/python3.12/site-packages/";

void add_package(TestImage& image, const std::string& name) {
  image.add_content(packages + name + "-1.0.dist-info/METADATA");
}

}  // namespace

TEST_CASE("Triton needs a C compiler and Python.h, which servers that compile cannot do without") {
  TestImage image;
  add_package(image, "torch");
  add_package(image, "triton");
  const Finding found = image.only();
  CHECK(found.level == Finding::Level::warning);
  CHECK(found.what ==
        "`/opt/venv/lib/python3.12/site-packages/` has Triton, and the image has no compiler of C "
        "and no Python.h");
  add_package(image, "vllm");
  CHECK(image.ids() == Ids{"error compiler-missing"});
  image.config.cmd.emplace_back("--enforce-eager");
  CHECK(image.ids() == Ids{});
  image.config.cmd.pop_back();
  image.add("usr/bin/gcc", program({"libc.so.6"}));
  image.add_content("usr/include/python3.12/Python.h");
  CHECK(image.ids() == Ids{});
  image.config.set_env("CC", "/usr/bin/gcc-12 -O2");
  CHECK(image.ids() == Ids{"error compiler-missing"});
}

TEST_CASE("on machines without a GPU nobody compiles for one") {
  TestImage image;
  add_package(image, "torch");
  add_package(image, "triton");
  image.machine("cpu");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("FlashInfer needs its kernels or the compiler of CUDA") {
  TestImage image;
  add_package(image, "flashinfer_python");
  CHECK(image.ids() == Ids{"warning flashinfer-without-kernels"});
  image.add("usr/local/cuda/bin/nvcc", program({"libc.so.6"}));
  CHECK(image.ids() == Ids{});
}
