#pragma once

#include "layers/root_view.h"
#include "lib/lock/lock.h"
#include "lib/resolve/plan.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The paths of the root that layers of `plan` beside those of the system ask about: of weights,
/// files, writable folders, the home, and the files of accounts. As in recipes, sorted; empty: the
/// root itself.
std::vector<std::string> paths_asked_for(const Plan& plan);

/// What `root` has on the way to `paths` and below them, so that it answers for them as `root`
/// does; nullopt where that is too much to write down.
std::optional<LockedRoot> sketch_of(const RootView& root, const std::vector<std::string>& paths);

/// Whether `sketch` answers for all of `paths`.
bool covers(const LockedRoot& sketch, const std::vector<std::string>& paths);

/// Adds what `sketch` knows to `root`.
void add_sketch(const LockedRoot& sketch, RootView& root);

}  // namespace mlpack
