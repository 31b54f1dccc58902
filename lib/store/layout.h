#pragma once

#include "lib/file.h"
#include "lib/oci/manifest.h"

#include <functional>
#include <string_view>

namespace mlpack {

/// The annotation that holds a name in an index.json (OCI image-spec 1.1, annotations.md).
inline constexpr std::string_view ref_name = "org.opencontainers.image.ref.name";

/// Fault::input where the folder `root` is an image layout of another version; false where it is
/// none.
bool is_layout(const fs::path& root);

/// Makes the folder `root` an image layout where it is none yet. Fault::input where it is one of
/// another version.
void create_layout(const fs::path& root);

/// ROOT/index.json; Fault::integrity saying what to do where it is damaged. Where it is absent
/// there are no names.
Index read_layout(const fs::path& root);

/// Reads index.json, lets `change` edit it and writes it back where `change` returns true, all
/// under a lock, so that no process undoes what another wrote. The lock's file does not stay.
void update_layout(const fs::path& root, const std::function<bool(Index&)>& change);

}  // namespace mlpack
