#pragma once

#include "lib/host/probe.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// How work went on one GPU.
struct GpuRun {
  unsigned index = 0;  // of the device, as CUDA counts
  Answer answer;       // failed: `call` ended with its code
  std::string call;
  std::string name;  // of the GPU
  enum class Code {
    binary,  // that was built for such GPUs
    ptx      // that the driver compiled
  };
  Code code = Code::ptx;
  double copied = 0;           // bytes a second, read and written
  double product = 0;          // floating-point operations a second
  double peak = 0;             // of which the GPU has so many; 0: not known
  std::uint64_t wrong = 0;     // entries of the product
  std::uint64_t compared = 0;  // entries that were looked at
};

/// Copies memory and multiplies matrices on `count` GPUs at the same time, each from a child of its
/// own, for at most `seconds`.
std::vector<GpuRun> run_on_gpus(const std::vector<std::string>& libraries,
                                unsigned count,
                                double seconds);

/// The kernels for the GPUs that the CUDA toolkit of the build knew: a fatbin. Empty: it had none.
std::string_view smoke_fatbin();
/// And as text for the driver's compiler, which ends with a zero.
const char* smoke_ptx();

/// What the child of the GPU `index` does; says one line of JSON.
void say_run(const std::vector<std::string>& libraries, unsigned index, const Say& say);

}  // namespace mlpack
