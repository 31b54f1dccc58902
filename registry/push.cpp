#include "registry/push.h"

#include "lib/error.h"
#include "lib/parallel.h"
#include "registry/push_blobs.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr int manifest_attempts = 4;

struct RawManifest {
  std::string bytes;
  std::string media_type;
  Digest digest() const { return Digest::of(bytes); }
};

// What the tag will name: the index where there is one, else the only manifest.
RawManifest root_of(const PushRequest& request) {
  if (!request.index) {
    const Image& image = request.images.front();
    return {image.manifest_bytes, image.media_type};
  }
  const Index index = parse_index(*request.index, "", request.target.text());
  return {*request.index, index.media_type};
}

// In the order in which they have to be put: an index after what it names.
std::vector<RawManifest> manifests_of(const PushRequest& request) {
  std::vector<RawManifest> manifests;
  manifests.reserve(request.images.size() + 1);
  for (const Image& image : request.images) {
    manifests.push_back({image.manifest_bytes, image.media_type});
  }
  if (request.index) manifests.push_back(root_of(request));
  return manifests;
}

void add_unique(std::vector<Descriptor>& blobs, const Descriptor& blob) {
  const bool known = std::any_of(blobs.begin(), blobs.end(), [&](const Descriptor& other) {
    return other.digest == blob.digest;
  });
  if (!known) blobs.push_back(blob);
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

class Push {
 public:
  Push(Client& client, const PushRequest& request)
      : client_(client),
        request_(request),
        to_{request.target, Access::push},
        root_(root_of(request)),
        layers_(layers_of_all(request)),
        configs_(configs_of_all(request)) {}

  PushReport run() {
    const double begun = client_.seconds();
    const std::uint64_t sent = client_.bytes_sent();
    const std::size_t retries = client_.retries();
    PushReport report{.digest = root_.digest(), .replaced = {}};
    if (!is_done(report)) {
      const bool complete = client_.head_manifest(to_, root_.digest().text()).has_value();
      if (complete) {
        report.present = layers_.size() + configs_.size();
      } else {
        put_all(report);
      }
      put_tag();
    }
    remember();
    report.bytes_sent = client_.bytes_sent() - sent;
    report.retries = client_.retries() - retries;
    report.seconds = client_.seconds() - begun;
    return report;
  }

 private:
  // A registry takes a manifest only when it has all that the manifest names; so where the tag
  // leads to ours, everything is there.
  bool is_done(PushReport& report) {
    const std::optional<std::string>& tag = request_.target.tag();
    if (!tag) {
      return false;
    }
    const std::optional<Descriptor> there = client_.head_manifest(to_, *tag);
    if (there && there->digest == root_.digest()) {
      report.present = layers_.size() + configs_.size();
      return true;
    }
    if (there) report.replaced = there->digest;
    return false;
  }

  void put_all(PushReport& report) {
    PushBlobs blobs(client_, to_, request_.open, request_.store, request_.check_unsent);
    blobs.push(layers_);
    blobs.push(configs_);
    for (int attempt = 0; !put_manifests(); ++attempt) {
      if (attempt + 1 == manifest_attempts) {
        throw Error(Fault::refused,
                    fmt::format("cannot push `{}`: the registry says that blobs are missing, "
                                "although it has taken all of them",
                                request_.target.text()),
                    "it may need a moment to see them; push again");
      }
      client_.pause(attempt);
      blobs.push_again(layers_);
      blobs.push_again(configs_);
    }
    for (const RawManifest& manifest : manifests_of(request_)) {
      client_.check_manifest(to_, manifest.digest().text(), manifest.digest());
    }
    report.uploaded = blobs.uploaded();
    report.mounted = blobs.mounted();
    report.present = blobs.present();
  }

  bool put_manifests() {
    const std::vector<RawManifest> manifests = manifests_of(request_);
    return std::all_of(manifests.begin(), manifests.end(), [&](const RawManifest& manifest) {
      return client_.put_manifest(
                 to_, manifest.digest().text(), manifest.bytes, manifest.media_type) ==
             PutManifest::done;
    });
  }

  void put_tag() {
    const std::optional<std::string>& tag = request_.target.tag();
    if (!tag) {
      return;
    }
    const PutManifest result = client_.put_manifest(to_, *tag, root_.bytes, root_.media_type);
    if (result == PutManifest::blobs_missing) {
      fail(Fault::refused,
           "cannot tag `{}`: the registry says that blobs of its own manifest are missing",
           request_.target.text());
    }
    client_.check_manifest(to_, *tag, root_.digest());
  }

  void remember() {
    if (request_.store == nullptr) {
      return;
    }
    for (const std::vector<Descriptor>* blobs : {&layers_, &configs_}) {
      for (const Descriptor& blob : *blobs) {
        request_.store->put_origin(blob.digest, request_.target);
      }
    }
  }

  Client& client_;
  const PushRequest& request_;
  Repository to_;
  RawManifest root_;
  std::vector<Descriptor> layers_;
  std::vector<Descriptor> configs_;
};

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

}  // namespace

PushReport push(Client& client, const PushRequest& request) {
  check_target(request);
  return Push(client, request).run();
}

void probe_push_right(Client& client, const Reference& target) {
  const Repository repository{target, Access::push};
  client.cancel_upload(repository, client.start_upload(repository));
}

}  // namespace mlpack
