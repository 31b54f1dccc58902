#include "registry/credential_json.h"

#include "lib/error.h"
#include "lib/text.h"
#include "registry/auth.h"
#include "registry/json_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* docker_hub_key = "https://index.docker.io/v1/";

bool is_docker_hub(const std::string& host) {
  return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io";
}

// `https://host/v1/`, as old versions of docker wrote it, is `host`.
std::string normal_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) {
      key.remove_prefix(scheme.size());
      return std::string(key.substr(0, key.find('/')));
    }
  }
  return std::string(key);
}

const OrderedJson* object_member(const OrderedJson& object, const char* name) {
  const auto found = object.find(name);
  return object.is_object() && found != object.end() && found->is_object() ? &*found : nullptr;
}

std::string text_member(const OrderedJson& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const OrderedJson* find_key(const OrderedJson& table, const std::string& key) {
  for (const auto& [name, value] : table.items()) {
    if (name == key || normal_key(name) == key) {
      return &value;
    }
  }
  return nullptr;
}

ObjectText read_document(std::string_view text) {
  return read_object(text, text.find('{'));
}

std::optional<ObjectText> read_auths(std::string_view text) {
  const ObjectText root = read_document(text);
  const ObjectText::Member* auths = root.find("auths");
  if (auths == nullptr || text[auths->value] != '{') {
    return std::nullopt;
  }
  return read_object(text, auths->value);
}

bool is_one_of(const std::string& name, const std::vector<std::string>& keys) {
  const std::string normal = normal_key(name);
  return std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
    return key == name || key == normal;
  });
}

// All of `keys` but the one that is written `kept`.
std::string without_entries(std::string text,
                            const std::vector<std::string>& keys,
                            const std::string& kept) {
  while (const std::optional<ObjectText> auths = read_auths(text)) {
    const auto& members = auths->members;
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& member) {
      return member.name != kept && is_one_of(member.name, keys);
    });
    if (found == members.end()) break;
    text = drop_member(text, *auths, static_cast<std::size_t>(found - members.begin()));
  }
  return text;
}

std::optional<Credentials> read_entry(const OrderedJson& entry,
                                      const std::string& key,
                                      const std::string& source) {
  if (!entry.is_object()) {
    return std::nullopt;
  }
  Credentials found{text_member(entry, "username"),
                    text_member(entry, "password"),
                    text_member(entry, "identitytoken"),
                    source};
  const std::string auth = text_member(entry, "auth");
  if (!auth.empty()) {
    const std::string plain = from_base64(auth).value_or("");
    const std::size_t colon = plain.find(':');
    if (colon == std::string::npos) {
      throw Error(Fault::auth,
                  fmt::format("`auth` of `{}` in {} is not a user and a password", key, source),
                  fmt::format("log in again with `mlpack login {}`", key));
    }
    found.username = plain.substr(0, colon);
    // docker pads what it writes with NUL bytes.
    found.password = plain.substr(colon + 1, plain.find('\0', colon) - colon - 1);
  }
  const bool empty = found.password.empty() && found.identity_token.empty();
  return empty ? std::nullopt : std::optional(found);
}

}  // namespace

std::string server_name(const std::string& host) {
  return is_docker_hub(host) ? docker_hub_key : host;
}

std::vector<std::string> credential_keys(const std::string& host, const std::string& repository) {
  std::vector<std::string> keys;
  std::string path = repository.empty() ? "" : host + "/" + repository;
  while (path.size() > host.size()) {
    keys.push_back(path);
    path = path.substr(0, path.rfind('/'));
  }
  keys.push_back(host);
  if (is_docker_hub(host)) {
    keys.insert(keys.end(), {docker_hub_key, "index.docker.io", "docker.io"});
  }
  return keys;
}

std::optional<Credentials> find_auth(const OrderedJson& config,
                                     const std::vector<std::string>& keys,
                                     const std::string& source) {
  const OrderedJson* auths = object_member(config, "auths");
  for (const std::string& key : keys) {
    const OrderedJson* entry = auths != nullptr ? find_key(*auths, key) : nullptr;
    if (entry != nullptr) {
      if (auto found = read_entry(*entry, key, source)) {
        return found;
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> helper_for(const OrderedJson& config,
                                      const std::vector<std::string>& keys) {
  std::string name;
  if (const OrderedJson* helpers = object_member(config, "credHelpers")) {
    for (auto key = keys.begin(); name.empty() && key != keys.end(); ++key) {
      const OrderedJson* helper = find_key(*helpers, *key);
      if (helper != nullptr && helper->is_string()) name = helper->get<std::string>();
    }
  }
  if (name.empty() && config.is_object()) name = text_member(config, "credsStore");
  return name.empty() ? std::nullopt : std::optional(name);
}

std::string without_auth(std::string text, const std::vector<std::string>& keys) {
  return without_entries(std::move(text), keys, "");
}

std::string with_auth(std::string text,
                      const std::vector<std::string>& keys,
                      const std::string& name,
                      const std::string& auth) {
  text = without_entries(std::move(text), keys, name);
  const OrderedJson entry = {{"auth", auth}};
  const ObjectText root = read_document(text);
  const JsonLayout layout = layout_of(text, root);
  if (const auto auths = read_auths(text)) {
    return put_member(text, *auths, name, entry, layout_of(text, *auths, layout));
  }
  return put_member(text, root, "auths", {{name, entry}}, layout);
}

}  // namespace mlpack
