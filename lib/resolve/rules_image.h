#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/rules.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace mlpack {

/// A program needs every GLIBC_x.y that it refers to (fact distro.loader).
Ruling glibc_fits(const Catalog& catalog, const Version& needed, const Distro& base);

/// The same of GLIBCXX_3.4.n, which libstdc++ has.
Ruling libstdcxx_fits(const Catalog& catalog, const Version& needed, const Distro& base);

/// Whether a wheel with the platform tags `tags` (`manylinux_2_17_x86_64.manylinux2014_x86_64`; any
/// of them is enough) may be installed on `base` (facts wheel.perennial, wheel.multi_tag,
/// wheel.linux_tag, wheel.musl: PEP 600, PEP 656). The processor is not compared.
Ruling wheel_fits(const Catalog& catalog, std::string_view tags, const Distro& base);

/// The CUDA libraries of an image are of one major (fact image.one_cuda_major).
Ruling one_cuda_major(const Catalog& catalog, std::span<const Version> versions);

/// The same of a library that is named after its own major: cuDNN, NCCL, TensorRT.
Ruling one_library_major(const Catalog& catalog,
                         std::string_view library,
                         std::span<const unsigned> majors);

/// Whether a MIG slice has the memory (fact gpu.mig_memory: MIG User Guide). Profiles are named
/// with rounded figures: between so many GB and GiB it is unknown.
Ruling mig_slice_holds(const Catalog& catalog,
                       const Gpu& gpu,
                       std::string_view profile,
                       std::uint64_t bytes);

}  // namespace mlpack
