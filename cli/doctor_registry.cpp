#include "cli/doctor.h"
#include "registry/login.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

using Level = Finding::Level;

std::string hint_or(const Error& error, const std::string& other) {
  return error.hint().empty() ? other : error.hint();
}

void add_failure(const std::string& host,
                 bool has_login,
                 const Error& error,
                 HostFindings& findings) {
  const std::string login = fmt::format("mlpack login {} -u USER --password-stdin", host);
  if (error.fault() == Fault::network) {
    findings.add("registry-unreachable",
                 Level::error,
                 fmt::format("registry `{}` cannot be reached", host),
                 error.what(),
                 {hint_or(error, "look at the name, the network and the proxy")});
  } else if (error.fault() == Fault::auth) {
    findings.add("registry-login",
                 Level::error,
                 has_login ? fmt::format("registry `{}` does not take our login", host)
                           : fmt::format("registry `{}` wants a login, and there is none", host),
                 error.what(),
                 {fmt::format("log in: `{}`", login), {login}});
  } else {
    findings.add("registry-refuses",
                 Level::error,
                 fmt::format("`{}` does not speak as a registry does", host),
                 error.what(),
                 {hint_or(error, "look at its name and port")});
  }
}

bool is_about_registry(const Error& error) {
  return error.fault() == Fault::network || error.fault() == Fault::auth ||
         error.fault() == Fault::refused;
}

}  // namespace

Findings check_registry(const std::string& registry, World& world) {
  const std::string host = parse_registry(registry);
  HostFindings findings;
  CredentialFiles files = open_credentials(world);
  ClientOptions options = client_options(world);
  options.retry.attempts = 2;
  options.retry.first_attempts = 2;
  bool has_login = false;
  try {
    has_login = files.find(host, "").has_value();
    Client client(world.transport, files, options, world.terminal, world.stop);
    client.check(host);
  } catch (const Error& error) {
    if (!is_about_registry(error)) throw;
    add_failure(host, has_login, error, findings);
    return findings.take();
  }
  if (!has_login) {
    findings.add("registry-anonymous",
                 Level::info,
                 fmt::format("nobody is logged in to registry `{}`", host),
                 "it answers, and what is not public cannot be pulled",
                 {fmt::format("log in: `mlpack login {} -u USER --password-stdin`", host)});
  }
  return findings.take();
}

}  // namespace mlpack
