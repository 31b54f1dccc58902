#include "cli/referrers.h"

#include "lib/oci/referrers.h"
#include "lib/parallel.h"
#include "lib/store/layout.h"
#include "lib/text.h"
#include "registry/pull.h"
#include "registry/referrers.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>

namespace mlpack {
namespace {

// Nobody attaches so many in earnest.
constexpr std::size_t most_referrers = 4096;

Reference list_name(const Reference& name, const Digest& subject) {
  return parse_reference(name.name()).with_tag(referrers_tag(subject));
}

// The list of referrers in a layout, with what it leads to; an empty set: there is none.
ImageSet list_in_layout(const fs::path& layout, const Digest& subject) {
  const std::string tag = referrers_tag(subject);
  const Index index = read_layout(layout);
  const bool is_there =
      std::any_of(index.manifests.begin(), index.manifests.end(), [&](const Descriptor& entry) {
        const auto name = entry.annotations.find(std::string(ref_name));
        return name != entry.annotations.end() && name->second == tag;
      });
  if (!is_there) return {};
  return load_archive({ArchiveLocation::Kind::oci_layout, layout, tag}).images;
}

class ReferrerSearch {
 public:
  ReferrerSearch(const NamedImage& found, const std::string& type, Session& session)
      : found_(found), type_(type), session_(session) {
    for (const Image& image : found.set.images)
      open_.push_back(image.digest());
    if (found.set.index) open_.push_back(found.set.index->digest);
  }

  std::vector<Image> run() {
    for (; !open_.empty(); open_.pop_front()) {
      for (Image& artifact : referrers_of(open_.front())) {
        if (is_about(artifact, open_.front())) add(std::move(artifact));
      }
    }
    return std::move(artifacts_);
  }

 private:
  // Under the tag of a list anything may lie.
  bool is_about(const Image& artifact, const Digest& subject) const {
    const auto& named = artifact.manifest.subject;
    if (named && named->digest == subject) return true;
    session_.terminal().warn(
        fmt::format("`{}` is listed as referring to `{}`, but does not; it is left out",
                    artifact.digest().text(),
                    subject.text()));
    return false;
  }

  void add(Image artifact) {
    const Digest digest = artifact.digest();
    if (!seen_.insert(digest).second) return;
    if (seen_.size() > most_referrers) {
      fail(Fault::refused, "more than {} artifacts refer to `{}`", most_referrers, found_.name);
    }
    open_.push_back(digest);
    artifacts_.push_back(std::move(artifact));
  }

  std::vector<Image> referrers_of(const Digest& subject) const {
    switch (found_.place) {
      case NamedImage::Place::store:
        return in_store(subject);
      case NamedImage::Place::registry:
        return in_registry(subject);
      case NamedImage::Place::archive:
        break;
    }
    if (!found_.layout) return {};
    return of_type(list_in_layout(*found_.layout, subject).images);
  }

  std::vector<Image> in_store(const Digest& subject) const {
    const auto list = session_.store.find(list_name(parse_reference(found_.name), subject));
    const auto index = list ? session_.store.load_index(*list) : std::nullopt;
    if (!index) return {};
    std::vector<Image> artifacts;
    for (const Descriptor& entry : index->manifests)
      artifacts.push_back(session_.store.load_image(entry));
    return of_type(std::move(artifacts));
  }

  std::vector<Image> in_registry(const Digest& subject) const {
    const Reference name = parse_reference(parse_reference(found_.name).name());
    std::vector<Image> artifacts;
    for (const Descriptor& entry :
         mlpack::find_referrers(session_.client, {name, Access::pull}, subject, type_)) {
      if (!is_manifest(entry.media_type)) {
        session_.terminal().warn(
            fmt::format("`{}`, which refers to `{}`, is no manifest; it is "
                        "left out",
                        entry.digest.text(),
                        found_.name));
        continue;
      }
      RemoteImage remote =
          fetch_image(session_.client, name.with_digest(entry.digest), std::nullopt);
      artifacts.push_back(std::move(remote.images.front()));
    }
    return artifacts;
  }

  std::vector<Image> of_type(std::vector<Image> artifacts) const {
    std::erase_if(artifacts, [&](const Image& artifact) {
      return !type_.empty() && referrer_of(artifact).artifact_type != type_;
    });
    return artifacts;
  }

  const NamedImage& found_;
  const std::string& type_;
  Session& session_;
  std::deque<Digest> open_;
  std::set<Digest> seen_;
  std::vector<Image> artifacts_;
};

}  // namespace

void keep_referrer(Store& store, const Reference& name, const Image& artifact) {
  store.put_image(artifact);
  const Reference list = list_name(name, artifact.manifest.subject->digest);
  const auto known = store.find(list);
  std::string text;
  if (known) text = store.read_blob(known->digest, max_manifest_bytes).value_or("");
  const auto longer = with_referrer(text, referrer_of(artifact), "`" + list.text() + "`");
  if (!longer) return;
  const Digest digest = store.put_blob(*longer);
  store.tag(list, {std::string(media_type::oci_index), digest, longer->size(), {}, {}});
}

std::vector<Image> find_referrers(const NamedImage& found,
                                  const std::string& artifact_type,
                                  Session& session) {
  return ReferrerSearch(found, artifact_type, session).run();
}

std::vector<ReferrerPlan> push_referrers(const std::vector<Image>& artifacts,
                                         const Reference& target,
                                         const OpenBlob& open,
                                         Client& client) {
  std::vector<ReferrerPlan> done;
  for (const Image& artifact : artifacts) {
    const PushReport report = push_referrer(client, artifact, target, open);
    done.push_back({parse_reference(target.name()).with_digest(report.digest),
                    referrer_of(artifact),
                    artifact.manifest.subject->digest,
                    {report.digest, report.replaced, report.state, report.blobs},
                    ReferrerPlan::Listed::already});
  }
  return done;
}

std::vector<ReferrerPlan> plan_referrers(const std::vector<Image>& artifacts,
                                         const Reference& target,
                                         const OpenBlob& open,
                                         Client& client) {
  std::vector<ReferrerPlan> plans;
  plans.reserve(artifacts.size());
  for (const Image& artifact : artifacts)
    plans.push_back(plan_referrer(client, artifact, target, open));
  return plans;
}

void pull_referrers(const std::vector<Image>& artifacts, const Reference& name, Session& session) {
  const LayerIntake intake = session.intake(remote_blobs(session.client, {name}));
  std::vector<Descriptor> blobs;
  for (const Image& artifact : artifacts) {
    const std::vector<Descriptor>& layers = artifact.manifest.layers;
    blobs.insert(blobs.end(), layers.begin(), layers.end());
  }
  require_room_for(blobs, session.store);
  parallel_for(blobs.size(), session.world.settings.transfers, [&](std::size_t i) {
    take_layer(intake, blobs[i], std::nullopt);
  });
  for (const Image& artifact : artifacts)
    keep_referrer(session.store, name, artifact);
}

nlohmann::ordered_json referrers_json(const std::vector<Image>& artifacts) {
  auto list = nlohmann::ordered_json::array();
  for (const Image& artifact : artifacts) {
    list.push_back({{"artifactType", referrer_of(artifact).artifact_type},
                    {"digest", artifact.digest().text()},
                    {"subject", artifact.manifest.subject->digest.text()}});
  }
  return list;
}

void write_referrers(const ArchiveLocation& layout,
                     const std::vector<Image>& artifacts,
                     const ExportContext& context) {
  for (const Image& artifact : artifacts) {
    const Digest subject = artifact.manifest.subject->digest;
    ImageSet list = list_in_layout(layout.path, subject);
    const auto longer =
        with_referrer(list.index_bytes, referrer_of(artifact), "the list of referrers");
    if (!longer) continue;
    list.images.push_back(artifact);
    list.index_bytes = *longer;
    list.index =
        Descriptor{std::string(media_type::oci_index), Digest::of(*longer), longer->size(), {}, {}};
    ArchiveLocation place = layout;
    place.tag = referrers_tag(subject);
    write_archive(place, place.tag, list, context);
  }
}

}  // namespace mlpack
