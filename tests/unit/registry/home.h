#pragma once

#include "registry/credentials.h"
#include "tests/support/temp_dir.h"

#include <sys/stat.h>

#include <optional>
#include <string>

namespace mlpack::test {

inline constexpr const char* bob_in_base64 = "Ym9iOnNlY3JldA==";

/// A home with docker's and podman's files, and a folder for helpers.
struct Home {
  TempDir folder;
  CredentialPlaces places;

  Home() {
    places.docker_config = folder / "docker/config.json";
    places.podman_files = {folder / "run/auth.json", folder / "containers/auth.json"};
    places.helper_path = (folder / "bin").string();
    fs::create_directories(folder / "bin");
  }
  void docker(const std::string& text) const { folder.write("docker/config.json", text); }
  void podman(const std::string& text) const { folder.write("containers/auth.json", text); }
  void helper(const std::string& name, const std::string& script) const {
    const fs::path path = folder.write("bin/docker-credential-" + name, "#!/bin/sh\n" + script);
    ::chmod(path.c_str(), 0755);
  }
  std::optional<Credentials> find(const std::string& registry, const std::string& path = "") const {
    return CredentialFiles(places).find(registry, path);
  }
};

/// A config with the credentials of bob() for `key`.
inline std::string auth(const std::string& key) {
  return R"({"auths":{")" + key + R"(":{"auth":")" + bob_in_base64 + R"("}}})";
}

inline bool is_bob(const std::optional<Credentials>& found) {
  return found && found->username == "bob" && found->password == "secret";
}

}  // namespace mlpack::test
