#include "lib/lock/lock.h"
#include "lib/oci/json_node.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_line = 100;

Json json_of(const Digest& digest);
Json json_of(const LockedFile& file);
Json json_of(const LockedWeights& weights);
Json json_of(const Decision& decision);
Json json_of(const LockedPackage& package);
Json json_of(const LockedWheel& wheel);
Json json_of(const LockedLayer& layer);

template <class Items>
Json list_of(const Items& items) {
  Json list = Json::array();
  for (const auto& item : items)
    list.push_back(json_of(item));
  return list;
}

// A key without a value would be noise.
void set(Json& json, const char* key, Json value) {
  if (!value.empty()) json[key] = std::move(value);
}

void set(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

Json json_of(const Digest& digest) {
  return digest.text();
}

Json json_of(const LockedFile& file) {
  Json json{{"path", file.path}, {"size", file.size}};
  if (file.sha256) json["sha256"] = file.sha256->hex();
  if (!file.version.empty()) json["version"] = file.version;
  return json;
}

std::string_view name_of(LockedWeights::Kind kind) {
  switch (kind) {
    case LockedWeights::Kind::folder:
      return "folder";
    case LockedWeights::Kind::file:
      return "file";
    case LockedWeights::Kind::image:
      return "image";
  }
  return {};
}

Json json_of(const LockedWeights& weights) {
  Json json{{"name", weights.name}, {"source", weights.source}, {"kind", name_of(weights.kind)}};
  json["revision"] = weights.revision;
  set(json, "include", weights.include);
  set(json, "exclude", weights.exclude);
  set(json, "files", list_of(weights.files));
  return json;
}

Json json_of(const Decision& decision) {
  return {{"what", decision.what}, {"chosen", decision.chosen}, {"because", decision.because}};
}

Json json_of(const LockedPackage& package) {
  Json json{{"name", package.name},
            {"version", package.version},
            {"architecture", package.architecture},
            {"size", package.size},
            {"sha256", package.sha256.hex()},
            {"path", package.path}};
  if (package.archive == LockedPackage::Archive::security) json["archive"] = "security";
  return json;
}

Json json_of(const LockedRoot& root) {
  Json json{{"covers", root.covers}, {"folders", root.folders}};
  set(json, "links", root.links);
  return json;
}

Json json_of(const LockedSystem& system) {
  Json json{{"suite", system.suite}};
  if (!system.snapshot.empty()) json["snapshot"] = system.snapshot;
  json["asked"] = system.asked;
  if (!system.mirror.empty()) json["mirror"] = system.mirror;
  if (!system.security_mirror.empty()) json["security_mirror"] = system.security_mirror;
  json["packages"] = list_of(system.packages);
  set(json, "layers", list_of(system.layers));
  if (system.root) json["root"] = json_of(*system.root);
  return json;
}

Json json_of(const LockedWheel& wheel) {
  Json json{{"name", wheel.name},
            {"version", wheel.version},
            {"file", wheel.file},
            {"size", wheel.size},
            {"sha256", wheel.sha256.hex()}};
  set(json, "index", wheel.index);
  set(json, "url", wheel.url);
  set(json, "path", wheel.path);
  if (wheel.reference == LockedWheel::Reference::direct) json["reference"] = "direct";
  json["layer"] = wheel.layer;
  return json;
}

Json json_of(const LockedPython& python) {
  Json json{{"version", python.version}, {"libc", python.libc}};
  set(json, "torch", python.torch);
  json["asked"] = python.asked;
  Json files = Json::object();
  for (const auto& [path, digest] : python.files)
    files[path] = digest.hex();
  set(json, "files", std::move(files));
  set(json, "wheels", list_of(python.wheels));
  set(json, "layers", list_of(python.layers));
  if (python.root) json["root"] = json_of(*python.root);
  return json;
}

Json json_of(const LockedLayer& layer) {
  return {{"role", role_name(layer.role)},
          {"name", layer.name},
          {"codec", layer.codec},
          {"key", layer.key.text()},
          {"digest", layer.digest.text()},
          {"diff_id", layer.diff_id.text()},
          {"size", layer.size}};
}

Json json_of(const LockedPlatform& platform) {
  Json json = Json::object();
  if (platform.base) {
    json["base"] = {{"reference", platform.base->reference},
                    {"digest", platform.base->digest.text()}};
  }
  set(json, "decisions", list_of(platform.decisions));
  if (platform.system) json["system"] = json_of(*platform.system);
  if (platform.python) json["python"] = json_of(*platform.python);
  set(json, "layers", list_of(platform.layers));
  return json;
}

Json json_of(const Lock& lock) {
  Json json{{"schema", lock_schema},
            {"rules",
             {{"layers", lock.layer_rules},
              {"system", lock.system_rules},
              {"python", lock.python_rules}}}};
  if (lock.platform) json["platform"] = lock.platform->text();
  set(json, "weights", list_of(lock.weights));
  Json platforms = Json::object();
  for (const auto& [platform, locked] : lock.platforms)
    platforms[platform.text()] = json_of(locked);
  set(json, "platforms", std::move(platforms));
  return json;
}

bool is_record(const Json& json) {
  return json.is_object() && std::none_of(json.begin(), json.end(), [](const Json& value) {
           return value.is_object() ||
                  (value.is_array() && std::any_of(value.begin(), value.end(), [](const Json& v) {
                     return v.is_structured();
                   }));
         });
}

bool is_words(const Json& json) {
  return json.is_array() && std::none_of(json.begin(), json.end(), [](const Json& value) {
           return value.is_structured();
         });
}

std::string flat(const Json& json) {
  if (!json.is_structured()) return json.dump();
  const bool is_list = json.is_array();
  std::string text;
  for (const auto& item : json.items()) {
    if (!text.empty()) text += ", ";
    if (!is_list) text += Json(item.key()).dump() + ": ";
    text += flat(item.value());
  }
  return (is_list ? "[" : "{") + text + (is_list ? "]" : "}");
}

// A record of a list is one line, and so is a short list of words; all else is one value a line.
void print(std::string& out, const Json& json, std::size_t depth, bool in_list) {
  const std::string line = json.is_structured() && !is_words(json) && !(in_list && is_record(json))
                               ? std::string()
                               : flat(json);
  const bool is_short = !is_words(json) || line.size() + 2 * depth <= longest_line;
  if (!line.empty() && is_short) {
    out += line;
    return;
  }
  const bool is_list = json.is_array();
  out += is_list ? "[" : "{";
  bool is_first = true;
  for (const auto& item : json.items()) {
    out += is_first ? "\n" : ",\n";
    is_first = false;
    out.append(2 * depth + 2, ' ');
    if (!is_list) out += Json(item.key()).dump() + ": ";
    print(out, item.value(), depth + 1, is_list);
  }
  if (!is_first) out += "\n" + std::string(2 * depth, ' ');
  out += is_list ? "]" : "}";
}

}  // namespace

std::string write_lock(const Lock& lock) {
  const Json json = json_of(lock);
  dump_json(json, "the lock");  // refuses what is not UTF-8
  std::string text;
  print(text, json, 0, false);
  return text + "\n";
}

}  // namespace mlpack
