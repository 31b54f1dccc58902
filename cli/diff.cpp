#include "cli/commands.h"
#include "cli/diff_packages.h"
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

struct DiffOptions {
  std::vector<std::string> before;
  std::vector<std::string> after;
  bool packages = false;
};

// What is looked at: of packages alone, no more of a layer is read than they take.
enum class Look { at_all, at_packages };

struct Difference {
  std::vector<Change> config;
  std::vector<Change> layers;
  std::vector<PackageChange> packages;
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

std::string file_fact(const LayerFile& file) {
  const TarEntry& entry = file.entry;
  std::string fact =
      fmt::format("{} {}:{} {} B", mode_text(entry), entry.uid, entry.gid, entry.size);
  if (file.content) fact += " " + file.content->short_hex();
  if (!entry.link.empty()) fact += " -> " + entry.link;
  return fact;
}

// What layers bring, the highest layer's word being the last.
struct Brought {
  Facts files;
  PackageList packages;
};

Brought brought_by(const std::vector<Layer>& layers,
                   const NamedImage& image,
                   Session& session,
                   Look look) {
  const Contents contents = look == Look::at_all ? Contents::hash : Contents::records;
  Brought brought;
  for (const Layer& layer : layers) {
    if (look == Look::at_packages && layer.role == Role::weights) continue;
    const auto files = files_of_layer(layer.descriptor, image, session, contents);
    brought.packages.add_layer(files);
    if (look == Look::at_packages) continue;
    for (const LayerFile& file : files)
      brought.files["/" + file.entry.path] = file_fact(file);
  }
  return brought;
}

const Image& only_image(const NamedImage& named, const Platform& platform) {
  const auto images = named.set.runnable();
  if (images.empty()) fail(Fault::input, "`{}` holds nothing that runs", named.name);
  const auto found = std::find_if(images.begin(), images.end(), [&](const Image* image) {
    return image->platform() == platform;
  });
  return found == images.end() ? *images.front() : **found;
}

Difference difference(const NamedImage& before,
                      const NamedImage& after,
                      Session& session,
                      Look look) {
  const Platform host = Platform::host();
  const Image& old_image = only_image(before, host);
  const Platform platform = old_image.platform();
  const Image& new_image = only_image(after, platform);
  const auto removed = own_layers(old_image, new_image);
  const auto added = own_layers(new_image, old_image);
  Difference result;
  result.config = compare(config_facts(old_image), config_facts(new_image));
  result.layers = compare(layer_facts(removed), layer_facts(added));
  const Brought old_content = brought_by(removed, before, session, look);
  const Brought new_content = brought_by(added, after, session, look);
  result.packages = PackageList::compare(old_content.packages, new_content.packages);
  result.files = compare(old_content.files, new_content.files);
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
  return found.config.empty() && found.layers.empty() && found.packages.empty() &&
         found.files.empty();
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

Json state_json(const PackageState& state) {
  return state.version.empty() ? Json(nullptr) : Json(state.version);
}

Json packages_json(const std::vector<PackageChange>& changes) {
  const auto bytes = [](const PackageState& state) {
    return state.bytes ? Json(*state.bytes) : Json(nullptr);
  };
  Json json = Json::array();
  for (const PackageChange& change : changes) {
    json.push_back({{"name", change.name},
                    {"before", state_json(change.before)},
                    {"after", state_json(change.after)},
                    {"bytesBefore", bytes(change.before)},
                    {"bytesAfter", bytes(change.after)}});
  }
  return json;
}

enum class Sameness { same, other };

std::string document(const Difference& found, Sameness sameness, Look look) {
  Json json{{"schema", 1}, {"same", sameness == Sameness::same}};
  if (look == Look::at_all) {
    json["config"] = changes_json(found.config);
    json["layers"] = changes_json(found.layers);
  }
  json["packages"] = packages_json(found.packages);
  if (look == Look::at_all) json["files"] = changes_json(found.files);
  json["sharedBytes"] = found.shared_bytes;
  return json_line(json);
}

std::string text(const Difference& found, Sameness sameness, Look look) {
  if (sameness == Sameness::same) return "the same image\n";
  if (look == Look::at_packages) {
    return found.packages.empty() ? "no package differs\n" : package_table(found.packages);
  }
  if (is_empty(found)) return "the same content in another form\n";
  return lines("config", found.config) + lines("layers", found.layers) +
         package_table(found.packages) + lines("files", found.files) +
         fmt::format("{} of layers are shared\n", human_size(found.shared_bytes));
}

void diff(const DiffOptions& options, World& world) {
  Session session(world, Store::Access::read);
  const NamedImage before = find_image(options.before.front(), session);
  const NamedImage after = find_image(options.after.front(), session);
  const Look look = options.packages ? Look::at_packages : Look::at_all;
  const bool is_same = before.set.root().digest == after.set.root().digest;
  const Sameness sameness = is_same ? Sameness::same : Sameness::other;
  const Difference found = is_same ? Difference{} : difference(before, after, session, look);
  world.terminal.result(world.json() ? document(found, sameness, look)
                                     : text(found, sameness, look));
}

}  // namespace

Command diff_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<DiffOptions>();
    list.positional({"IMAGE", "", "the one image", {}, Count::required}, options->before);
    list.positional({"OTHER", "", "the other image", {}, Count::required}, options->after);
    list.flag({"--packages", "", "list the Python packages that differ, and nothing else"},
              options->packages);
    return [options](World& world) { diff(*options, world); };
  };
  return {"diff",
          "say what differs between two images",
          "Configuration, layers, Python packages, and the files of the layers that only one of "
          "them has. Of images for several platforms this machine's is compared.",
          declare,
          {}};
}

}  // namespace mlpack
