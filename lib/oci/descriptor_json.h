#pragma once

#include "lib/oci/descriptor.h"
#include "lib/oci/json_node.h"

#include <nlohmann/json_fwd.hpp>

namespace mlpack {

/// No blob is larger: sizes of a whole manifest can be added up without overflow.
inline constexpr std::uint64_t max_blob_bytes = std::uint64_t{1} << 46;

/// The descriptor `node`; `urls`, `data` and what is unknown are left out.
Descriptor read_descriptor(const JsonNode& node, std::uint64_t max_size = max_blob_bytes);
/// In the order of the OCI struct.
nlohmann::ordered_json descriptor_json(const Descriptor& descriptor);

}  // namespace mlpack
