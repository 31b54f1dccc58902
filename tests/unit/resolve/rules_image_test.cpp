#include "lib/resolve/rules_image.h"

#include "tests/unit/resolve/rules_support.h"

#include <doctest/doctest.h>

#include <vector>

using namespace mlpack;
using namespace mlpack::test;

namespace {

struct WheelQuestion {
  std::string_view tags;
  std::string_view base;
  Verdict expected;
};

// Sources: PEP 600 and PEP 656; C libraries from mayeut/pep600_compliance.
const WheelQuestion wheel_questions[] = {
    {"manylinux_2_28_x86_64", "ubuntu-18.04", no},
    {"manylinux_2_28_x86_64", "ubuntu-20.04", yes},
    {"manylinux_2_28_x86_64", "debian-10", yes},
    {"manylinux_2_28_x86_64", "debian-9", no},
    {"manylinux_2_28_x86_64", "amazonlinux-2", no},
    {"manylinux_2_28_aarch64", "rhubi-8", yes},
    {"manylinux_2_28_x86_64", "alpine-3.20", no},
    {"manylinux_2_31_x86_64", "rhubi-8", no},
    {"manylinux_2_35_x86_64", "debian-11", no},
    {"manylinux_2_35_x86_64", "rhubi-9", no},
    {"manylinux_2_35_x86_64", "ubuntu-22.04", yes},
    {"manylinux1_x86_64", "ubuntu-18.04", yes},
    {"manylinux2014_x86_64", "debian-8", yes},
    {"manylinux_2_17_x86_64.manylinux2014_x86_64", "amazonlinux-2", yes},
    {"manylinux_2_27_x86_64.manylinux_2_28_x86_64", "ubuntu-18.04", yes},
    {"linux_x86_64", "ubuntu-22.04", unknown},
    {"any", "alpine-3.20", yes},
    {"musllinux_1_2_x86_64", "alpine-3.20", yes},
    {"musllinux_1_2_x86_64", "debian-12", no},
};

struct MigQuestion {
  std::string_view gpu;
  std::string_view profile;
  std::uint64_t bytes;
  Verdict expected;
};

constexpr std::uint64_t gb = 1'000'000'000;

// Source: NVIDIA MIG User Guide, Supported MIG Profiles.
const MigQuestion mig_questions[] = {
    {"A100 SXM 80GB", "1g.10gb", 9 * gb, yes},
    {"A100 SXM 80GB", "1g.10gb", 12 * gb, no},
    {"A100 SXM 80GB", "1g.10gb", 10 * gb + gb / 2, unknown},
    {"A100 SXM 40GB", "1g.5gb", 6 * gb, no},
    {"A100 SXM 40GB", "7g.40gb", 38 * gb, yes},
    {"A100 SXM 80GB", "1g.6gb", gb, no},
    {"H100 SXM 80GB", "3g.40gb", 40 * gb, yes},
    {"H200 SXM", "1g.18gb+me", 17 * gb, yes},
    {"L4", "1g.10gb", gb, no},
    {"Jetson AGX Thor", "1g.0gb", gb, unknown},
};

std::vector<Version> versions(const std::vector<std::string_view>& texts) {
  std::vector<Version> parsed;
  for (const std::string_view text : texts)
    parsed.push_back(version(text));
  return parsed;
}

}  // namespace

TEST_CASE("a wheel may be installed on a distribution, or not") {
  for (const WheelQuestion& asked : wheel_questions) {
    check_answer(wheel_fits(catalog(), asked.tags, distro(asked.base)),
                 asked.expected,
                 std::string(asked.tags) + " on " + std::string(asked.base));
  }
  CHECK(wheel_fits(catalog(), "manylinux_2_28_x86_64", distro("ubuntu-18.04")).reason ==
        "glibc 2.28 is needed, and ubuntu-18.04 has 2.27");
}

TEST_CASE("libstdc++ must have the level that a program needs") {
  check_answer(libstdcxx_fits(catalog(), version("3.4.29"), distro("debian-11")), no, "3.4.29");
  check_answer(libstdcxx_fits(catalog(), version("3.4.30"), distro("debian-12")), yes, "3.4.30");
  check_answer(libstdcxx_fits(catalog(), version("3.4.9"), distro("debian-12")), yes, "3.4.9");
  check_answer(
      libstdcxx_fits(catalog(), version("3.4.30"), distro("alpine-3.20")), unknown, "musl");
  // glibc 2.34 with the libstdc++ of GCC 14.
  check_answer(
      libstdcxx_fits(catalog(), version("3.4.33"), distro("amazonlinux-2023")), yes, "AL2023");
  check_answer(glibc_fits(catalog(), version("2.35"), distro("amazonlinux-2023")), no, "AL2023");
}

TEST_CASE("an image has one CUDA major") {
  check_answer(one_cuda_major(catalog(), versions({"12.4", "12.8.1"})), yes, "12");
  check_answer(one_cuda_major(catalog(), versions({"12.4", "13.0"})), no, "12 and 13");
  check_answer(one_cuda_major(catalog(), versions({"11.8", "11.8", "12.1"})), no, "11 and 12");
  check_answer(one_cuda_major(catalog(), {}), yes, "none");
}

TEST_CASE("an image has one major of a library that is named after it") {
  const std::vector<unsigned> two{9, 8};
  check_answer(one_library_major(catalog(), "cuDNN", two), no, "cuDNN 9 and 8");
  const std::vector<unsigned> one{9, 9};
  check_answer(one_library_major(catalog(), "cuDNN", one), yes, "cuDNN 9 twice");
}

TEST_CASE("a MIG slice has the memory, or not") {
  for (const MigQuestion& asked : mig_questions) {
    check_answer(mig_slice_holds(catalog(), gpu(asked.gpu), asked.profile, asked.bytes),
                 asked.expected,
                 std::string(asked.profile) + " of " + std::string(asked.gpu));
  }
}
