#include "lib/oci/config.h"

#include "lib/error.h"
#include "lib/oci/json_node.h"
#include "lib/oci/manifest.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <unordered_map>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;
using Env = std::vector<std::pair<std::string, std::string>>;

// The keys of the `config` object that ImageConfig has members for.
constexpr std::array<std::string_view, 9> config_keys{"User",
                                                      "ExposedPorts",
                                                      "Env",
                                                      "Entrypoint",
                                                      "Cmd",
                                                      "Volumes",
                                                      "WorkingDir",
                                                      "Labels",
                                                      "StopSignal"};

bool matches(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == '0' ? !digit : text[i] != pattern[i]) return false;
  }
  return true;
}

// RFC 3339 as far as Go's decoder insists: `2026-01-31T12:00:00[.fraction](Z|±hh:mm)`.
bool is_rfc3339(std::string_view text) {
  constexpr std::string_view start = "0000-00-00T00:00:00";
  if (!matches(text.substr(0, start.size()), start)) return false;
  text.remove_prefix(start.size());
  if (!text.empty() && text[0] == '.') {
    const std::size_t end = text.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) return false;
    text.remove_prefix(end);
  }
  return text == "Z" || matches(text, "+00:00") || matches(text, "-00:00");
}

std::string read_time(const JsonNode& node, std::string_view key) {
  const auto time = node.find(key);
  if (!time) return {};
  if (!is_rfc3339(time->text())) {
    time->refuse("is not a time such as `2026-01-31T12:00:00Z`: " + in_backticks(time->text()));
  }
  return time->text();
}

// One value for each name, the last one, as container runtimes do.
Env read_env(const JsonNode& list) {
  Env env;
  std::unordered_map<std::string, std::size_t> places;
  for (const JsonNode& item : list.items()) {
    const std::string text = item.text();
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string name = text.substr(0, equals);
    if (name.empty()) item.refuse("has no name before its `=`");
    std::string value = equals == text.size() ? "" : text.substr(equals + 1);
    const auto [place, is_new] = places.emplace(name, env.size());
    if (is_new) env.emplace_back(name, std::string());
    env[place->second].second = std::move(value);
  }
  return env;
}

// The keys of an object whose values say nothing (Go's set of strings), sorted.
std::vector<std::string> read_set(const JsonNode& node) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : node.members())
    keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<std::string> read_ports(const JsonNode& node) {
  std::vector<std::string> ports = read_set(node);
  for (std::string& port : ports) {
    if (port.find('/') == std::string::npos) port += "/tcp";
  }
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

std::string read_other(const JsonNode& node) {
  Json other = node.value();
  for (const std::string_view key : config_keys)
    other.erase(std::string(key));
  return other.dump();
}

void read_runtime(const JsonNode& node, ImageConfig& config) {
  node.check_spelling(config_keys);
  config.user = node.text_or_empty("User");
  config.working_dir = node.text_or_empty("WorkingDir");
  config.stop_signal = node.text_or_empty("StopSignal");
  if (const auto ports = node.find("ExposedPorts")) config.exposed_ports = read_ports(*ports);
  if (const auto env = node.find("Env")) config.env = read_env(*env);
  if (const auto list = node.find("Entrypoint")) config.entrypoint = list->text_list();
  if (const auto list = node.find("Cmd")) config.cmd = list->text_list();
  if (const auto volumes = node.find("Volumes")) config.volumes = read_set(*volumes);
  if (const auto labels = node.find("Labels")) config.labels = labels->text_map();
  config.other = read_other(node);
}

std::vector<Digest> read_diff_ids(const JsonNode& root) {
  const JsonNode rootfs = root.at("rootfs");
  const JsonNode type = rootfs.at("type");
  if (type.text() != "layers") type.refuse("is not `layers`");
  std::vector<Digest> diff_ids;
  // Go writes null for an image without layers.
  if (const auto list = rootfs.find("diff_ids")) {
    for (const JsonNode& item : list->items())
      diff_ids.push_back(item.digest());
  }
  return diff_ids;
}

History read_step(const JsonNode& node) {
  const auto empty_layer = node.find("empty_layer");
  return {read_time(node, "created"),
          node.text_or_empty("created_by"),
          node.text_or_empty("comment"),
          empty_layer && empty_layer->boolean()};
}

Platform read_platform(const JsonNode& root, const Document& document) {
  const std::string os = root.at("os").text();
  const std::string architecture = root.at("architecture").text();
  const std::string variant = root.text_or_empty("variant");
  const std::string text = os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
  const std::optional<Platform> platform = Platform::parse(text);
  if (os != "linux" || !platform) {
    fail(Fault::incompatible,
         "{} is for {}; only linux images can be used",
         document.what,
         in_backticks(text));
  }
  return *platform;
}

// Adds a key that is known to be new, without looking through the others.
void append(Json& object, const std::string& key, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(key, std::move(value));
}

Json set_json(const std::vector<std::string>& keys) {
  Json set = Json::object();
  for (const std::string& key : keys)
    append(set, key, Json::object());
  return set;
}

template <class Value>
void put_unless_empty(Json& json, const char* key, const Value& value) {
  if (!value.empty()) json[key] = value;
}

Json runtime_json(const ImageConfig& config) {
  Json json = Json::object();
  put_unless_empty(json, "User", config.user);
  if (!config.exposed_ports.empty()) json["ExposedPorts"] = set_json(config.exposed_ports);
  std::vector<std::string> env;
  env.reserve(config.env.size());
  for (const auto& [name, value] : config.env)
    env.push_back(fmt::format("{}={}", name, value));
  put_unless_empty(json, "Env", env);
  put_unless_empty(json, "Entrypoint", config.entrypoint);
  put_unless_empty(json, "Cmd", config.cmd);
  if (!config.volumes.empty()) json["Volumes"] = set_json(config.volumes);
  put_unless_empty(json, "WorkingDir", config.working_dir);
  put_unless_empty(json, "Labels", config.labels);
  put_unless_empty(json, "StopSignal", config.stop_signal);
  const Json other = Json::parse(config.other);
  for (const auto& item : other.items())
    append(json, item.key(), item.value());
  return json;
}

Json rootfs_json(const ImageConfig& config) {
  Json diff_ids = Json::array();
  for (const Digest& diff_id : config.diff_ids)
    diff_ids.push_back(diff_id.text());
  return {{"type", "layers"}, {"diff_ids", std::move(diff_ids)}};
}

Json history_json(const std::vector<History>& history) {
  Json list = Json::array();
  for (const History& step : history) {
    Json json = Json::object();
    put_unless_empty(json, "created", step.created);
    put_unless_empty(json, "created_by", step.created_by);
    put_unless_empty(json, "comment", step.comment);
    if (step.empty_layer) json["empty_layer"] = true;
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

void ImageConfig::set_env(const std::string& name, const std::string& value) {
  for (auto& [known, old] : env) {
    if (known == name) {
      old = value;
      return;
    }
  }
  env.emplace_back(name, value);
}

std::optional<std::string> ImageConfig::env_value(std::string_view name) const {
  for (const auto& [known, value] : env) {
    if (known == name) return value;
  }
  return std::nullopt;
}

ImageConfig parse_config(std::string_view text, const std::string& what) {
  const Document document{"config of `" + what + "`", Fault::integrity, {}};
  if (text.size() > max_config_bytes) {
    fail(document.fault, "{} is larger than {}", document.what, human_size(max_config_bytes));
  }
  const Json json = parse_document(text, document);
  const JsonNode root(json, document);
  ImageConfig config;
  config.platform = read_platform(root, document);
  config.created = read_time(root, "created");
  config.author = root.text_or_empty("author");
  if (const auto runtime = root.find("config")) read_runtime(*runtime, config);
  config.diff_ids = read_diff_ids(root);
  if (const auto history = root.find("history")) {
    for (const JsonNode& step : history->items())
      config.history.push_back(read_step(step));
  }
  return config;
}

std::string write_config(const ImageConfig& config) {
  Json json = Json::object();
  put_unless_empty(json, "created", config.created);
  put_unless_empty(json, "author", config.author);
  json["architecture"] = config.platform.architecture;
  put_unless_empty(json, "variant", config.platform.variant);
  json["os"] = config.platform.os;
  json["config"] = runtime_json(config);
  json["rootfs"] = rootfs_json(config);
  if (!config.history.empty()) json["history"] = history_json(config.history);
  return dump_json(json, "an image config");
}

std::string rfc3339(std::int64_t seconds) {
  // 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z, all that the format can say.
  if (seconds < -62'167'219'200 || seconds > 253'402'300'799) {
    fail(Fault::usage, "{} seconds since 1970 are not within the years 0 to 9999", seconds);
  }
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                     static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()),
                     clock.hours().count(),
                     clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace mlpack
