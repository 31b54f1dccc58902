#pragma once

#include "lib/oci/image.h"
#include "lib/oci/reference.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mlpack {

/// What --json shows of a layer (spec.md, "Results with --json").
nlohmann::ordered_json layer_json(const Layer& layer);

/// A document as it is printed: one line. Text that is not UTF-8 is shown with replacements.
std::string json_line(const nlohmann::ordered_json& document);

/// Rounded to milliseconds.
double json_seconds(double seconds);

std::vector<std::string> texts_of(const std::vector<Reference>& names);

/// Rows of text as columns that are as wide as their widest cell, two blanks between them. What is
/// in a cell is made harmless (printable).
std::string columns(std::vector<std::vector<std::string>> rows);

}  // namespace mlpack
