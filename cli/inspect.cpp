#include "cli/artifact.h"
#include "cli/commands.h"
#include "cli/images.h"
#include "cli/inspect_model.h"
#include "cli/layer_files.h"
#include "cli/result.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;
using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

struct InspectOptions {
  std::vector<std::string> image;
  bool layers = false;
  bool files = false;
  bool size = false;
  bool model = false;
};

// The entries of one layer after the other.
using FilesOf = std::function<std::vector<LayerFile>(const Descriptor&)>;

std::string words(const std::vector<std::string>& words) {
  return Json(words).dump();
}

// One row for each value, the title before the first.
void add_rows(Rows& rows, const std::string& title, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    rows.push_back({i == 0 ? title : "", printable(values[i])});
  }
}

std::vector<std::string> assignments(const ImageConfig& config) {
  std::vector<std::string> texts;
  texts.reserve(config.env.size());
  for (const auto& [name, value] : config.env)
    texts.push_back(fmt::format("{}={}", name, value));
  return texts;
}

std::vector<std::string> label_texts(const ImageConfig& config) {
  std::vector<std::string> texts;
  texts.reserve(config.labels.size());
  for (const auto& [key, value] : config.labels)
    texts.push_back(fmt::format("{}={}", key, value));
  return texts;
}

std::string summary(const Image& image) {
  const ImageConfig& config = image.config;
  Rows rows{{"digest", image.digest().text()},
            {"platform", image.platform().text()},
            {"size",
             fmt::format(
                 "{} in {} layers", human_size(image.total_size()), image.manifest.layers.size())}};
  const auto add = [&](const std::string& title, const std::string& value) {
    if (!value.empty()) rows.push_back({title, printable(value)});
  };
  add("created", config.created);
  add("user", config.user);
  if (!config.entrypoint.empty()) add("entrypoint", words(config.entrypoint));
  if (!config.cmd.empty()) add("command", words(config.cmd));
  add("workdir", config.working_dir);
  add_rows(rows, "ports", config.exposed_ports);
  add_rows(rows, "env", assignments(config));
  add_rows(rows, "labels", label_texts(config));
  return columns(rows);
}

std::string layer_table(const Image& image) {
  Rows rows{{"KIND", "SIZE", "DIGEST", "NAME"}};
  for (const Layer& layer : layers_of(image)) {
    rows.push_back({std::string(role_name(layer.role)),
                    human_size(layer.descriptor.size),
                    layer.descriptor.digest.short_hex(),
                    printable(layer.name)});
  }
  return columns(rows);
}

std::string size_table(const Image& image) {
  std::map<Role, std::pair<std::size_t, std::uint64_t>> sums;
  std::uint64_t total = 0;
  for (const Layer& layer : layers_of(image)) {
    sums[layer.role].first += 1;
    sums[layer.role].second += layer.descriptor.size;
    total += layer.descriptor.size;
  }
  Rows rows{{"KIND", "LAYERS", "SIZE", "SHARE"}};
  for (const auto& [role, sum] : sums) {
    const double share =
        total == 0 ? 0 : static_cast<double>(sum.second) / static_cast<double>(total);
    rows.push_back({std::string(role_name(role)),
                    std::to_string(sum.first),
                    human_size(sum.second),
                    fmt::format("{:.0f} %", share * 100)});
  }
  rows.push_back({"all", std::to_string(image.manifest.layers.size()), human_size(total), ""});
  return columns(rows);
}

std::string file_table(const Image& image, const FilesOf& files_of) {
  Rows rows;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    for (const LayerFile& file : files_of(image.manifest.layers[i])) {
      const TarEntry& entry = file.entry;
      const std::string arrow = entry.kind == TarEntry::Kind::hardlink ? " = " : " -> ";
      rows.push_back(
          {std::to_string(i + 1),
           mode_text(entry),
           fmt::format("{}:{}", entry.uid, entry.gid),
           std::to_string(entry.size),
           printable(entry.path) + (entry.link.empty() ? "" : arrow + printable(entry.link))});
    }
  }
  return columns(rows);
}

Json config_json(const ImageConfig& config) {
  return {{"created", config.created},
          {"user", config.user},
          {"entrypoint", config.entrypoint},
          {"cmd", config.cmd},
          {"workingDir", config.working_dir},
          {"exposedPorts", config.exposed_ports},
          {"env", assignments(config)},
          {"labels", config.labels},
          {"volumes", config.volumes},
          {"stopSignal", config.stop_signal}};
}

Json file_json(const TarEntry& entry) {
  return {{"path", entry.path},
          {"mode", fmt::format("{:04o}", entry.mode)},
          {"kind", mode_text(entry).substr(0, 1)},
          {"owner", fmt::format("{}:{}", entry.uid, entry.gid)},
          {"size", entry.size},
          {"link", entry.link}};
}

Json image_json(const Image& image, const InspectOptions& options, const FilesOf& files_of) {
  Json json{{"digest", image.digest().text()},
            {"mediaType", image.media_type},
            {"platform", image.platform().text()},
            {"size", image.total_size()},
            {"config", config_json(image.config)},
            {"layers", Json::array()}};
  for (const Layer& layer : layers_of(image)) {
    Json shown = layer_json(layer);
    shown.erase("reused");
    if (options.files) {
      shown["files"] = Json::array();
      for (const LayerFile& file : files_of(layer.descriptor)) {
        shown["files"].push_back(file_json(file.entry));
      }
    }
    json["layers"].push_back(std::move(shown));
  }
  return json;
}

bool holds_artifact(const ImageSet& set) {
  return !set.images.empty() && set.runnable().empty();
}

std::string document(const NamedImage& found, const InspectOptions& options, const FilesOf& files) {
  Json json{{"schema", 1}, {"name", found.name}, {"digest", found.set.root().digest.text()}};
  for (const Image* image : found.set.runnable()) {
    const Json shown = image_json(*image, options, files);
    if (found.set.index) {
      json["images"].push_back(shown);
    } else {
      json.update(shown);
    }
  }
  if (holds_artifact(found.set)) json.update(artifact_json(found.set.images.front()));
  return json_line(json);
}

std::string text(const NamedImage& found, const InspectOptions& options, const FilesOf& files) {
  const bool summarised = !options.layers && !options.files && !options.size;
  std::string text;
  if (summarised) {
    text = fmt::format("{}\n", found.name);
    if (found.set.index) text += fmt::format("index     {}\n", found.set.index->digest.text());
  }
  if (holds_artifact(found.set)) return text + artifact_text(found.set.images.front());
  const auto images = found.set.runnable();
  for (const Image* image : images) {
    if (images.size() > 1) text += fmt::format("\n{}\n", image->platform().text());
    if (summarised) text += summary(*image);
    if (options.layers) text += layer_table(*image);
    if (options.size) text += size_table(*image);
    if (options.files) text += file_table(*image, files);
  }
  return text;
}

void check(const InspectOptions& options) {
  if (!options.model) return;
  const std::string other = options.layers ? "--layers" : options.files ? "--files" : "--size";
  if (!options.layers && !options.files && !options.size) return;
  fail(Fault::usage, "`--model` and `{}` exclude each other", other);
}

void inspect(const InspectOptions& options, World& world) {
  check(options);
  Session session(world, Store::Access::read);
  const NamedImage found = find_image(options.image.front(), session);
  if (options.model) return inspect_model(found, session);
  const FilesOf files = [&](const Descriptor& layer) {
    return files_of_layer(layer, found, session);
  };
  world.terminal.result(world.json() ? document(found, options, files)
                                     : text(found, options, files));
}

}  // namespace

Command inspect_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<InspectOptions>();
    list.positional({"IMAGE",
                     "",
                     "an image of the store or of a registry, oci:DIR[:TAG], oci-archive:FILE or "
                     "docker-archive:FILE",
                     {},
                     Count::required},
                    options->image);
    list.flag({"--layers", "", "list the layers"}, options->layers);
    list.flag({"--files", "", "list the files of every layer"}, options->files);
    list.flag({"--size", "", "say how much each kind of layer takes"}, options->size);
    list.flag({"--model", "", "say what model is in it: format, parameters, shape"},
              options->model);
    return [options](World& world) { inspect(*options, world); };
  };
  return {"inspect", "say what is in an image", "", declare, {}};
}

}  // namespace mlpack
