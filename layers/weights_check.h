#pragma once

#include "layers/file_set.h"
#include "lib/model/model.h"
#include "lib/oci/recipe.h"
#include "lib/store/store.h"

#include <string>
#include <vector>

namespace mlpack {

/// Lines for the user about the files of one `weights` entry.
struct WeightsCheck {
  std::vector<std::string> choices;  // weights that are there twice, and which of them are left out
  std::vector<std::string> warnings;
};

/// Looks at `entries`, which are what `walk(input)` gives or stand for it, before they are packed:
/// what read_model finds wrong is an Error that names the first file and the others, a secret
/// before everything else. Where weights are there twice, it takes those that are not worth
/// packaging out of `entries`, unless `input` has an `include`: then the user chose.
///
/// With a `store`, a set of files that is as it was when it was last found good is not read.
/// `open_remote` is for those in the network.
WeightsCheck check_weights(std::vector<RecipeEntry>& entries,
                           const TreeInput& input,
                           Store* store = nullptr,
                           const OpenRemoteReadAt& open_remote = {});

}  // namespace mlpack
