#pragma once

#include "lib/oci/image.h"
#include "lib/oci/reference.h"
#include "lib/spec/spec.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

struct AlsoContext;
struct BuiltImage;

/// What --also makes of the weights of an image, from the same blobs. An image of weights has a
/// shell, which KServe's modelcar runs; a volume of weights has nothing to run.
enum class AlsoKind { weights_image, weights_volume, modelpack };
/// As it is typed: `weights-image`.
std::string_view also_kind_name(AlsoKind kind);

struct AlsoWish {
  AlsoKind kind = AlsoKind::weights_image;
  Reference name;  // with a tag
};

/// What `words`, the values of --also, ask for: KIND=REF each, where `:TAG` appends to the spec's
/// own name as for -t. Fault::usage: a kind that there is not, a name that is one of `names` (those
/// of the image) or given twice, a digest, and a spec without weights.
std::vector<AlsoWish> also_wishes(const Spec& spec,
                                  const std::vector<std::string>& words,
                                  const std::vector<Reference>& names);

/// Lines for the user about what those who mount the results will miss.
std::vector<std::string> also_warnings(const Spec& spec, const std::vector<AlsoWish>& wishes);

/// How many layers the images of weights that are wished for have beside them, at most.
std::size_t layers_beside_weights(const std::vector<AlsoWish>& wishes);

/// What `kind` makes of `built`, the images of `spec` for each platform: an image of weights for
/// each, or one ModelPack, which is for no platform.
std::vector<Image> also_images(AlsoKind kind,
                               const Spec& spec,
                               const std::vector<BuiltImage>& built,
                               const AlsoContext& context);

}  // namespace mlpack
