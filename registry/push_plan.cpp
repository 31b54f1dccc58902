#include "lib/error.h"
#include "lib/parallel.h"
#include "registry/push_blobs.h"
#include "registry/push_parts.h"

#include <algorithm>

namespace mlpack {
namespace {

void add_unique(std::vector<Descriptor>& blobs, const Descriptor& blob) {
  const bool known = std::any_of(blobs.begin(), blobs.end(), [&](const Descriptor& other) {
    return other.digest == blob.digest;
  });
  if (!known) blobs.push_back(blob);
}

std::string tag_text(const std::optional<Digest>& digest) {
  return digest ? "`" + digest->text() + "`" : "nothing";
}

}  // namespace

RawManifest root_of(const PushRequest& request) {
  if (!request.index) {
    const Image& image = request.images.front();
    return {image.manifest_bytes, image.media_type};
  }
  const Index index = parse_index(*request.index, "", request.target.text());
  return {*request.index, index.media_type};
}

std::vector<RawManifest> manifests_of(const PushRequest& request) {
  std::vector<RawManifest> manifests;
  manifests.reserve(request.images.size() + 1);
  for (const Image& image : request.images) {
    manifests.push_back({image.manifest_bytes, image.media_type});
  }
  if (request.index) manifests.push_back(root_of(request));
  return manifests;
}

std::vector<Descriptor> layers_of_all(const PushRequest& request) {
  std::vector<Descriptor> layers;
  for (const Image& image : request.images) {
    for (const Descriptor& layer : image.manifest.layers) {
      add_unique(layers, layer);
    }
  }
  return layers;
}

std::vector<Descriptor> configs_of_all(const PushRequest& request) {
  std::vector<Descriptor> configs;
  for (const Image& image : request.images) {
    add_unique(configs, image.manifest.config);
  }
  return configs;
}

void check_target(const PushRequest& request) {
  const Reference& target = request.target;
  if (request.images.empty() || (request.images.size() > 1 && !request.index)) {
    fail(Fault::internal, "push of `{}`: {} images", target.text(), request.images.size());
  }
  const Digest digest = root_of(request).digest();
  if (target.digest().value_or(digest) != digest) {
    fail(Fault::usage, "cannot push `{}`: the image is `{}`", target.text(), digest.text());
  }
}

std::optional<Digest> tagged_digest(Client& client, const PushRequest& request) {
  const std::optional<std::string>& tag = request.target.tag();
  if (!tag) return std::nullopt;
  const auto there = client.head_manifest({request.target, Access::push}, *tag);
  return there ? std::optional(there->digest) : std::nullopt;
}

void require_match(const PushRequest& request, const std::optional<Digest>& found) {
  const Digest pushed = root_of(request).digest();
  if (!request.if_match || found == request.if_match->digest || found == pushed) return;
  throw Error(Fault::gate,
              fmt::format("`{}` leads to {} and not to {}, so it was not moved to `{}`",
                          request.target.text(),
                          tag_text(found),
                          tag_text(request.if_match->digest),
                          pushed.text()),
              "somebody else moved the tag; look at what is there, then give its digest to "
              "`--if-match`");
}

PushPlan plan_push(Client& client, const PushRequest& request) {
  check_target(request);
  const Repository to{request.target, Access::push};
  PushPlan plan{.digest = root_of(request).digest(), .replaced = {}, .blobs = {}};
  const std::optional<Digest> there = tagged_digest(client, request);
  require_match(request, there);
  std::vector<Descriptor> blobs = layers_of_all(request);
  const std::vector<Descriptor> configs = configs_of_all(request);
  blobs.insert(blobs.end(), configs.begin(), configs.end());
  plan.blobs.resize(blobs.size(), {blobs.front(), BlobOutcome::Kind::present, {}});
  if (there == plan.digest) {
    plan.state = TargetState::tagged;
  } else {
    plan.replaced = there;
    if (client.head_manifest(to, plan.digest.text())) plan.state = TargetState::stored;
  }
  PushBlobs look(client, to, request);
  parallel_for(blobs.size(), client.options().jobs, [&](std::size_t index) {
    plan.blobs[index].blob = blobs[index];
    if (plan.state == TargetState::absent) plan.blobs[index] = look.look(blobs[index]);
  });
  return plan;
}

}  // namespace mlpack
