#pragma once

#include "lib/oci/config.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What is true, or would be if more were known.
enum class Truth { no, maybe, yes };

/// What the container toolkit knows of a host: `cuda`, `driver`, `arch` and `brand`. Several
/// values: one of them, nobody knows which. None: it is not known. A driver of one number is some
/// release of that branch.
using HostProperties = std::map<std::string, std::set<std::string>, std::less<>>;

/// What NVIDIA_REQUIRE_* of `config` demand, as the NVIDIA Container Toolkit collects it (fact
/// container.require_grammar): nothing with NVIDIA_DISABLE_REQUIRE; of an old image, which has
/// CUDA_VERSION alone, that version.
std::vector<std::string> requirements_of(const ImageConfig& config);

/// Whether a host with `host` meets `requirement`:
///
///     requirement = term (" " term)*        one of them holds
///     term = factor ("," factor)*           all of them hold
///     factor = property ("=" | "!=" | "<" | "<=" | ">" | ">=") value
///
/// Properties that the toolkit does not know are passed over. Versions are compared as semantic
/// versions. nullopt: it is malformed, and no container is started.
std::optional<Truth> evaluate_requirement(std::string_view requirement, const HostProperties& host);

}  // namespace mlpack
