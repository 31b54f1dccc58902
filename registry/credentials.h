#pragma once

#include "lib/file.h"
#include "lib/oci/reference.h"
#include "lib/parallel.h"
#include "registry/environment.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// Who we are to a registry: a user with a password, or an identity token (OAuth2 refresh token).
struct Credentials {
  std::string username;
  std::string password;
  std::string identity_token;
  std::string source;  // where they came from, for messages
};

/// Finds credentials. An interface so that tests need no files. Callable from any thread.
class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  /// For `repository` of `host` (`docker.io`, `registry.example.com:5000`; the repository may be
  /// empty); nullopt: anonymous. A helper that cannot be used is Fault::auth, a file Fault::input.
  virtual std::optional<Credentials> find(const std::string& host,
                                          const std::string& repository) = 0;
};

/// The same credentials for every host, none by default.
class FixedCredentials : public CredentialsSource {
 public:
  FixedCredentials() = default;
  explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  std::optional<Credentials> find(const std::string&, const std::string&) override {
    return credentials_;
  }

 private:
  std::optional<Credentials> credentials_;
};

/// Where docker and podman keep credentials.
struct CredentialPlaces {
  fs::path docker_config;              // …/config.json
  std::string docker_auth_config;      // its text, from the environment; empty: not set
  std::vector<fs::path> podman_files;  // …/auth.json, the first that exists counts
  std::string helper_path;             // folders to look for docker-credential-* in, by `:`
  double helper_limit = 30;            // seconds
  const Stop* stop = nullptr;          // ends a helper early; may be absent
};

/// From DOCKER_CONFIG, HOME, DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR,
/// XDG_CONFIG_HOME and PATH.
CredentialPlaces credential_places(const Environment& environment);

/// Credentials of docker's config.json (credHelpers, credsStore, auths), then DOCKER_AUTH_CONFIG,
/// then podman's auth.json.
class CredentialFiles : public CredentialsSource {
 public:
  /// `warn` gets a line for each file that others may write to.
  explicit CredentialFiles(CredentialPlaces places,
                           const std::function<void(const std::string&)>& warn = {});

  std::optional<Credentials> find(const std::string& host, const std::string& repository) override;

  /// Keeps `credentials` for `host`: with the helper that config.json names for it, else in
  /// config.json itself, replaced atomically with mode 0600. Returns where, for a message.
  std::string store(const std::string& host, const Credentials& credentials);
  /// Forgets them in every place that has them; returns those places.
  std::vector<std::string> erase(const std::string& host);

 private:
  CredentialPlaces places_;
};

}  // namespace mlpack
