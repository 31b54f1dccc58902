#pragma once

#include "lib/resolve/fixes.h"

#include <vector>

namespace mlpack {

/// The demands that are nothing but pins: for one version, which says of every other that it is
/// another.
DemandSet pins_of(const std::vector<Demand>& list);

/// Whether one of `pins` alone keeps `option` out.
bool is_pinned_away(const Option& option, const DemandSet& pins);

/// What a conflict's demands have against all that its pins, and those to releases that are beside
/// it, allow: of each set of them, what was said of the best option.
std::vector<Ruling> reasons_of(const Question& question, const DemandSet& conflict);

/// Has reasons of several conflicts that are word for word the same say what each is about.
void tell_apart(std::vector<Conflict>& conflicts);

}  // namespace mlpack
