#include "cli/commands.h"
#include "cli/images.h"
#include "cli/output_checks.h"
#include "cli/push_all.h"
#include "cli/push_report.h"
#include "cli/referrers.h"
#include "cli/result.h"
#include "cli/stopwatch.h"
#include "cli/targets.h"
#include "layers/diff_ids.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;
using Json = nlohmann::ordered_json;

struct CopyOptions {
  std::vector<std::string> source;
  std::vector<std::string> target;
  std::string platform;
  bool referrers = false;
};

// An image that is copied, and where it is.
struct CopySource {
  NamedImage image;
  std::optional<Reference> name;  // in a registry

  bool is_local() const { return !name; }
};

// Leaves only the image for `platform`.
void keep_platform(NamedImage& image, const Platform& platform) {
  ImageSet& set = image.set;
  if (!set.index) {
    const Platform found = set.images.front().platform();
    if (found.os == platform.os && found.architecture == platform.architecture) return;
    fail(Fault::incompatible,
         "`{}` has no image for `{}`; it is for `{}`",
         image.name,
         platform.text(),
         found.text());
  }
  const Index index = parse_index(set.index_bytes, set.index->media_type, image.name);
  const Digest wanted = select_platform(index, platform, image.name).digest;
  std::erase_if(set.images, [&](const Image& one) { return one.digest() != wanted; });
  set.index.reset();
  set.index_bytes.clear();
}

CopySource open_source(const CopyOptions& options, Session& session) {
  const std::string& text = options.source.front();
  const ImageLocation location = parse_image_location(text);
  const auto* name = std::get_if<Reference>(&location);
  const auto platform = parse_platform_option(options.platform);
  CopySource source = name == nullptr ? CopySource{find_local_image(text, session), {}}
                                      : CopySource{find_registry_image(*name, session),
                                                   name->with_default_host().with_default_tag()};
  if (platform) keep_platform(source.image, *platform);
  return source;
}

void show_copy(const CopySource& source, Json document, World& world) {
  Json whole{{"schema", 1}, {"source", source.image.name}};
  whole.update(document);
  world.terminal.result(json_line(whole));
}

void copy_to_registry(const CopySource& source,
                      const OpenBlob& open,
                      const Reference& target,
                      Session& session) {
  PushRequest request{source.image.set.images, {}, target, open};
  if (source.image.set.index) request.index = source.image.set.index_bytes;
  if (source.name) request.known_at = {*source.name};
  const auto results = push_to_all(request, {target}, session);
  if (const auto error = failure_of(results)) throw *error;
  const PushReport& report = *results.front().report;
  World& world = session.world;
  if (world.json()) {
    show_copy(source, push_json(target, report), world);
  } else {
    world.terminal.result(target.with_digest(report.digest).text() + "\n");
  }
}

// The name with a tag that the source has for the image; layouts mostly have the tag alone.
std::optional<Reference> source_name(const CopySource& source) {
  if (source.name) return source.name;
  const auto name = Reference::parse(source.image.archived_as);
  return name && name->tag() ? name : std::nullopt;
}

// What a docker-archive calls an image that says no name of its own.
std::string archive_name(const CopySource& source, const ArchiveLocation& target) {
  const bool docker = target.kind == ArchiveLocation::Kind::docker_archive;
  if (!docker || !target.tag.empty()) return {};
  const auto name = source_name(source);
  if (name && name->tag()) return name->name() + ":" + *name->tag();
  const std::string& tag = source.image.archived_as;
  throw Error(Fault::usage,
              fmt::format("`docker-archive:{}` does not say what the image is to be called",
                          printable(target.path.string())),
              fmt::format("add a name: `docker-archive:FILE:NAME:{}`",
                          tag.empty() ? "TAG" : printable(tag)));
}

// What a layout or an oci-archive calls an image that says no tag of its own.
std::string tag_of(const CopySource& source) {
  if (const auto name = source_name(source)) return name->tag().value_or("latest");
  const std::string& tag = source.image.archived_as;
  return tag.empty() ? "latest" : tag;
}

void copy_to_archive(const CopySource& source,
                     const OpenBlob& open,
                     ArchiveLocation target,
                     Session& session) {
  const Stopwatch watch;
  World& world = session.world;
  const std::string name = archive_name(source, target);
  if (target.kind != ArchiveLocation::Kind::docker_archive && target.tag.empty()) {
    target.tag = tag_of(source);
  }
  const ImageSet& set = source.image.set;
  write_archive(target, name, set, {open, nullptr, &world.terminal, &world.stop});
  if (target.path == "-") return;
  const std::string digest = set.root().digest.text();
  if (world.json()) {
    show_copy(source, {{"digest", digest}, {"seconds", json_seconds(watch.seconds())}}, world);
  } else {
    world.terminal.result(digest + "\n");
  }
}

void copy_image(const CopyOptions& options, World& world) {
  ImageLocation target = parse_image_location(options.target.front());
  const auto* place = std::get_if<ArchiveLocation>(&target);
  if (options.referrers && place != nullptr && !place->is_layout()) {
    throw Error(Fault::usage,
                "`--referrers` needs a registry or a layout: an archive holds one image",
                "copy to `oci:DIR`");
  }
  if (auto* name = std::get_if<Reference>(&target)) {
    *name = name->with_default_tag();
    require_hosts({*name});
  }
  Session session(world, Store::Access::read);
  if (place != nullptr) check_outside_store(*place, session.store.root());
  const CopySource source = open_source(options, session);
  // What a registry has was compared with its config by who pushed it.
  const DiffIds diff_ids(source.is_local() ? source.image.set.images : std::vector<Image>(),
                         world.stop);
  const OpenBlob open = diff_ids.checked(source.image.open);
  const std::vector<Image> attached =
      options.referrers ? find_referrers(source.image, "", session) : std::vector<Image>();
  if (const auto* name = std::get_if<Reference>(&target)) {
    copy_to_registry(source, open, *name, session);
    push_referrers(attached, *name, source.image.open, session.client);
  } else {
    const auto& archive = std::get<ArchiveLocation>(target);
    copy_to_archive(source, open, archive, session);
    write_referrers(archive, attached, {source.image.open, nullptr, &world.terminal, &world.stop});
  }
}

}  // namespace

Command copy_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<CopyOptions>();
    list.positional({"SRC",
                     "",
                     "an image of a registry, oci:DIR[:TAG], oci-archive:FILE or "
                     "docker-archive:FILE",
                     {},
                     Count::required},
                    options->source);
    list.positional({"DST", "", "where to: the same", {}, Count::required}, options->target);
    list.option({"--platform", "P", "of several platforms, copy P alone (linux/arm64, say)"},
                options->platform);
    list.flag({"--referrers", "", "copy what refers to the image, too, such as signatures"},
              options->referrers);
    return [options](World& world) { copy_image(*options, world); };
  };
  return {"copy",
          "copy an image between registries, layouts and archives",
          "Bytes pass through memory; the store is neither read nor written. Within a registry, "
          "layers are mounted. Prints REF@DIGEST, or the digest of what was written to a file.",
          declare,
          {}};
}

}  // namespace mlpack
