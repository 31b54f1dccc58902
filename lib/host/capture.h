#pragma once

#include "lib/host/host_facts.h"

namespace mlpack {

/// Writes a tree into `folder` that is as good for gather_host as the host of `facts`, and holds
/// nothing else: of configurations only what counts, no names, serial numbers or UUIDs.
/// Fault::input where the folder is there and not empty.
void capture_host(const HostFacts& facts, const fs::path& folder);

}  // namespace mlpack
