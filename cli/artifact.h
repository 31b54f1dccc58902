#pragma once

#include "lib/oci/image.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace mlpack {

/// What `inspect` shows of what is no image: what it is and what it holds, as a table.
std::string artifact_text(const Image& artifact);
/// The same as a document.
nlohmann::ordered_json artifact_json(const Image& artifact);

}  // namespace mlpack
