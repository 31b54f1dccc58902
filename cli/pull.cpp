#include "registry/pull.h"

#include "cli/commands.h"
#include "cli/referrers.h"
#include "cli/result.h"
#include "cli/session.h"
#include "cli/targets.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;
using Json = nlohmann::ordered_json;

struct PullOptions {
  std::vector<std::string> name;
  std::string platform;
  bool referrers = false;
};

// What refers to what was pulled, where it came from.
std::vector<Image> take_referrers(const PullReport& report, Session& session) {
  NamedImage found{report.reference.text(), {}, {}};
  found.place = NamedImage::Place::registry;
  found.set.images = report.images;
  if (is_index(report.descriptor.media_type)) found.set.index = report.descriptor;
  std::vector<Image> artifacts = find_referrers(found, "", session);
  pull_referrers(artifacts, report.reference, session);
  return artifacts;
}

void show(const PullReport& report,
          const std::optional<std::vector<Image>>& referrers,
          World& world) {
  Json document{{"schema", 1},
                {"ref", report.reference.text()},
                {"digest", report.descriptor.digest.text()},
                {"blobs", {{"downloaded", report.downloaded}, {"present", report.present}}},
                {"bytesReceived", report.bytes_received},
                {"seconds", json_seconds(report.seconds)}};
  if (referrers) document["referrers"] = referrers_json(*referrers);
  world.terminal.result(world.json() ? json_line(document) : report.reference.text() + "\n");
}

void pull_image(const PullOptions& options, World& world) {
  const Reference name = parse_reference(options.name.front()).with_default_host();
  const auto platform = parse_platform_option(options.platform);
  Session session(world);
  const MoveLayer move = session.intake({}).move;
  const PullReport report = pull(session.client, name, platform, session.store, move);
  std::optional<std::vector<Image>> referrers;
  if (options.referrers) referrers = take_referrers(report, session);
  show(report, referrers, world);
}

}  // namespace

Command pull_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<PullOptions>();
    list.positional({"REF", "", "an image of a registry", {}, Count::required}, options->name);
    list.option({"--platform", "P", "of several platforms, pull P alone (linux/arm64, say)"},
                options->platform);
    list.flag({"--referrers", "", "pull what refers to the image, too, such as signatures"},
              options->referrers);
    return [options](World& world) { pull_image(*options, world); };
  };
  return {"pull",
          "pull an image from a registry into the store",
          "Prints REF@DIGEST. A name without a registry is docker.io's.",
          declare,
          {}};
}

}  // namespace mlpack
