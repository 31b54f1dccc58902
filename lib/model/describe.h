#pragma once

#include "lib/model/model.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace mlpack {

/// `8.03 billion`, `109 million`, `512`.
std::string human_count(std::uint64_t count);

/// The lines of `inspect --model`: a title and a value each, and what is not known left out.
std::string describe(const ModelSummary& summary);

/// All of it as a document: `summary`, `files`, `problems`, `choices`, `warnings`. Foreign text in
/// it may not be UTF-8; see dump_json.
nlohmann::ordered_json model_json(const ModelReport& report);

}  // namespace mlpack
