#include "cli/commands.h"
#include "cli/images.h"
#include "cli/layer_files.h"
#include "cli/result.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;
using Json = nlohmann::ordered_json;

// `what` is a path, a field of the config or a layer; empty: it is not there.
struct Change {
  std::string what;
  std::string before;
  std::string after;
};

struct Difference {
  std::vector<Change> config;
  std::vector<Change> layers;
  std::vector<Change> files;
  std::uint64_t shared_bytes = 0;
};

using Facts = std::map<std::string, std::string>;

std::vector<Change> compare(const Facts& before, const Facts& after) {
  std::vector<Change> changes;
  for (const auto& [key, value] : before) {
    const auto found = after.find(key);
    const std::string now = found == after.end() ? "" : found->second;
    if (now != value) changes.push_back({key, value, now});
  }
  for (const auto& [key, value] : after) {
    if (!before.contains(key)) changes.push_back({key, "", value});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.what < b.what;
  });
  return changes;
}

Facts config_facts(const Image& image) {
  const ImageConfig& config = image.config;
  Facts facts{{"platform", image.platform().text()},
              {"created", config.created},
              {"user", config.user},
              {"entrypoint", Json(config.entrypoint).dump()},
              {"command", Json(config.cmd).dump()},
              {"workdir", config.working_dir},
              {"ports", join(config.exposed_ports, " ")}};
  for (const auto& [name, value] : config.env)
    facts["env " + name] = value;
  for (const auto& [key, value] : config.labels)
    facts["label " + key] = value;
  return facts;
}

// The layers of `image` that `other` does not have.
std::vector<Layer> own_layers(const Image& image, const Image& other) {
  std::vector<Layer> own = layers_of(image);
  std::erase_if(own, [&](const Layer& layer) {
    const auto& diff_ids = other.config.diff_ids;
    return std::find(diff_ids.begin(), diff_ids.end(), layer.diff_id) != diff_ids.end();
  });
  return own;
}

Facts layer_facts(const std::vector<Layer>& layers) {
  Facts facts;
  for (const Layer& layer : layers) {
    facts[fmt::format("{} {}", layer.descriptor.digest.short_hex(), role_name(layer.role))] =
        human_size(layer.descriptor.size) + (layer.name.empty() ? "" : ", " + layer.name);
  }
  return facts;
}

// What `layers` bring, the highest layer's word being the last.
Facts file_facts(const std::vector<Layer>& layers, const NamedImage& image, Session& session) {
  Facts facts;
  for (const Layer& layer : layers) {
    const auto files = files_of_layer(layer.descriptor, image, session, Contents::hash);
    for (const LayerFile& file : files) {
      const TarEntry& entry = file.entry;
      std::string fact =
          fmt::format("{} {}:{} {} B", mode_text(entry), entry.uid, entry.gid, entry.size);
      if (file.content) fact += " " + file.content->short_hex();
      if (!entry.link.empty()) fact += " -> " + entry.link;
      facts["/" + entry.path] = fact;
    }
  }
  return facts;
}

const Image& only_image(const NamedImage& named, const Platform& platform) {
  const auto images = named.set.runnable();
  if (images.empty()) fail(Fault::input, "`{}` holds nothing that runs", named.name);
  const auto found = std::find_if(images.begin(), images.end(), [&](const Image* image) {
    return image->platform() == platform;
  });
  return found == images.end() ? *images.front() : **found;
}

Difference difference(const NamedImage& before, const NamedImage& after, Session& session) {
  const Platform host = Platform::host();
  const Image& old_image = only_image(before, host);
  const Platform platform = old_image.platform();
  const Image& new_image = only_image(after, platform);
  const auto removed = own_layers(old_image, new_image);
  const auto added = own_layers(new_image, old_image);
  Difference result;
  result.config = compare(config_facts(old_image), config_facts(new_image));
  result.layers = compare(layer_facts(removed), layer_facts(added));
  result.files = compare(file_facts(removed, before, session), file_facts(added, after, session));
  for (const Descriptor& layer : new_image.manifest.layers)
    result.shared_bytes += layer.size;
  for (const Layer& layer : added)
    result.shared_bytes -= layer.descriptor.size;
  return result;
}

std::string lines(const std::string& title, const std::vector<Change>& changes) {
  if (changes.empty()) return "";
  std::string text = title + "\n";
  for (const Change& change : changes) {
    const std::string what = printable(change.what);
    const std::string before = printable(change.before);
    const std::string after = printable(change.after);
    if (change.before.empty()) {
      text += fmt::format("  + {}  {}\n", what, after);
    } else if (change.after.empty()) {
      text += fmt::format("  - {}  {}\n", what, before);
    } else {
      text += fmt::format("  ~ {}  {} => {}\n", what, before, after);
    }
  }
  return text;
}

bool is_empty(const Difference& found) {
  return found.config.empty() && found.layers.empty() && found.files.empty();
}

Json changes_json(const std::vector<Change>& changes) {
  Json json = Json::array();
  for (const Change& change : changes) {
    Json shown{{"what", change.what}, {"before", nullptr}, {"after", nullptr}};
    if (!change.before.empty()) shown["before"] = change.before;
    if (!change.after.empty()) shown["after"] = change.after;
    json.push_back(std::move(shown));
  }
  return json;
}

void diff(const std::string& before, const std::string& after, World& world) {
  Session session(world, Store::Access::read);
  const NamedImage one = find_image(before, session);
  const NamedImage two = find_image(after, session);
  const bool same = one.set.root().digest == two.set.root().digest;
  const Difference found = same ? Difference{} : difference(one, two, session);
  if (world.json()) {
    return world.terminal.result(json_line({{"schema", 1},
                                            {"same", same},
                                            {"config", changes_json(found.config)},
                                            {"layers", changes_json(found.layers)},
                                            {"files", changes_json(found.files)},
                                            {"sharedBytes", found.shared_bytes}}));
  }
  if (same) return world.terminal.result("the same image\n");
  if (is_empty(found)) return world.terminal.result("the same content in another form\n");
  world.terminal.result(lines("config", found.config) + lines("layers", found.layers) +
                        lines("files", found.files) +
                        fmt::format("{} of layers are shared\n", human_size(found.shared_bytes)));
}

}  // namespace

Command diff_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto before = std::make_shared<std::vector<std::string>>();
    const auto after = std::make_shared<std::vector<std::string>>();
    list.positional({"IMAGE", "", "the one image", {}, Count::required}, *before);
    list.positional({"OTHER", "", "the other image", {}, Count::required}, *after);
    return [before, after](World& world) { diff(before->front(), after->front(), world); };
  };
  return {"diff",
          "say what differs between two images",
          "Configuration, layers, and the files of the layers that only one of them has. Of images "
          "for several platforms this machine's is compared.",
          declare,
          {}};
}

}  // namespace mlpack
