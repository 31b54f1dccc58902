#pragma once

#include "lib/model/config.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>

namespace mlpack {

/// What a config.json says of keys and values; of its text model where that is nested. Layers of
/// an unknown kind count as full.
CacheShape read_cache_shape(const nlohmann::ordered_json& config, std::uint64_t layers);

}  // namespace mlpack
