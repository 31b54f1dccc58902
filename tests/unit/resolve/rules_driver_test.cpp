#include "lib/resolve/rules_driver.h"

#include "tests/unit/resolve/documents.h"
#include "tests/unit/resolve/rules_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr auto with_compat = CompatInImage::yes;
constexpr auto without_compat = CompatInImage::no;

struct DriverQuestion {
  std::string_view cuda;
  std::string_view driver;
  std::string_view gpu;
  CompatInImage compat;
  Verdict expected;
  const char* source;
};

const DriverQuestion driver_questions[] = {
    // Minor-version compatibility.
    {"12.4", "535.104.05", "L4", without_compat, yes, minor_guide},
    {"12.4", "525.60.13", "L4", without_compat, yes, minor_guide},
    {"12.4", "525.53", "L4", without_compat, no, minor_guide},
    {"12.4", "525", "L4", without_compat, unknown, minor_guide},
    {"12.4", "525", "L4", with_compat, yes, images},
    {"12.8", "535.309.01", "H100", without_compat, yes, minor_guide},
    {"12.8.2", "535.309.01", "H100", without_compat, yes, minor_guide},
    {"12.9", "570.211.01", "A10G", without_compat, yes, minor_guide},
    {"13.4", "580.65.06", "H200 SXM", without_compat, yes, minor_guide},
    {"13.4", "575.57.08", "H200 SXM", without_compat, no, minor_guide},
    {"13.6", "580.178.04", "L40S", without_compat, yes, minor_guide},
    {"11.8", "450.80.02", "A100", without_compat, yes, minor_guide},
    {"11.8", "450.51.06", "A100", without_compat, no, minor_guide},
    {"11.8", "418.197.02", "V100", without_compat, no, minor_guide},
    {"11.0.1", "450.36.06", "A100", without_compat, yes, notes},
    // Before it, the driver of the toolkit is the floor.
    {"10.2", "440.33", "V100", without_compat, yes, notes},
    {"10.2", "418.197.02", "V100", without_compat, no, notes},
    {"10.2", "418.197.02", "V100", with_compat, yes, images},
    {"10.1", "418.197.02", "V100", without_compat, yes, notes},
    // A newer driver runs what is older.
    {"12.4", "550", "L4", without_compat, yes, notes},
    {"12.2", "535.54.03", "A10G", without_compat, yes, notes},
    {"11.0", "450.80.02", "T4", without_compat, yes, notes},
    {"10.2", "580.65.06", "P100 PCIe 16GB", without_compat, yes, notes},
    {"12.9", "580.65.06", "V100", without_compat, yes, notes},
    {"11.8", "615.71.09", "T4", without_compat, yes, notes},
    {"13.0", "620.10", "B200", without_compat, yes, notes},
    // Of the branch that implements it, from the driver of its toolkit on.
    {"13.0", "580.64", "L4", without_compat, no, notes},
    {"13.0", "580", "L4", without_compat, unknown, notes},
    {"13.0", "580", "L4", with_compat, unknown, notes},
    {"13.0.2", "580.65.06", "L4", without_compat, yes, notes},
    {"12.9", "580", "L4", without_compat, yes, notes},
    {"11.0", "450.51.06", "A100", without_compat, yes, notes},
    {"10.2", "440.26", "V100", without_compat, no, notes},
    // Forward compatibility: data-centre GPUs alone.
    {"12.4", "470.256.02", "A100", without_compat, no, forward_guide},
    {"12.4", "470.256.02", "A100", with_compat, yes, images},
    {"12.4", "470.256.02", "RTX 3090", with_compat, no, forward_guide},
    {"12.4", "470.256.02", "GTX 1080 Ti", with_compat, no, forward_guide},
    {"12.4", "470.256.02", "RTX A6000", with_compat, unknown, forward_guide},
    {"12.9", "470.256.02", "A100", with_compat, no, images},
    {"13.0", "470.256.02", "RTX A6000", with_compat, no, images},
    {"13.0", "535.309.01", "RTX A6000", with_compat, unknown, forward_guide},
    {"13.0", "570.211.01", "T4", without_compat, no, forward_guide},
    {"13.0", "570.211.01", "T4", with_compat, yes, forward_guide},
    {"13.0", "535.309.01", "L4", with_compat, yes, forward_guide},
    {"13.0", "570.211.01", "RTX 4090", with_compat, no, forward_guide},
    {"13.0", "575.57.08", "A100", with_compat, yes, images},
    {"13.2", "575.57.08", "H100", with_compat, no, images},
    {"13.4", "535.309.01", "H100", with_compat, yes, forward_guide},
    // Architectures come and go with branches.
    {"12.8", "570.26", "RTX 5090", without_compat, yes, matrix},
    {"12.8", "550.163.01", "RTX 5090", without_compat, no, matrix},
    {"12.8", "550.163.01", "B200", with_compat, no, matrix},
    {"12.9", "570.211.01", "B300 SXM", without_compat, no, matrix},
    {"12.9", "575.57.08", "B300 SXM", without_compat, yes, matrix},
    {"13.0", "580.95.05", "GB10 (DGX Spark)", without_compat, yes, matrix},
    {"12.9", "590.48.01", "V100", without_compat, no, matrix},
    {"12.9", "590.48.01", "GTX 1080 Ti", without_compat, no, matrix},
    {"12.4", "595.91.07", "GTX 980", without_compat, no, matrix},
    {"12.9", "590.48.01", "T4", without_compat, yes, matrix},
    {"11.8", "470.256.02", "L4", without_compat, no, matrix},
    {"13.4", "615.71.09", "Rubin (R200 class)", without_compat, yes, matrix},
    {"13.4", "610.57.04", "Rubin (R200 class)", without_compat, no, matrix},
    // Jetson: drivers come with the board's own system.
    {"12.6", "540.4", "Jetson AGX Orin 64GB", without_compat, unknown, matrix},
    {"13.0", "580.65.06", "Jetson AGX Thor", without_compat, yes, matrix},
    // Nothing is known.
    {"14.0", "615.71.09", "B200", without_compat, unknown, notes},
    {"12.4", "390.157", "V100", without_compat, no, minor_guide},
};

struct ToolkitQuestion {
  std::string_view cuda;
  std::string_view capability;
  Verdict expected;
};

// Sources: nvcc and matrix, above.
const ToolkitQuestion toolkit_questions[] = {
    {"13.0", "7.0", no},      {"13.0", "7.5", yes},  {"13.0", "6.1", no},    {"13.0", "5.2", no},
    {"12.9", "6.0", yes},     {"12.9", "7.0", yes},  {"12.9.1", "5.2", yes}, {"12.4.1", "8.9", yes},
    {"11.8", "9.0", yes},     {"11.7", "9.0", no},   {"11.7", "8.9", no},    {"12.6", "10.0", no},
    {"12.8", "10.0", yes},    {"12.8", "12.0", yes}, {"12.8", "12.1", no},   {"12.9", "10.3", yes},
    {"12.0", "3.5", no},      {"11.8", "3.7", yes},  {"10.2", "8.0", no},    {"10.2", "3.0", yes},
    {"11.0", "3.0", no},      {"11.0", "8.6", no},   {"11.4", "8.7", yes},   {"12.9", "11.0", no},
    {"13.0", "11.0", yes},    {"13.4", "10.7", yes}, {"13.3", "10.7", no},   {"13.5", "7.0", no},
    {"13.5", "9.0", unknown}, {"13.0", "9.9", no},
};

}  // namespace

TEST_CASE("PTX is compiled by the driver, or by a compat package that GPU and driver take") {
  struct Compiler {
    std::string_view driver;
    std::string_view gpu;
    std::string_view package;   // empty: the image has none
    std::string_view expected;  // empty: not known
  };
  // CUDA Compatibility, Forward Compatibility: restrictions of minor-version compatibility, such as
  // those on PTX, do not apply, as the compiler is replaced as well.
  const Compiler compilers[] = {
      {"535.183.01", "H100", "", "12.2"},
      {"535.183.01", "H100", "12.4", "12.4"},
      {"535.183.01", "H100", "12.9", "12.9"},
      {"535.183.01", "H100", "12.1", "12.2"},      // an older package is not used
      {"535.183.01", "RTX 4090", "12.4", "12.2"},  // error 804
      {"550.54.14", "L4", "12.4", "12.4"},
      {"550.54.14", "L4", "13.0", "13.0"},
      {"535.183.01", "Jetson-AGX-Thor", "13.0", ""},
  };
  for (const Compiler& row : compilers) {
    CAPTURE(std::string(row.driver));
    CAPTURE(std::string(row.gpu));
    CAPTURE(std::string(row.package));
    const auto found =
        ptx_compiler(catalog(), version(row.driver), gpu(row.gpu), Version::parse(row.package));
    CHECK((found ? std::string(found->text()) : "") == row.expected);
  }
}

TEST_CASE("a driver runs a CUDA version on a GPU, or not") {
  for (const DriverQuestion& asked : driver_questions) {
    const std::string question = "CUDA " + std::string(asked.cuda) + " on driver " +
                                 std::string(asked.driver) + " and " + std::string(asked.gpu) +
                                 " (" + asked.source + ")";
    const Ruling answer = driver_runs_cuda(
        catalog(), version(asked.cuda), version(asked.driver), gpu(asked.gpu), asked.compat);
    check_answer(answer, asked.expected, question);
  }
}

TEST_CASE("a toolkit has code for an architecture, or not") {
  for (const ToolkitQuestion& asked : toolkit_questions) {
    const std::string question = "CUDA " + std::string(asked.cuda) + " for " +
                                 std::string(asked.capability) + " (" + nvcc + "; " + matrix + ")";
    check_answer(toolkit_supports_gpu(catalog(), version(asked.cuda), version(asked.capability)),
                 asked.expected,
                 question);
  }
}

TEST_CASE("an answer says which rule decided, with its values and documents") {
  const Ruling minor =
      minor_version_compatibility(catalog(), version("12.4"), version("535.104.05"));
  CHECK(minor.reason == "CUDA 12.4 runs on driver 525.60.13 and newer; this one is 535.104.05");
  CHECK(rests_on(minor, "cuda.minor_version"));
  const Ruling old = minor_version_compatibility(catalog(), version("10.2"), version("418.197.02"));
  CHECK(old.verdict == no);
  CHECK(rests_on(old, "cuda.pre_11"));
  const Ruling backward = backward_compatibility(catalog(), version("12.4"), version("470.256.02"));
  CHECK(backward.verdict == no);
  CHECK(backward.reason ==
        "driver 470.256.02 implements CUDA 11.4 itself, which is older than 12.4");
  const Ruling forward =
      forward_compatibility(catalog(), version("12.4"), version("470.256.02"), gpu("RTX 3090"));
  CHECK(forward.reason ==
        "RTX 3090 is no data-centre GPU: a compat package ends with error 804 there");
  CHECK(rests_on(forward, "forward_compat.eligible_gpus"));
  const Ruling dropped = driver_supports_gpu(catalog(), version("590.48.01"), gpu("V100"));
  CHECK(dropped.reason ==
        "driver 590.48.01 no longer drives V100 SXM2 16GB (Volta): 580 was the last");
  const Ruling toolkit = toolkit_supports_gpu(catalog(), version("13.0"), version("7.0"));
  CHECK(toolkit.reason == "CUDA 13.0 dropped Volta (7.0): 12.9 was the last toolkit for it");
}

TEST_CASE("a refusal says where a compat package would help") {
  const Ruling answer = driver_runs_cuda(
      catalog(), version("13.0"), version("570.211.01"), gpu("T4"), without_compat);
  CHECK(answer.reason ==
        "CUDA 13.0 runs on driver 580.65.06 and newer; this one is 570.211.01; a compat package in "
        "the image would help");
  CHECK(rests_on(answer, "13.0-on-570"));
}

TEST_CASE("a compat package is for drivers that are older than it") {
  const Gpu& card = gpu("H100");
  CHECK(forward_compatibility(catalog(), version("12.8"), version("570.26"), card).verdict == no);
  CHECK(forward_compatibility(catalog(), version("12.4"), version("580.65.06"), card).verdict ==
        no);
  CHECK(forward_compatibility(catalog(), version("12.8"), version("535.309.01"), card).verdict ==
        yes);
  CHECK(forward_compatibility(catalog(), version("13.5"), version("550.163.01"), card).verdict ==
        unknown);
  CHECK(forward_compatibility(
            catalog(), version("13.0"), version("580.65.06"), gpu("Jetson AGX Thor"))
            .verdict == unknown);
}

TEST_CASE("a driver has the CUDA version of its branch") {
  CHECK(native_cuda(catalog(), version("535.104.05")) == version("12.2"));
  CHECK(native_cuda(catalog(), version("552.12")) == version("12.4"));
  CHECK_FALSE(native_cuda(catalog(), version("390.157")));
}

TEST_CASE("the driver floor is the toolkit's, or the branch that began to drive the GPU") {
  const auto floor = [](std::string_view cuda, std::string_view card) {
    const auto found = driver_floor(catalog(), version(cuda), gpu(card));
    return found ? std::string(found->driver.text()) : "none";
  };
  CHECK(floor("12.8", "A100") == "525.60.13");
  CHECK(floor("12.8", "RTX 5090") == "570");
  CHECK(floor("12.9", "B300 SXM") == "575");
  CHECK(floor("13.0", "T4") == "580.65.06");
  CHECK(floor("13.4", "Rubin (R200 class)") == "615");
  CHECK(floor("11.8", "L4") == "520");
  CHECK(floor("11.8", "V100") == "450.80.02");
  CHECK(floor("11.0", "A100") == "450.80.02");
  CHECK(floor("10.2", "T4") == "440.33");
  CHECK(floor("14.0", "B200") == "none");
}

TEST_CASE("a new feature branch in the matrix comes with what the text says against it") {
  const Ruling answer =
      forward_compatibility(catalog(), version("13.4"), version("590.48.01"), gpu("H100"));
  CHECK(answer.verdict == yes);
  CHECK(rests_on(answer, "forward_compat.eol_branches"));
  const Ruling production =
      forward_compatibility(catalog(), version("13.4"), version("595.91.07"), gpu("H100"));
  CHECK_FALSE(rests_on(production, "forward_compat.eol_branches"));
}

TEST_CASE("a toolkit that is too old for a GPU says which is the first") {
  const Ruling ruling = toolkit_supports_gpu(catalog(), version("11.4"), version("9.0"));
  CHECK(ruling.verdict == no);
  CHECK(ruling.reason == "CUDA 11.4 is older than Hopper (9.0): 11.8 is the first toolkit for it");
}
