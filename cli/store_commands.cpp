#include "cli/commands.h"
#include "cli/result.h"
#include "cli/session.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;
using Json = nlohmann::ordered_json;

// A build may take so long; whoever starts another one meanwhile is waited for too.
constexpr std::chrono::minutes longest_wait(30);

// Other tools may put an index into the layout without all of its images (image-layout.md).
std::vector<Image> images_of(const Store& store, const Descriptor& descriptor) {
  const auto index = store.load_index(descriptor);
  if (!index) return {store.load_image(descriptor)};
  std::vector<Image> images;
  for (const Descriptor& manifest : index->manifests) {
    if (store.has_blob(manifest.digest)) images.push_back(store.load_image(manifest));
  }
  return images;
}

std::uint64_t size_of(const std::vector<Image>& images) {
  std::uint64_t size = 0;
  for (const Image& image : images)
    size += image.total_size();
  return size;
}

std::string platforms_of(const std::vector<Image>& images) {
  std::vector<std::string> platforms;
  for (const Image& image : images) {
    if (!image.manifest.is_artifact()) platforms.push_back(image.platform().text());
  }
  return join(platforms, ",");
}

void list(World& world) {
  const Session session(world, Store::Access::read);
  Json images = Json::array();
  std::vector<std::vector<std::string>> rows{{"NAME", "DIGEST", "PLATFORM", "SIZE"}};
  for (const StoredImage& image : session.store.images()) {
    const std::vector<Image> parts = images_of(session.store, image.descriptor);
    const std::uint64_t size = size_of(parts);
    const std::string platforms = platforms_of(parts);
    rows.push_back({image.name, image.descriptor.digest.short_hex(), platforms, human_size(size)});
    images.push_back({{"name", image.name},
                      {"digest", image.descriptor.digest.text()},
                      {"platform", platforms},
                      {"size", size}});
  }
  world.terminal.result(world.json() ? json_line({{"schema", 1}, {"images", images}})
                                     : columns(rows));
}

void remove(const std::vector<std::string>& names, World& world) {
  Session session(world);
  std::vector<std::string> removed;
  for (const std::string& text : names) {
    const Reference name = parse_reference(text).with_default_tag();
    if (!session.store.remove(name)) {
      throw Error(Fault::input,
                  fmt::format("there is no image `{}` in the store", name.text()),
                  "`mlpack store ls` lists what there is");
    }
    removed.push_back(name.text());
  }
  world.terminal.result(world.json() ? json_line({{"schema", 1}, {"removed", removed}})
                                     : join(removed, "\n") + "\n");
}

Json report_json(const StoreReport& report) {
  return {{"schema", 1},
          {"blobs", report.blobs},
          {"recipes", report.recipes},
          {"removed", report.removed},
          {"removedBytes", report.removed_bytes},
          {"problems", report.problems}};
}

void collect(Store::Gc what, World& world) {
  Session session(world);
  const auto say = [&world](const std::string& text) { world.terminal.note(text); };
  const StoreReport report = session.store.gc(what, {longest_wait, say, &world.stop});
  world.terminal.result(
      world.json() ? json_line(report_json(report))
                   : fmt::format("removed {} files, {}; {} blobs and {} recipes are left\n",
                                 report.removed,
                                 human_size(report.removed_bytes),
                                 report.blobs,
                                 report.recipes));
}

void verify(World& world) {
  const Session session(world, Store::Access::read);
  const StoreReport report = session.store.verify(world.settings.jobs);
  if (!report.problems.empty()) {
    fail(Fault::integrity,
         "the store `{}` is not as it should be:\n{}",
         session.store.root().string(),
         join(report.problems, "\n"));
  }
  world.terminal.result(world.json()
                            ? json_line(report_json(report))
                            : fmt::format("{} blobs and {} recipes, all as they should be\n",
                                          report.blobs,
                                          report.recipes));
}

Command list_command() {
  const auto declare = [](ArgumentList&) -> Action { return list; };
  return {"ls", "list the images of the store", "", declare, {}};
}

Command remove_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto names = std::make_shared<std::vector<std::string>>();
    list.positional({"REF", "", "the name of an image", {}, Count::at_least_one}, *names);
    return [names](World& world) { remove(*names, world); };
  };
  return {"rm",
          "take names away",
          "What no name leads to any more is removed by `mlpack store gc`.",
          declare,
          {}};
}

Command collect_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto all = std::make_shared<bool>(false);
    list.flag({"--all", "", "remove downloads too that no image is made from"}, *all);
    return [all](World& world) {
      collect(*all ? Store::Gc::with_cache : Store::Gc::unreferenced, world);
    };
  };
  return {"gc", "remove what no name leads to", "", declare, {}};
}

Command verify_command() {
  const auto declare = [](ArgumentList&) -> Action { return verify; };
  return {"verify", "read everything in the store and compare it with its digest", "", declare, {}};
}

}  // namespace

Command store_command() {
  return {"store",
          "list, clean and check the local store",
          "",
          {},
          {list_command(), remove_command(), collect_command(), verify_command()}};
}

}  // namespace mlpack
