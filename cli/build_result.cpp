#include "cli/build.h"
#include "cli/check.h"
#include "cli/referrers.h"
#include "cli/result.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

Json image_json(const BuiltImage& built) {
  Json json{{"digest", built.image.digest().text()},
            {"size", built.image.total_size()},
            {"platform", built.image.platform().text()},
            {"layers", Json::array()}};
  for (const Layer& layer : built.layers)
    json["layers"].push_back(layer_json(layer));
  if (built.findings) {
    json["check"] = {{"verdict", check_verdict(*built.findings)},
                     {"findings", findings_json(*built.findings)}};
  }
  return json;
}

std::uint64_t sum(const BuiltSpec& built, std::uint64_t (*of)(const BuiltImage&)) {
  std::uint64_t total = 0;
  for (const BuiltImage& image : built.images)
    total += of(image);
  return total;
}

Json spec_json(const BuiltSpec& built) {
  Json json{{"image", built.names.front().text()},
            {"tags", texts_of(built.names)},
            {"digest", built.set.root().digest.text()},
            {"size", sum(built, [](const BuiltImage& i) { return i.image.total_size(); })}};
  if (built.set.index) {
    for (const BuiltImage& image : built.images)
      json["images"].push_back(image_json(image));
  } else {
    const Json image = image_json(built.images.front());
    json["platform"] = image["platform"];
    json["layers"] = image["layers"];
    if (image.contains("check")) json["check"] = image["check"];
  }
  for (const BuiltAlso& also : built.also) {
    json["also"].push_back({{"kind", also_kind_name(also.wish.kind)},
                            {"ref", also.wish.name.text()},
                            {"digest", also.set.root().digest.text()}});
  }
  if (!built.attached.empty()) json["attached"] = referrers_json(built.attached);
  json["pushed"] = texts_of(built.pushed);
  json["bytesRead"] = sum(built, [](const BuiltImage& i) { return i.bytes_read; });
  json["bytesWritten"] = sum(built, [](const BuiltImage& i) { return i.bytes_written; });
  json["seconds"] = json_seconds(built.seconds);
  return json;
}

std::string document(const std::vector<BuiltSpec>& builds) {
  Json json{{"schema", 1}};
  if (builds.size() == 1) {
    json.update(spec_json(builds.front()));
  } else {
    for (const BuiltSpec& built : builds)
      json["builds"].push_back(spec_json(built));
  }
  return json_line(json);
}

std::string lines(const std::vector<BuiltSpec>& builds) {
  std::string text;
  for (const BuiltSpec& built : builds) {
    text += fmt::format("{}@{}\n", built.names.front().text(), built.set.root().digest.text());
    for (const BuiltAlso& also : built.also) {
      text += fmt::format("{}@{}\n", also.wish.name.text(), also.set.root().digest.text());
    }
  }
  return text;
}

}  // namespace

void show_builds(const std::vector<BuiltSpec>& builds, World& world, ResultPlace place) {
  const std::string text = world.json() ? document(builds) : lines(builds);
  if (place == ResultPlace::beside) return world.terminal.say(text);
  world.terminal.result(text);
}

}  // namespace mlpack
