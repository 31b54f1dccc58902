#include "lib/spec/decode.h"

#include "lib/oci/platform.h"
#include "lib/spec/decode_parts.h"
#include "lib/text.h"

#include <algorithm>

namespace mlpack {

using namespace decoding;

namespace {

FleetRow fleet_row(const YamlNode& node) {
  FleetRow row;
  if (node.kind == YamlNode::Kind::map) {
    row.gpu = text(node, "gpu");
    row.driver = text(node, "driver");
    row.count = static_cast<unsigned>(number(node.find("count"), 1));
    return row;
  }
  const std::size_t colon = node.text.rfind(':');
  const std::string gpu = node.text.substr(0, colon);
  if (gpu != "cpu") row.gpu = gpu;
  if (colon != std::string::npos) {
    row.count = static_cast<unsigned>(*parse_number(node.text.substr(colon + 1), 999));
  }
  return row;
}

void decode_machines(const YamlNode& root, Spec& spec) {
  if (const YamlNode* const fleet = root.find("fleet")) {
    spec.fleet_place = fleet->place;
    for (const YamlNode& row : fleet->items)
      spec.fleet.push_back({fleet_row(row), row.place});
  }
  if (const YamlNode* const cuda = root.find("cuda")) {
    spec.cuda = Located<std::string>{cuda->text, cuda->place};
  }
  if (const YamlNode* const node = root.find("platform")) {
    const auto add = [&](const YamlNode& item) {
      spec.platforms.push_back({*Platform::parse(item.text), item.place});
    };
    if (node->kind == YamlNode::Kind::scalar) add(*node);
    for (const YamlNode& item : node->items)
      add(item);
  }
}

FileEntry file_entry(const YamlNode& node, const fs::path& folder) {
  FileEntry entry;
  const YamlNode& source = *node.find("source");
  entry.source = resolved(folder, source.text);
  entry.source_place = source.place;
  entry.target = text(node, "target");
  entry.exclude = texts(node.find("exclude"));
  if (const YamlNode* const mode = node.find("mode")) {
    entry.mode = static_cast<unsigned>(std::stoul(mode->text, nullptr, 8));
  }
  if (const YamlNode* const owner = node.find("owner")) {
    const std::size_t colon = owner->text.find(':');
    entry.owner = {static_cast<unsigned>(std::stoul(owner->text.substr(0, colon))),
                   static_cast<unsigned>(std::stoul(owner->text.substr(colon + 1)))};
  }
  if (const YamlNode* const platform = node.find("platform")) {
    entry.platform = Platform::parse(platform->text);
  }
  return entry;
}

void decode_content(const YamlNode& root, Spec& spec) {
  for (const YamlNode& node : list(root.find("weights"))) {
    spec.weights.push_back({weights(node, spec.folder), node.place});
  }
  for (const YamlNode& node : list(root.find("files"))) {
    spec.files.push_back({file_entry(node, spec.folder), node.place});
  }
  for (const YamlNode& node : list(root.find("system_packages"))) {
    spec.system_packages.push_back({node.text, node.place});
  }
  const YamlNode* const writable = root.find("writable");
  if (writable != nullptr) spec.writable_place = writable->place;
  for (const YamlNode& node : list(writable)) {
    spec.writable.push_back(without_slash(node.text));
  }
}

void decode_process(const YamlNode& root, Spec& spec) {
  if (const YamlNode* const entrypoint = root.find("entrypoint")) {
    spec.entrypoint = texts(entrypoint);
  }
  if (const YamlNode* const run = root.find("run")) {
    const bool is_line = run->kind == YamlNode::Kind::scalar;
    spec.run = is_line ? std::vector<std::string>{"/bin/sh", "-c", run->text} : texts(run);
  }
  spec.workdir = without_slash(text(root, "workdir"));
  spec.user = text(root, "user");
  if (const YamlNode* const user = root.find("user")) spec.user_place = user->place;
  spec.secrets = texts(root.find("secrets"));
  for (const YamlEntry& entry : entries(root.find("env"))) {
    EnvVariable variable{entry.key, {}};
    for (const std::string_view piece : split(entry.value.text, base_path_mark)) {
      variable.pieces.emplace_back(piece);
    }
    spec.env.push_back(std::move(variable));
  }
  for (const YamlEntry& entry : entries(root.find("labels"))) {
    spec.labels.emplace_back(entry.key, entry.value.text);
  }
}

void decode_network(const YamlNode& root, Spec& spec) {
  if (const YamlNode* const port = root.find("port")) {
    if (port->kind == YamlNode::Kind::scalar) {
      spec.ports.push_back({"", static_cast<unsigned>(number(port, 0))});
    }
    for (const YamlNode& item : port->items) {
      spec.ports.push_back({"", static_cast<unsigned>(number(&item, 0))});
    }
    for (const YamlEntry& entry : port->entries) {
      spec.ports.push_back({entry.key, static_cast<unsigned>(number(&entry.value, 0))});
    }
  }
  if (const YamlNode* const health = root.find("health")) {
    Health paths;
    if (health->kind == YamlNode::Kind::scalar) {
      paths.readiness = health->text;
    } else {
      paths.readiness = text(*health, "readiness");
      paths.liveness = text(*health, "liveness");
      paths.startup_seconds = seconds(text(*health, "startup"));
    }
    spec.health = paths;
    spec.health_place = health->place;
  }
}

void decode_sizes(const YamlNode& root, Spec& spec) {
  if (const YamlNode* const node = root.find("resources")) {
    spec.resources.cpu = text(*node, "cpu");
    spec.resources.memory = text(*node, "memory");
    spec.resources.shm = text(*node, "shm");
    spec.resources.memory_bytes = parse_size(spec.resources.memory).value_or(0);
    spec.resources.shm_bytes = parse_size(spec.resources.shm).value_or(0);
  }
  if (const YamlNode* const node = root.find("layers")) {
    spec.layers.compression = compression(node->find("compression"), Compression::zstd);
    spec.layers.max_size = parse_size(text(*node, "max_size")).value_or(spec.layers.max_size);
  }
}

}  // namespace

Spec decode(const YamlNode& root, const fs::path& file) {
  Spec spec;
  spec.file = file;
  spec.folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  spec.name = text(root, "name");
  if (const YamlNode* const image = root.find("image")) {
    spec.image = Located<std::string>{image->text, image->place};
  }
  decode_machines(root, spec);
  if (const YamlNode* const node = root.find("runtime")) {
    spec.runtime = Located<Runtime>{runtime(*node, spec.folder), node->place};
  }
  if (const YamlNode* const node = root.find("base")) {
    spec.base = {base(*node, spec.folder), node->place};
  }
  if (const YamlNode* const node = root.find("python")) {
    spec.python = Located<Python>{python(*node, spec.folder), node->place};
  }
  decode_content(root, spec);
  decode_process(root, spec);
  decode_network(root, spec);
  decode_sizes(root, spec);
  return spec;
}

}  // namespace mlpack
