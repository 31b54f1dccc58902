#include "registry/login.h"

#include "lib/error.h"
#include "lib/text.h"
#include "registry/url.h"

namespace mlpack {

std::string parse_registry(const std::string& text) {
  if (text.empty()) {
    return "docker.io";
  }
  const bool has_scheme = text.find("://") != std::string::npos;
  const std::optional<Url> url = Url::parse(has_scheme ? text : "https://" + text);
  if (!url && text.find('@') != std::string::npos) {
    throw Error(Fault::usage,  // not shown: it may hold a password
                "a registry's name has no user in it",
                "give the user with `-u USER` and the password with `--password-stdin`");
  }
  if (!url) {
    throw Error(Fault::usage,
                fmt::format("`{}` is not a registry", printable(text)),
                "give its host, with a port where it has one: `registry.example.com:5000`");
  }
  const std::string host = url->authority();
  return host == "index.docker.io" || host == "registry-1.docker.io" ? "docker.io" : host;
}

std::string login(Client& client,
                  CredentialFiles& files,
                  const std::string& host,
                  const Credentials& credentials) {
  if (!is_utf8(credentials.username) || !is_utf8(credentials.password) ||
      credentials.username.find(':') != std::string::npos) {
    fail(Fault::usage, "a user name has no colon, and it and the password are UTF-8");
  }
  client.check_login(host, credentials);
  return files.store(host, credentials);
}

std::vector<std::string> logout(CredentialFiles& files, const std::string& host) {
  return files.erase(host);
}

}  // namespace mlpack
