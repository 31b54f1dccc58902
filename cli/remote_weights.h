#pragma once

#include "cli/session.h"
#include "lib/lock/lock.h"
#include "lib/oci/image.h"
#include "lib/oci/recipe.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// What becomes of the bytes of remote files: all are downloaded into the store's cache, or those
/// files that are large, not compressed and kept by their source (RemoteSource::keeps) stay where
/// they are, to be read when their layer is sent, or all stay that their source keeps, or
/// (`listed`) all do, and nothing is written. What the cache has is used from there.
enum class RemoteBytes { cached, streamed, named, listed };

/// What a lock says of remote weights.
struct WeightPins {
  const Lock* lock = nullptr;  // right for the spec; absent: nothing is pinned
  /// Entries whose layers are where they are wanted: nothing of them is fetched or looked at.
  std::set<std::string> made = {};
};

/// What a remote `weights` entry turned out to be.
struct RemoteWeights {
  std::string source;                // for messages: without what a URL's query may hold
  std::string origin;                // the same files for good: `hf://acme/tiny@COMMIT`
  std::vector<RecipeEntry> entries;  // where the entry says they go, sorted by path
  std::size_t downloaded = 0;        // files that were not here
  std::vector<Decision> decisions;
  std::vector<std::string> choices;  // weights that are there twice, and which are left out
  bool is_made = false;              // its layers are: WeightPins::made
  LockedWeights locked;              // for the lock
};

/// By the name of the entry.
using RemoteWeightsByName = std::map<std::string, RemoteWeights>;

/// Lists every remote entry of `spec` but for images (reuse_weights), takes the files that
/// `include` and `exclude` leave, without an `include` but one of two sets of the same weights, and
/// downloads those that the store's cache lacks, but for what `bytes` leaves there: of that the
/// front is looked at. Asks nobody about what is pinned, by the spec or by `pins`, and at hand.
/// What was listed is kept for Offline::yes, where anything that is missing is Fault::input. What
/// of the cache is damaged (is_intact) is fetched anew; with Offline::yes it is Fault::integrity.
/// Errors name the entry.
RemoteWeightsByName fetch_weights(const Spec& spec,
                                  Session& session,
                                  Offline offline,
                                  RemoteBytes bytes = RemoteBytes::cached,
                                  const WeightPins& pins = {});

namespace annotation {
/// On layers of remote weights: where they are from.
inline constexpr std::string_view source = "dev.mlpack.layer.source";
}  // namespace annotation

/// `weights tiny: COMMIT (why)`
std::string text_of(const Decision& decision);

/// Says on those of `layers` that are remote weights where they are from.
void note_sources(const RemoteWeightsByName& weights, std::vector<Layer>& layers);

}  // namespace mlpack
