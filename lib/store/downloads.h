#pragma once

#include "lib/digest.h"
#include "lib/oci/recipe.h"
#include "lib/parallel.h"
#include "lib/progress.h"
#include "lib/sink.h"
#include "lib/store/store.h"

#include <cstdint>
#include <memory>
#include <string>

namespace mlpack {

/// What is believed of a download that is in the cache of the store: that it is what it was while
/// its state (FileIdentity) is, or nothing.
enum class Trust { state, nothing };

/// How a download is looked at; all must outlive the look.
struct DownloadLook {
  const Stop& stop;
  Trust trust = Trust::state;
  Progress* progress = nullptr;  // shows the reading of a large one; may be absent
};

/// Whether the download is there and holds what its name says. It is read, unless it was found
/// right in the state that it is in now.
bool is_intact(Store& store, const Digest& download, const DownloadLook& look);
/// Remembers that the download was found right in the state that it is in now.
void note_intact(Store& store, const Digest& download);

/// The whole download, its last bytes only after they were found to be what its name says:
/// Fault::integrity naming it and, for messages, `file`, which it is.
std::unique_ptr<Source> open_download(const Store& store,
                                      const Digest& download,
                                      const std::string& file);
/// The content of `entry`, which is `range`. Where that is a whole download of the store, as
/// open_download; in any case as FileSource.
std::unique_ptr<Source> open_range(const Store& store,
                                   const RecipeEntry& entry,
                                   const FileRange& range);

}  // namespace mlpack
