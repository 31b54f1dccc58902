#pragma once

#include "cli/targets.h"
#include "layers/file_set.h"
#include "layers/pack.h"
#include "lib/file.h"
#include "lib/oci/reference.h"
#include "lib/spec/spec.h"

#include <string>
#include <vector>

namespace mlpack {

/// Where mlpack writes while it builds: not a place to take files from.
struct WrittenPlace {
  std::string what;  // as messages name it
  fs::path place;    // as place_of gives it
};
/// The store at `store`, and where `outputs` go.
std::vector<WrittenPlace> written_places(const std::vector<ArchiveLocation>& outputs,
                                         const fs::path& store);

/// Fault::usage where `output` lies in the store.
void check_outside_store(const ArchiveLocation& output, const fs::path& store);

/// Fault::usage where one of `outputs` lies in the store, or in a layout that is the base of `spec`
/// (another tag of that layout may be written).
void check_output_places(const std::vector<ArchiveLocation>& outputs,
                         const Spec& spec,
                         const fs::path& store);

/// Fault::usage where `input` would take what is written to one of `places`.
void check_source(const TreeInput& input, const std::vector<WrittenPlace>& places);

/// Fault::usage where one of `outputs` would overwrite a file that the build reads: the spec and
/// what lies beside it for mlpack, what it names, a file of `jobs`.
void check_not_overwritten(const std::vector<ArchiveLocation>& outputs,
                           const Spec& spec,
                           const std::vector<PackJob>& jobs);

/// Fault::usage where `option`, which writes `file`, would overwrite a part of the image that is
/// looked at, or of `kept`: the store, and what else was read.
void check_report_place(const std::string& option,
                        const fs::path& file,
                        const ImageLocation& image,
                        std::vector<fs::path> kept);

}  // namespace mlpack
