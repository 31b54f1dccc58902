#include "lib/error.h"
#include "lib/lock/lock.h"
#include "lib/oci/json_node.h"
#include "lib/python/tags.h"
#include "lib/remote.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <set>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_size = std::uint64_t{1} << 62;
constexpr unsigned most_rules = 1'000'000;

// A key that nobody reads would be a pin that does not hold.
void check_keys(const JsonNode& node, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : node.members()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      value.refuse("is a key that this version of mlpack does not know");
    }
  }
}

std::string full_text(const JsonNode& node) {
  std::string text = node.text();
  const bool has_controls =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (text.empty() || has_controls) node.refuse("is empty or holds control characters");
  return text;
}

Digest hex_digest(const JsonNode& node) {
  if (const auto digest = Digest::from_hex(node.text())) return *digest;
  node.refuse("is no sha256 of 64 lower-case hexadecimal digits");
}

std::vector<std::string> words(const JsonNode& node, const char* key) {
  const auto found = node.find(key);
  return found ? found->text_list() : std::vector<std::string>();
}

std::vector<JsonNode> list(const JsonNode& node, const char* key) {
  const auto found = node.find(key);
  return found ? found->items(max_remote_files) : std::vector<JsonNode>();
}

// Relative, and nowhere but below.
void require_path(const JsonNode& node, const std::string& path) {
  const auto parts = split(path, '/');
  const bool is_bad = std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
  if (is_bad) node.refuse("is no path below a folder");
}

std::string relative_path(const JsonNode& node) {
  std::string path = full_text(node);
  require_path(node, path);
  return path;
}

std::string mirror_url(const JsonNode& node) {
  std::string url = full_text(node);
  const std::size_t begin = url.find("://");
  const std::string scheme = url.substr(0, begin);
  const bool known = scheme == "http" || scheme == "https" || scheme == "file";
  if (begin == std::string::npos || !known) node.refuse("is no http, https or file URL");
  const std::string host = url.substr(begin + 3, url.find('/', begin + 3) - begin - 3);
  if (host.find('@') != std::string::npos) node.refuse("holds a user name or password");
  return url;
}

LockedPackage package_of(const JsonNode& node) {
  check_keys(node, {"name", "version", "architecture", "size", "sha256", "path", "archive"});
  LockedPackage package{full_text(node.at("name")),
                        full_text(node.at("version")),
                        full_text(node.at("architecture")),
                        node.at("size").number(largest_size),
                        hex_digest(node.at("sha256")),
                        LockedPackage::Archive::main,
                        relative_path(node.at("path"))};
  if (package.path.find_first_of(" ?#") != std::string::npos) {
    node.at("path").refuse("is no path of a package");
  }
  const auto archive = node.find("archive");
  if (!archive) return package;
  if (archive->text() != "security") archive->refuse("is not `security`");
  package.archive = LockedPackage::Archive::security;
  return package;
}

LockedRoot root_of(const JsonNode& node) {
  check_keys(node, {"covers", "folders", "links"});
  LockedRoot root;
  for (const JsonNode& path : list(node, "covers"))
    root.covers.push_back(relative_path(path));
  for (const JsonNode& path : list(node, "folders"))
    root.folders.push_back(relative_path(path));
  const auto links = node.find("links");
  if (!links) return root;
  for (const auto& [path, target] : links->members()) {
    require_path(target, path);
    root.links.emplace(path, full_text(target));
  }
  return root;
}

LockedSystem system_of(const JsonNode& node) {
  check_keys(
      node,
      {"suite", "snapshot", "asked", "mirror", "security_mirror", "packages", "layers", "root"});
  LockedSystem system;
  system.suite = full_text(node.at("suite"));
  system.snapshot = node.text_or_empty("snapshot");
  system.asked = words(node, "asked");
  if (const auto mirror = node.find("mirror")) system.mirror = mirror_url(*mirror);
  if (const auto mirror = node.find("security_mirror")) {
    system.security_mirror = mirror_url(*mirror);
  }
  std::set<std::string> names;
  for (const JsonNode& package : list(node, "packages")) {
    system.packages.push_back(package_of(package));
    if (!names.insert(system.packages.back().name).second) package.refuse("is there twice");
  }
  for (const JsonNode& key : list(node, "layers"))
    system.layers.push_back(key.digest());
  if (const auto root = node.find("root")) system.root = root_of(*root);
  return system;
}

// Of a server, without what may be a secret.
std::string wheel_url(const JsonNode& node) {
  std::string url = full_text(node);
  const bool has_query = url.find_first_of("?#") != std::string::npos;
  if (has_query || url.starts_with("file:")) node.refuse("is no http or https URL of a file");
  return mirror_url(node);
}

LockedWheel wheel_of(const JsonNode& node) {
  check_keys(
      node,
      {"name", "version", "file", "size", "sha256", "index", "url", "path", "reference", "layer"});
  LockedWheel wheel{full_text(node.at("name")),
                    full_text(node.at("version")),
                    full_text(node.at("file")),
                    node.at("size").number(largest_size),
                    hex_digest(node.at("sha256")),
                    {},
                    {},
                    {},
                    full_text(node.at("layer"))};
  if (const auto index = node.find("index")) wheel.index = wheel_url(*index);
  if (const auto url = node.find("url")) wheel.url = wheel_url(*url);
  if (const auto path = node.find("path")) wheel.path = full_text(*path);
  if (const auto reference = node.find("reference")) {
    if (reference->text() != "direct") reference->refuse("is not `direct`");
    wheel.reference = LockedWheel::Reference::direct;
  }
  const auto name = parse_wheel_name(wheel.file);
  if (!name) node.at("file").refuse("is no name of a wheel");
  if (name->name != wheel.name) node.at("file").refuse("is a wheel of another package");
  if (!PythonVersion::parse(wheel.version)) node.at("version").refuse("is no version");
  return wheel;
}

LockedPython python_of(const JsonNode& node) {
  check_keys(node, {"version", "libc", "torch", "asked", "files", "wheels", "layers", "root"});
  LockedPython python;
  python.version = full_text(node.at("version"));
  python.libc = full_text(node.at("libc"));
  python.torch = node.text_or_empty("torch");
  python.asked = words(node, "asked");
  if (const auto files = node.find("files")) {
    for (const auto& [path, sha256] : files->members())
      python.files.emplace(path, hex_digest(sha256));
  }
  for (const JsonNode& wheel : list(node, "wheels")) {
    LockedWheel read = wheel_of(wheel);
    const bool is_next = python.wheels.empty() || python.wheels.back().name < read.name;
    if (!is_next) wheel.refuse("is there twice, or not sorted by name");
    python.wheels.push_back(std::move(read));
  }
  for (const JsonNode& key : list(node, "layers"))
    python.layers.push_back(key.digest());
  if (const auto root = node.find("root")) python.root = root_of(*root);
  return python;
}

Role role_of(const JsonNode& node) {
  const std::string name = node.text();
  for (const Role role : {Role::system, Role::python, Role::weights}) {
    if (name == role_name(role)) return role;
  }
  node.refuse("is not `system`, `python` or `weights`");
}

LockedLayer layer_of(const JsonNode& node) {
  check_keys(node, {"role", "name", "codec", "key", "digest", "diff_id", "size"});
  return {node.at("key").digest(),
          role_of(node.at("role")),
          full_text(node.at("name")),
          full_text(node.at("codec")),
          node.at("digest").digest(),
          node.at("diff_id").digest(),
          node.at("size").number(largest_size)};
}

Decision decision_of(const JsonNode& node) {
  check_keys(node, {"what", "chosen", "because"});
  return {full_text(node.at("what")), node.at("chosen").text(), words(node, "because")};
}

LockedPlatform platform_of(const JsonNode& node) {
  check_keys(node, {"base", "decisions", "system", "python", "layers"});
  LockedPlatform platform;
  if (const auto base = node.find("base")) {
    check_keys(*base, {"reference", "digest"});
    platform.base = {full_text(base->at("reference")), base->at("digest").digest()};
  }
  for (const JsonNode& decision : list(node, "decisions"))
    platform.decisions.push_back(decision_of(decision));
  if (const auto system = node.find("system")) platform.system = system_of(*system);
  if (const auto python = node.find("python")) platform.python = python_of(*python);
  for (const JsonNode& layer : list(node, "layers"))
    platform.layers.push_back(layer_of(layer));
  return platform;
}

LockedFile file_of(const JsonNode& node) {
  check_keys(node, {"path", "size", "sha256", "version"});
  LockedFile file{relative_path(node.at("path")),
                  node.at("size").number(largest_size),
                  std::nullopt,
                  node.text_or_empty("version")};
  if (const auto sha256 = node.find("sha256")) file.sha256 = hex_digest(*sha256);
  return file;
}

LockedWeights::Kind kind_of(const JsonNode& node) {
  const std::string name = node.text();
  if (name == "folder") return LockedWeights::Kind::folder;
  if (name == "file") return LockedWeights::Kind::file;
  if (name == "image") return LockedWeights::Kind::image;
  node.refuse("is not `folder`, `file` or `image`");
}

LockedWeights weights_of(const JsonNode& node) {
  check_keys(node, {"name", "source", "kind", "revision", "include", "exclude", "files"});
  LockedWeights weights;
  weights.name = full_text(node.at("name"));
  weights.source = full_text(node.at("source"));
  weights.kind = kind_of(node.at("kind"));
  weights.include = words(node, "include");
  weights.exclude = words(node, "exclude");
  weights.revision = node.at("revision").text();
  for (const JsonNode& file : list(node, "files"))
    weights.files.push_back(file_of(file));
  const bool is_image = weights.kind == LockedWeights::Kind::image;
  if (is_image && !Digest::parse(weights.revision)) node.at("revision").refuse("is no digest");
  const std::size_t count = weights.files.size();
  const bool has_its_files = is_image                                    ? count == 0
                             : weights.kind == LockedWeights::Kind::file ? count == 1
                                                                         : count > 0;
  if (!has_its_files) node.refuse("has not the files of its kind");
  const auto is_behind = [](const LockedFile& a, const LockedFile& b) { return a.path >= b.path; };
  const auto begin = weights.files.begin();
  if (std::adjacent_find(begin, weights.files.end(), is_behind) != weights.files.end()) {
    node.at("files").refuse("is not sorted by path");
  }
  return weights;
}

Platform platform_named(const JsonNode& node, const std::string& text) {
  const auto platform = Platform::parse(text);
  if (platform && platform->text() == text) return *platform;
  node.refuse("is no platform such as `linux/amd64`");
}

Lock lock_of(const JsonNode& node) {
  check_keys(node, {"schema", "rules", "platform", "weights", "platforms"});
  Lock lock;
  const JsonNode rules = node.at("rules");
  check_keys(rules, {"layers", "system", "python"});
  lock.layer_rules = static_cast<unsigned>(rules.at("layers").number(most_rules));
  lock.system_rules = static_cast<unsigned>(rules.at("system").number(most_rules));
  if (const auto python = rules.find("python")) {
    lock.python_rules = static_cast<unsigned>(python->number(most_rules));
  }
  if (const auto platform = node.find("platform")) {
    lock.platform = platform_named(*platform, platform->text());
  }
  std::set<std::string> names;
  for (const JsonNode& weights : list(node, "weights")) {
    lock.weights.push_back(weights_of(weights));
    if (!names.insert(lock.weights.back().name).second) weights.refuse("is there twice");
  }
  const auto platforms = node.find("platforms");
  if (!platforms) return lock;
  for (const auto& [name, platform] : platforms->members())
    lock.platforms.emplace(platform_named(platform, name), platform_of(platform));
  return lock;
}

void check_schema(const JsonNode& node, const std::string& file) {
  const std::uint64_t schema = node.at("schema").number(largest_size);
  if (schema == lock_schema) return;
  throw Error(Fault::input,
              fmt::format("`{}` is a lock of schema {}, and this version of mlpack knows {}",
                          file,
                          schema,
                          lock_schema),
              "use the mlpack that wrote it, or remove the file and run `mlpack lock`");
}

}  // namespace

Lock parse_lock(std::string_view text, const std::string& file) {
  const std::string what = fmt::format("the lock `{}`", file);
  if (text.find("<<<<<<< ") != std::string_view::npos) {
    throw Error(Fault::input,
                what + " has conflicts of a merge in it",
                "take one side, and run `mlpack lock`");
  }
  const Document document{
      what, Fault::input, "restore it from version control, or remove it and run `mlpack lock`"};
  const nlohmann::ordered_json json = parse_document(text, document);
  const JsonNode node(json, document);
  check_schema(node, file);
  return lock_of(node);
}

}  // namespace mlpack
