#pragma once

#include "lib/catalog/catalog.h"
#include "lib/check/finding.h"
#include "lib/check/image_files.h"
#include "lib/oci/config.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// Machines of one kind that an image must run on.
struct CheckMachine {
  const Gpu* gpu = nullptr;  // nullptr: without a GPU
  unsigned count = 1;
  std::optional<Version> driver;  // the oldest; nullopt: nothing is known of it
};

/// What everything is decided from.
struct CheckInput {
  const Catalog& catalog;
  const ImageConfig& config;
  const ImageFiles& files;
  std::vector<CheckMachine> fleet;  // empty: nothing is said of the machines

  /// A machine of the fleet has a GPU, or nothing is said of it.
  bool may_have_gpu() const;
};

/// Whether a machine may have a processor of `platform`: all may but those with a GPU that is one
/// module with another.
bool may_have_processor(const Catalog& catalog,
                        const CheckMachine& machine,
                        const Platform& platform);

/// What speaks against running the image on the fleet, and what is dangerous in it: errors first,
/// equal ones in the order of the rules, then of paths. Pure.
Findings check_image(const CheckInput& input, std::size_t jobs = 1);

// The rules, each in a file of its name.
/// The processors of the fleet.
Findings check_platform(const CheckInput& input);
/// The shared libraries of programs and of Python's modules, and versions of their symbols.
Findings check_libraries(const CheckInput& input);
/// CUDA and cuDNN of several majors; compat packages; stubs.
Findings check_cuda(const CheckInput& input);
/// Code for the GPUs of the fleet.
Findings check_gpu_code(const CheckInput& input);
/// NVIDIA_REQUIRE_*.
Findings check_requirements(const CheckInput& input);
/// What is started, as whom, with which environment.
Findings check_process(const CheckInput& input);
/// Where its server listens, and what is asked of it there.
Findings check_server(const CheckInput& input);
/// Packages of Python that exclude each other, or need more than Python.
Findings check_python(const CheckInput& input);
/// Secrets, code in pickles, pointers instead of weights.
Findings check_contents(const CheckInput& input);
/// What the server is told about its model, and what the model's files say.
Findings check_model(const CheckInput& input);
/// Whether the server can read its model, and chat with it.
Findings check_format(const CheckInput& input);
/// Weights that are there twice, or not at all.
Findings check_weights(const CheckInput& input);

}  // namespace mlpack
