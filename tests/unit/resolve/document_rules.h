#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/rules_driver.h"

#include <optional>
#include <string_view>

namespace mlpack::test {

// What the documents say, written a second time and in another way than in lib/resolve, which is
// judged by it. Nothing of lib/resolve's rules is used. Each says false only where a document says
// that it does not go: what nobody knows may be taken.

/// A branch alone may be any release of it.
bool may_be_at_least(const Version& driver, const Version& floor);

/// CUDA Toolkit, Driver, and Architecture Matrix.
bool may_drive(const Version& driver, const Gpu& gpu);

/// CUDA Compatibility: backward, minor-version and, with `compat`, forward.
bool may_run_cuda(const Version& cuda, const Version& driver, const Gpu& gpu, CompatInImage compat);

/// The CUDA version that compiles PTX there: of the driver, or of a newer compat package.
std::optional<Version> compiler_of(const Version& cuda,
                                   const std::optional<Version>& driver,
                                   const Gpu& gpu,
                                   CompatInImage compat);

/// NVCC documentation: a toolkit has code for a GPU from its first to its last version.
bool may_compile_for(const Version& cuda, const Gpu& gpu);

/// NVCC documentation: cubins within a major, PTX for all that came after.
bool may_have_code(const TorchBuild& build,
                   const Gpu& gpu,
                   const std::optional<Version>& ptx_compiler);

/// The build `build` of another framework.
bool may_have_code(const FrameworkRelease& release, std::size_t build, const Gpu& gpu);

/// TensorRT's build scripts: from its oldest target on.
bool may_run_tensorrt(std::string_view tensorrt, const Gpu& gpu);

/// vLLM's documentation; `has_runtime`: which may compute FP8 weights in 16 bits.
enum class ServedBy { runtime, own_code };
bool may_run_quantised(std::string_view method, const Gpu& gpu, ServedBy server);

/// The drivers that a runtime's own documents ask for, by the GPU.
bool may_serve(const RuntimeRelease& release, const Version& driver, const Gpu& gpu);

/// PEP 600 and 656.
bool may_install_wheel(std::string_view tags, const Distro& base);

}  // namespace mlpack::test
