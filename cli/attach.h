#pragma once

#include "cli/build.h"
#include "cli/images.h"
#include "cli/targets.h"
#include "lib/check/node_rules.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What --attach puts beside an image, as an artifact that refers to it.
enum class AttachKind { image_compatibility };
/// What `words`, the values of --attach, ask for, each once; Fault::usage for others.
std::vector<AttachKind> attach_kinds(const std::vector<std::string>& words);

/// Makes what `options` ask for of each image of `built`, keeps it in the store below all names of
/// the image, and notes it in `built`. A warning where there is nothing to say.
void attach_artifacts(BuiltSpec& built,
                      const Wish& wish,
                      const BuildOptions& options,
                      Session& session);

/// The image compatibility artifact of `image`: `document`, made at the image's own time.
Image compatibility_artifact(const std::string& document, const Image& image);

/// What the newest image compatibility artifact of `image`, or of the index that it is in, says;
/// the last of equally new ones counts. nullopt where there is none, or, with a warning, where it
/// cannot be read.
std::optional<NodeRules> compatibility_of(const NamedImage& found,
                                          const Image& image,
                                          Session& session);

}  // namespace mlpack
