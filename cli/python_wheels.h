#pragma once

#include "cli/session.h"
#include "layers/debs.h"
#include "layers/wheels.h"
#include "lib/python/index_settings.h"
#include "lib/python/lock.h"

#include <vector>

namespace mlpack {

/// The wheels of a selection in the store's cache, in its order. What is not there is taken from
/// the lock's path, its URL, the folders of `settings`, or an index that has a file with one of the
/// hashes that fits the Python, several at a time; downloads go on where they broke off. Faults:
/// incompatible, with all that nobody has; integrity for other bytes than the lock says; input
/// offline; those of RemoteSource.
std::vector<CachedWheel> fetch_wheels(const PythonSelection& selection,
                                      const IndexSettings& settings,
                                      const PythonFacts& facts,
                                      Session& session,
                                      Offline offline);

}  // namespace mlpack
