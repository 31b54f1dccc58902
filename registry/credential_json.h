#pragma once

#include "registry/credentials.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The names under which docker and podman may keep the credentials of a repository, most specific
/// first: `host/a/b`, `host/a`, `host`, and docker's old name for docker.io.
std::vector<std::string> credential_keys(const std::string& host, const std::string& repository);
/// The name under which docker keeps the credentials of `host`.
std::string server_name(const std::string& host);

/// The credentials in `auths` of a config.json or auth.json; nullopt where there are none for any
/// of `keys`. Fault::auth, without the value, where they cannot be read.
std::optional<Credentials> find_auth(const nlohmann::ordered_json& config,
                                     const std::vector<std::string>& keys,
                                     const std::string& source);
/// The suffix of the helper that has the credentials of one of `keys` (credHelpers, else
/// credsStore).
std::optional<std::string> helper_for(const nlohmann::ordered_json& config,
                                      const std::vector<std::string>& keys);
/// The text of a config without any of `keys` in its `auths`. All else stays byte for byte. `text`
/// must have been parsed, and be an object.
std::string without_auth(std::string text, const std::vector<std::string>& keys);
/// The same with `auth` under `name` in their place.
std::string with_auth(std::string text,
                      const std::vector<std::string>& keys,
                      const std::string& name,
                      const std::string& auth);

}  // namespace mlpack
