#pragma once

#include "cli/also.h"
#include "cli/world.h"
#include "layers/archive.h"
#include "lib/check/finding.h"
#include "lib/oci/image.h"
#include "lib/oci/reference.h"
#include "lib/oci/weights_image.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What `build` was asked for, as typed.
struct BuildOptions {
  std::vector<std::string> specs;
  std::vector<std::string> tags;
  std::vector<std::string> outputs;
  std::vector<std::string> platforms;
  std::vector<std::string> variables;
  std::vector<std::string> labels;
  std::vector<std::string> also;
  std::vector<std::string> attach;
  bool push = false;
  bool offline = false;
  bool verify_cache = false;
  bool reshard = false;
  bool locked = false;
  bool no_check = false;
  std::vector<std::string> ignored;
};

/// An image of one platform, and what it took to make it.
struct BuiltImage {
  Image image;
  std::vector<Layer> layers;         // the base's first
  std::vector<WeightLayer> weights;  // those of the layers that the spec's weights are
  std::uint64_t bytes_read = 0;      // of the user's files and of packages
  std::uint64_t bytes_written = 0;   // to the store
  std::optional<Findings> findings = std::nullopt;  // nullopt: it was not checked
  unsigned x86_level = 0;  // that its programs want; 0: any, or it was not checked
};

/// What --also made of the weights.
struct BuiltAlso {
  AlsoWish wish;
  ImageSet set;
};

/// What became of one spec.
struct BuiltSpec {
  std::vector<Reference> names;
  std::vector<BuiltImage> images;  // one for each platform
  ImageSet set;                    // the same as they are in the store
  std::vector<BuiltAlso> also;
  std::vector<Image> attached;  // artifacts that refer to `images`
  std::vector<Reference> pushed;
  double seconds = 0;
};

/// Tells what was built: `REF@DIGEST` for each spec, or a JSON document. With an archive on stdout
/// it goes to the other stream.
enum class ResultPlace { out, beside };
void show_builds(const std::vector<BuiltSpec>& builds, World& world, ResultPlace place);

}  // namespace mlpack
