#pragma once

#include "cli/session.h"
#include "layers/debs.h"
#include "layers/wheels.h"
#include "lib/lock/lock.h"
#include "lib/python/index_settings.h"
#include "lib/python/lock.h"
#include "lib/spec/spec.h"

#include <string>
#include <vector>

namespace mlpack {

/// A wheel, and who has it.
struct FoundWheel {
  CachedWheel wheel;
  std::string index = {};  // without credentials; empty: none, or nobody knows which
  std::string url = {};    // without credentials and query; empty: of a folder
  fs::path path = {};      // of one on disk that the lock names
};

/// `list`: files in the network stay there, unless they are in the cache already.
enum class WheelBytes { fetch, list };

/// How wheels are got.
struct WheelUse {
  Offline offline = Offline::no;
  WheelBytes bytes = WheelBytes::fetch;
};

/// The wheels of a selection, in its order, in the store's cache. What is not there is taken from
/// the lock's path, its URL, the folders of `settings`, or an index that has a file with one of the
/// hashes that fits the Python, several at a time; downloads go on where they broke off. The URL of
/// an index that `settings` do not name is not asked: the file is looked for by its name. Faults:
/// incompatible, with all that nobody has and the versions next to them that have a wheel;
/// integrity for other bytes than the lock says; input offline; those of RemoteSource.
std::vector<FoundWheel> find_wheels(const PythonSelection& selection,
                                    const IndexSettings& settings,
                                    const PythonFacts& facts,
                                    Session& session,
                                    WheelUse use);

/// Adds to the problems of packages without a wheel the versions next to theirs that have one.
void name_other_versions(PythonSelection& selection,
                         const IndexSettings& settings,
                         const PythonFacts& facts,
                         Session& session);

/// What a lock says of them; paths are told from the folder of `spec`.
std::vector<LockedWheel> locked_wheels(const std::vector<FoundWheel>& wheels, const Spec& spec);

}  // namespace mlpack
