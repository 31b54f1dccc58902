#pragma once

#include "layers/wheels.h"
#include "lib/python/lock.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// Extras by the normalised name of the package of which they were asked for.
using AskedExtras = std::map<std::string, std::set<std::string, std::less<>>>;

/// What wheels that are installed together need in an image with `facts` (`Requires-Dist`, of the
/// extras that were asked for and that one asks of another), and what is neither among them nor in
/// `there`: `` `six`, which `a` 1.0 needs ``.
std::vector<std::string> missing_needs(const std::vector<ListedWheel>& wheels,
                                       const PythonFacts& facts,
                                       AskedExtras extras,
                                       const std::set<std::string>& there);

}  // namespace mlpack
