#include "registry/credentials.h"

#include "lib/error.h"
#include "lib/oci/json.h"
#include "lib/text.h"
#include "registry/auth.h"
#include "registry/credential_json.h"
#include "registry/helper.h"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <algorithm>

namespace mlpack {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::uint64_t longest_file = std::uint64_t{1} << 20;

std::string shown(const fs::path& path) {
  return "`" + path.string() + "`";
}

struct ConfigFile {
  std::string text;
  OrderedJson json;
};

std::optional<ConfigFile> load(const fs::path& path) {
  std::optional<std::string> text = read_file_if_exists(path, longest_file);
  if (!text || trim(*text).empty()) {
    return std::nullopt;
  }
  OrderedJson config = parse_json(*text, shown(path));
  if (!config.is_object()) {
    fail(Fault::input, "{} is not a JSON object", shown(path));
  }
  return ConfigFile{std::move(*text), std::move(config)};
}

// What a link leads to is replaced, not the link; it may lead to what is not there yet.
fs::path behind_links(fs::path path) {
  constexpr int most_links = 40;
  std::error_code failed;
  for (int i = 0; i < most_links && fs::is_symlink(path, failed); ++i) {
    path = path.parent_path() / fs::read_symlink(path, failed);
  }
  return path;
}

void save(const fs::path& path, const std::string& text) {
  write_file(behind_links(path), text, 0600);
}

bool is_helper_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

HelperResult run(const CredentialPlaces& places,
                 const std::string& helper,
                 const std::string& verb,
                 const std::string& input) {
  const std::string name = "docker-credential-" + helper;
  const std::optional<std::string> program =
      is_helper_name(helper) ? find_program(name, places.helper_path) : std::nullopt;
  if (!program) {
    throw Error(Fault::auth,
                fmt::format("credential helper `{}` of {} is not installed",
                            printable(name),
                            shown(places.docker_config)),
                "install it, or remove it from `credHelpers` and `credsStore` in that file");
  }
  return run_helper(
      {*program, verb}, input, {places.helper_limit, std::size_t{256} << 10, places.stop});
}

[[noreturn]] void fail_helper(const std::string& helper,
                              const std::string& verb,
                              const std::string& host) {
  throw Error(Fault::auth,
              fmt::format("credential helper `docker-credential-{}` cannot {} the credentials of "
                          "`{}`",
                          helper,
                          verb,
                          host),
              fmt::format("run `echo {} | docker-credential-{} {}` to see what is wrong",
                          server_name(host),
                          helper,
                          verb));
}

std::optional<Credentials> ask_helper(const CredentialPlaces& places,
                                      const std::string& helper,
                                      const std::string& host) {
  const HelperResult result = run(places, helper, "get", server_name(host));
  // The protocol has no code for this: docker itself compares the text.
  const bool missing = result.output.find("credentials not found") != std::string::npos ||
                       result.output.find("no credentials server URL") != std::string::npos;
  if (result.status != 0 && missing) {
    return std::nullopt;
  }
  const OrderedJson answer = OrderedJson::parse(result.output, nullptr, false);
  const auto text = [&](const char* name) {
    const bool given = answer.is_object() && answer.contains(name) && answer[name].is_string();
    return given ? answer[name].get<std::string>() : "";
  };
  const std::string secret = text("Secret");
  if (result.status != 0 || !answer.is_object() || secret.empty()) {
    fail_helper(helper, "get", host);
  }
  const std::string source = "`docker-credential-" + helper + "`";
  if (text("Username") == "<token>") {
    return Credentials{"", "", secret, source};
  }
  return Credentials{text("Username"), secret, "", source};
}

fs::path home_of(const Environment& environment) {
  return environment("HOME").value_or("/nonexistent");
}

fs::path folder_or(const Environment& environment, const char* name, const fs::path& other) {
  const std::string value = environment(name).value_or("");
  return value.empty() ? other : fs::path(value);
}

}  // namespace

CredentialPlaces credential_places(const Environment& environment) {
  CredentialPlaces places;
  const fs::path home = home_of(environment);
  places.docker_config = folder_or(environment, "DOCKER_CONFIG", home / ".docker") / "config.json";
  places.docker_auth_config = environment("DOCKER_AUTH_CONFIG").value_or("");
  const std::string file = environment("REGISTRY_AUTH_FILE").value_or("");
  if (!file.empty()) {
    places.podman_files = {file};
  } else {
    const std::string runtime = environment("XDG_RUNTIME_DIR").value_or("");
    if (!runtime.empty()) places.podman_files.push_back(fs::path(runtime) / "containers/auth.json");
    places.podman_files.push_back(folder_or(environment, "XDG_CONFIG_HOME", home / ".config") /
                                  "containers/auth.json");
  }
  places.helper_path = environment("PATH").value_or("");
  return places;
}

CredentialFiles::CredentialFiles(CredentialPlaces places,
                                 const std::function<void(const std::string&)>& warn)
    : places_(std::move(places)) {
  std::vector<fs::path> files = places_.podman_files;
  files.push_back(places_.docker_config);
  for (const fs::path& file : files) {
    struct stat status = {};
    if (warn && ::stat(file.c_str(), &status) == 0 && (status.st_mode & 022U) != 0) {
      warn(fmt::format("{} holds credentials and can be changed by others; run `chmod 600` on it",
                       shown(file)));
    }
  }
}

std::optional<Credentials> CredentialFiles::find(const std::string& host,
                                                 const std::string& repository) {
  const std::vector<std::string> keys = credential_keys(host, repository);
  if (const auto config = load(places_.docker_config)) {
    if (const auto helper = helper_for(config->json, keys)) {
      if (auto found = ask_helper(places_, *helper, host)) {
        return found;
      }
    }
    if (auto found = find_auth(config->json, keys, shown(places_.docker_config))) {
      return found;
    }
  }
  if (!places_.docker_auth_config.empty()) {
    const OrderedJson config = parse_json(places_.docker_auth_config, "`DOCKER_AUTH_CONFIG`");
    if (auto found = find_auth(config, keys, "`DOCKER_AUTH_CONFIG`")) {
      return found;
    }
  }
  for (const fs::path& file : places_.podman_files) {
    if (const auto config = load(file)) {
      return find_auth(config->json, keys, shown(file));
    }
  }
  return std::nullopt;
}

std::string CredentialFiles::store(const std::string& host, const Credentials& credentials) {
  const std::vector<std::string> keys = credential_keys(host, "");
  const ConfigFile config =
      load(places_.docker_config).value_or(ConfigFile{"{}\n", OrderedJson::object()});
  if (const auto helper = helper_for(config.json, keys)) {
    const OrderedJson message = {{"ServerURL", server_name(host)},
                                 {"Username", credentials.username},
                                 {"Secret", credentials.password}};
    if (run(places_, *helper, "store", message.dump()).status != 0) {
      fail_helper(*helper, "store", host);
    }
    return "`docker-credential-" + *helper + "`";
  }
  const std::string auth = base64(credentials.username + ":" + credentials.password);
  save(places_.docker_config, with_auth(config.text, keys, server_name(host), auth));
  return shown(places_.docker_config);
}

std::vector<std::string> CredentialFiles::erase(const std::string& host) {
  const std::vector<std::string> keys = credential_keys(host, "");
  std::vector<std::string> erased;
  if (const auto config = load(places_.docker_config)) {
    const auto helper = helper_for(config->json, keys);
    if (helper && ask_helper(places_, *helper, host)) {
      if (run(places_, *helper, "erase", server_name(host)).status != 0) {
        fail_helper(*helper, "erase", host);
      }
      erased.push_back("`docker-credential-" + *helper + "`");
    }
  }
  std::vector<fs::path> files = {places_.docker_config};
  files.insert(files.end(), places_.podman_files.begin(), places_.podman_files.end());
  for (const fs::path& file : files) {
    const std::optional<ConfigFile> config = load(file);
    const std::string text = config ? without_auth(config->text, keys) : "";
    if (config && text != config->text) {
      save(file, text);
      erased.push_back(shown(file));
    }
  }
  return erased;
}

}  // namespace mlpack
