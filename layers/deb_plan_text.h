#pragma once

#include "layers/debs.h"

#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// The plan as text that `parse_plan` reads back to an equal value.
///
///   plan    := "debian plan 1" LF codename LF platform LF mirror LF { package LF }
///   package := name SP version SP architecture SP size SP sha256-hex SP url
std::string write_plan(const DebianPlan& plan);
/// nullopt where `text` is not a plan of this version.
std::optional<DebianPlan> parse_plan(std::string_view text);

}  // namespace mlpack
