#include "registry/push.h"

#include "lib/error.h"
#include "lib/parallel.h"
#include "registry/push_blobs.h"
#include "registry/push_parts.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr int manifest_attempts = 4;

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
    PushReport report{.digest = root_.digest(), .replaced = {}, .blobs = {}};
    const std::optional<Digest> there = tagged_digest(client_, request_);
    require_match(request_, there);
    if (there == root_.digest()) {
      report.state = TargetState::tagged;
    } else {
      report.replaced = there;
      if (client_.head_manifest(to_, root_.digest().text())) report.state = TargetState::stored;
    }
    report.state == TargetState::absent ? put_all(report) : note_present(report);
    if (report.state != TargetState::tagged) put_tag();
    count(report);
    remember();
    report.bytes_sent = client_.bytes_sent() - sent;
    report.retries = client_.retries() - retries;
    report.seconds = client_.seconds() - begun;
    return report;
  }

 private:
  // A registry takes a manifest only when it has all that the manifest names; so where the tag
  // leads to ours, everything is there. What gets a tag now is looked at here all the same.
  void note_present(PushReport& report) const {
    if (report.state == TargetState::stored && request_.check_unsent) {
      for (const Descriptor& layer : layers_)
        request_.check_unsent(layer);
    }
    for (const std::vector<Descriptor>* blobs : {&layers_, &configs_}) {
      for (const Descriptor& blob : *blobs)
        report.blobs.push_back({blob, BlobOutcome::Kind::present, {}});
    }
  }

  static void count(PushReport& report) {
    const auto number = [&](BlobOutcome::Kind kind) {
      return static_cast<std::size_t>(
          std::count_if(report.blobs.begin(), report.blobs.end(), [&](const BlobOutcome& outcome) {
            return outcome.kind == kind;
          }));
    };
    report.uploaded = number(BlobOutcome::Kind::uploaded);
    report.mounted = number(BlobOutcome::Kind::mounted);
    report.present = number(BlobOutcome::Kind::present);
  }

  void put_all(PushReport& report) {
    PushBlobs blobs(client_, to_, request_);
    if (request_.check_upload) foresee(blobs);
    for (const std::vector<Descriptor>* some : {&layers_, &configs_}) {
      const std::vector<BlobOutcome> outcomes = blobs.push(*some);
      report.blobs.insert(report.blobs.end(), outcomes.begin(), outcomes.end());
    }
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
  }

  // Nothing is sent where something may not be.
  void foresee(PushBlobs& blobs) {
    parallel_for(layers_.size(), client_.options().jobs, [&](std::size_t index) {
      const BlobOutcome outcome = blobs.look(layers_[index]);
      if (outcome.kind == BlobOutcome::Kind::uploaded) request_.check_upload(outcome.blob);
    });
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
    if (request_.if_match) require_match(request_, tagged_digest(client_, request_));
    for (int attempt = 0; client_.put_manifest(to_, *tag, root_.bytes, root_.media_type) ==
                          PutManifest::blobs_missing;
         ++attempt) {
      if (attempt + 1 == manifest_attempts) {
        fail(Fault::refused,
             "cannot tag `{}`: the registry says that blobs of its own manifest are missing",
             request_.target.text());
      }
      client_.pause(attempt);
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
