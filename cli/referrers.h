#pragma once

#include "cli/images.h"
#include "layers/archive.h"
#include "lib/oci/image.h"
#include "lib/oci/reference.h"
#include "registry/client.h"
#include "registry/referrers.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mlpack {

/// Keeps `artifact`, which has a subject and whose blobs are stored, under the tag of referrers of
/// the image's name.
void keep_referrer(Store& store, const Reference& name, const Image& artifact);

/// What refers to the images of `found` and to their index, and what refers to that in turn, where
/// `found` is; of `artifact_type` alone (empty: of any). An archive has none. What is an index
/// itself is left out, with a warning.
std::vector<Image> find_referrers(const NamedImage& found,
                                  const std::string& artifact_type,
                                  Session& session);

/// Pushes `artifacts` to the repository of `target`, and says what became of each. `open` opens
/// their blobs.
std::vector<ReferrerPlan> push_referrers(const std::vector<Image>& artifacts,
                                         const Reference& target,
                                         const OpenBlob& open,
                                         Client& client);
/// What that would do.
std::vector<ReferrerPlan> plan_referrers(const std::vector<Image>& artifacts,
                                         const Reference& target,
                                         const OpenBlob& open,
                                         Client& client);

/// Fetches `artifacts`, which the registry of `name` has, into the store, and keeps each as
/// keep_referrer does.
void pull_referrers(const std::vector<Image>& artifacts, const Reference& name, Session& session);

/// Of each its `artifactType`, `digest` and `subject`.
nlohmann::ordered_json referrers_json(const std::vector<Image>& artifacts);

/// Adds `artifacts` to a layout, each under the tag of referrers of its subject.
void write_referrers(const ArchiveLocation& layout,
                     const std::vector<Image>& artifacts,
                     const ExportContext& context);

}  // namespace mlpack
