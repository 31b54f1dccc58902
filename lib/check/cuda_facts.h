#pragma once

#include "lib/catalog/catalog.h"
#include "lib/check/image_files.h"
#include "lib/oci/config.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// A library that is of one major version of CUDA, cuDNN, NCCL or TensorRT.
struct MajorLibrary {
  std::string path;
  std::string place;  // what holds it: the folder of a Python environment, else `` for the system
  std::uint64_t major = 0;
};

/// A libcuda that replaces that of the host.
struct CompatLibrary {
  std::string path;
  std::string folder;           // real
  std::optional<Version> cuda;  // that it implements
  std::uint64_t branch = 0;     // of the driver it belongs to; 0: not known
  std::vector<std::uint64_t>
      branches;  // of host drivers that it says to take; none: it says nothing
};

/// What CUDA there is in an image.
struct CudaFacts {
  std::vector<MajorLibrary> cuda;   // libcudart, libcublas, libnvrtc; by path
  std::vector<MajorLibrary> cudnn;  // by path
  std::vector<MajorLibrary> nccl;
  std::vector<MajorLibrary> tensorrt;
  /// The oldest cuDNN whose release is known; a single number would say too little.
  std::optional<Version> cudnn_version;
  std::vector<CompatLibrary> compat;
  std::vector<std::string> stub_folders;  // with a libcuda that is only for linking
  /// The newest runtime; its minor is 0 where nothing says more than the major.
  std::optional<Version> version;
};

CudaFacts cuda_facts(const Catalog& catalog, const ImageFiles& files, const ImageConfig& config);

}  // namespace mlpack
