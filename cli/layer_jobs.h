#pragma once

#include "cli/base.h"
#include "cli/output_checks.h"
#include "cli/remote_weights.h"
#include "layers/pack.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// The layers of an image on top of its base, from the lowest, with lines for the user.
struct LayerJobs {
  std::vector<PackJob> jobs;
  /// Of all files of weights as their sources have them; of layers that are reused what is stored.
  std::uint64_t weight_bytes = 0;
  std::vector<std::string> notes;
  std::vector<std::string> warnings;
};

/// What files are taken from beside the spec's own sources, and what they are not taken from.
struct LayerSources {
  const RemoteWeightsByName& remote;         // weights that are not on disk where the spec says
  const std::vector<WrittenPlace>& written;  // what this build writes
  const fs::path& lock;                      // the spec's lock, which no folder holds
  Offline offline;                           // for a look into layers that are reused
  std::size_t beside_weights = 0;            // layers of an image of the weights alone
};

/// Looks at the files that `plan` names and says what layers they become: system, weights, files,
/// config. Reads names, states and headers of weights, no content. Everything that can be refused
/// before work begins is refused here. The store remembers the weights that were found good.
LayerJobs layer_jobs(const Plan& plan,
                     const FoundBase& base,
                     const Spec& spec,
                     const LayerSources& sources,
                     Session& session);

}  // namespace mlpack
