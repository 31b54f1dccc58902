#pragma once

#include "lib/catalog/version.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// How a library answered that was asked in a process of its own.
struct Answer {
  enum class Outcome {
    unasked,  // a captured tree without an answer
    missing,  // there is no such library
    answered,
    failed,  // with `code`
    hung,
    crashed  // by signal `code`
  };
  Outcome outcome = Outcome::unasked;
  int code = 0;
};

/// A GPU as NVML shows it. nullopt: the GPU or the driver does not have it.
struct NvmlGpu {
  int code = 0;  // of the call that lost it: 15, 16 …; 0: it answers
  std::string name;
  std::string address;  // `0000:18:00.0`, lower case
  std::optional<Version> capability;
  std::optional<std::uint64_t> memory;  // bytes
  std::optional<std::uint64_t> memory_free;
  std::optional<unsigned> mig;  // 1: on
  std::optional<unsigned> mig_pending;
  std::vector<std::string> slices;       // names of its MIG devices
  std::optional<unsigned> compute_mode;  // 0 default, 2 prohibited, 3 one process
  std::optional<unsigned> persistence;
  std::optional<unsigned> ecc;
  std::optional<unsigned> ecc_pending;
  std::optional<std::uint64_t> ecc_errors;  // not corrected, since the driver was loaded
  std::optional<unsigned> remap_pending;
  std::optional<unsigned> remap_failed;
  std::optional<unsigned> retire_pending;
  std::optional<unsigned> fabric;  // 0 not supported, 1 not started, 2 in progress, 3 completed
  std::optional<unsigned> fabric_code;  // of a registration that completed
  std::optional<unsigned> links_up;     // NVLinks
  std::optional<unsigned> links_down;
  std::optional<std::uint64_t> link_recoveries;
  std::optional<unsigned> replays;          // of PCIe
  std::optional<std::uint64_t> throttling;  // reasons, as bits
  std::optional<unsigned> temperature;
};

struct NvmlFacts {
  Answer answer;
  std::optional<Version> driver;
  std::optional<Version> cuda;
  std::vector<NvmlGpu> gpus;
};

struct CudaAnswer {
  Answer answer;
  std::optional<Version> version;  // that the driver implements
  unsigned count = 0;              // of devices
};

struct ProbeFacts {
  NvmlFacts nvml;
  CudaAnswer cuda;
};

/// Which libraries are asked, the first that can be opened, and for how long.
struct ProbeSettings {
  std::vector<std::string> nvml{"libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"};
  std::vector<std::string> cuda{"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"};
  double seconds = 10;
};

/// Asks NVML and libcuda, each in a child of its own that may hang or crash. The text is nvml.json
/// of a captured tree.
std::string probe_libraries(const ProbeSettings& settings);
/// Fault::input where it is malformed.
ProbeFacts parse_probe(std::string_view text);

/// Runs `work` in a child that writes text through what it is given; what came until it ended, or
/// was killed after `seconds`. The caller must have no other thread.
struct ChildText {
  std::string text;
  Answer::Outcome outcome = Answer::Outcome::answered;  // or hung, crashed
  int code = 0;                                         // the signal
};
using Say = std::function<void(const std::string&)>;
std::vector<ChildText> ask_children(const std::vector<std::function<void(const Say&)>>& works,
                                    double seconds);

/// What the children say: lines of JSON objects; those with `gpu` are of one GPU.
void say_nvml(const std::vector<std::string>& libraries, const Say& say);
void say_cuda(const std::vector<std::string>& libraries, const Say& say);

}  // namespace mlpack
