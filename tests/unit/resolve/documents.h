#pragma once

namespace mlpack::test {

// The documents that expected answers were read in, besides the rows of the catalog.
inline constexpr const char* minor_guide = "CUDA Compatibility, Minor Version Compatibility";
inline constexpr const char* forward_guide = "CUDA Compatibility, Forward Compatibility";
inline constexpr const char* notes = "CUDA Toolkit Release Notes, CUDA Driver";
inline constexpr const char* matrix = "CUDA Toolkit, Driver, and Architecture Matrix";
inline constexpr const char* images = "nvidia/cuda Dockerfiles, NVIDIA_REQUIRE_CUDA";
inline constexpr const char* nvcc = "NVCC documentation; CMake and nixpkgs lists";

}  // namespace mlpack::test
