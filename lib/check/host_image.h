#pragma once

#include "lib/check/host.h"
#include "lib/oci/image.h"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace mlpack {

/// What an image says of itself in its labels and environment (see mlpack.yaml(5)).
struct ImageNeeds {
  bool gpu = false;
  std::optional<Version> cuda;
  std::optional<Version> driver;  // the oldest that runs it
  struct Gpus {
    std::string name;
    unsigned count = 1;  // for each container
  };
  std::vector<Gpus> gpus;               // that it was made for
  std::optional<std::uint64_t> memory;  // bytes
  std::optional<double> processors;
  std::optional<std::uint64_t> shared_memory;
};

ImageNeeds needs_of(const ImageConfig& config);

/// GPUs as rules want them. Those that the catalog lacks get a row from their compute capability.
class HostMachines {
 public:
  HostMachines(const Catalog& catalog,
               const std::vector<HostGpus>& gpus,
               const std::optional<Version>& driver);
  HostMachines(const HostMachines&) = delete;
  HostMachines& operator=(const HostMachines&) = delete;

  const std::vector<CheckMachine>& machines() const { return machines_; }
  /// Names of GPUs of which nothing is known.
  const std::vector<std::string>& unknown() const { return unknown_; }

 private:
  std::deque<Gpu> made_;
  std::vector<CheckMachine> machines_;
  std::vector<std::string> unknown_;
};

/// An image that is to run somewhere.
struct HostImage {
  const ImageConfig& config;
  std::uint64_t size = 0;     // of its layers as they are stored
  std::uint64_t weights = 0;  // bytes of its weights, as it says, else of their layers
  /// Its files; nullptr: they were not read, and labels have to do.
  const ImageFiles* files = nullptr;
};

HostImage host_image(const Image& image);

/// `amd64` for `x86_64`.
std::string oci_architecture(std::string_view machine);

/// What speaks against running `image` on machines with `gpus` and `driver`.
Findings check_image_gpus(const Catalog& catalog,
                          const HostImage& image,
                          const std::vector<HostGpus>& gpus,
                          const std::optional<Version>& driver);

/// The same of a host: its GPUs, processor, memory and disks.
Findings check_host_image(const HostInput& input, const HostImage& image);

}  // namespace mlpack
