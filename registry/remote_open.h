#pragma once

#include "lib/remote.h"
#include "registry/remote_wire.h"

#include <memory>
#include <string>

namespace mlpack {

/// The source that the spec's `hf://…`, `https://…` or `s3://…` names, with the user's environment.
/// Asks nobody yet. Fault::usage for what is none of them, and for settings that cannot be used.
/// The references in `context` must outlive it.
std::unique_ptr<RemoteSource> open_remote(const std::string& source, const RemoteContext& context);

}  // namespace mlpack
