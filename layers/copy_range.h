#pragma once

#include "lib/file.h"
#include "lib/oci/recipe.h"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace mlpack {

/// Appends `size` bytes of `range` to `file`: by the kernel, which shares the extents where the
/// file system can and offsets are multiples of its blocks, else through a buffer. `each` is called
/// with the bytes of every step. The file must have the identity of `range` before and after:
/// Fault::input.
void copy_range(const FileRange& range,
                std::uint64_t size,
                AtomicFile& file,
                const std::function<void(std::size_t)>& each);

}  // namespace mlpack
