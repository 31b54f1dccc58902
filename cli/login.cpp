#include "registry/login.h"

#include "cli/commands.h"
#include "cli/result.h"
#include "cli/secret_input.h"
#include "cli/session.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;

struct LoginOptions {
  std::vector<std::string> registry;
  std::string user;
  bool password_stdin = false;
};

Credentials ask(const LoginOptions& options, const std::string& host, World& world) {
  Credentials credentials;
  credentials.username = options.user;
  credentials.source = "the command line";
  if (options.password_stdin) {
    credentials.password = read_secret_from_stdin(world.stop);
  } else {
    credentials.password =
        ask_for_secret(fmt::format("password of {} at {}: ", options.user, host), world.stop);
  }
  if (credentials.password.empty()) fail(Fault::usage, "the password is empty");
  return credentials;
}

void login_to(const LoginOptions& options, World& world) {
  const std::string host = parse_registry(options.registry.front());
  if (options.user.empty()) {
    throw Error(Fault::usage,
                "`login` needs a user",
                fmt::format("run `mlpack login {} -u USER --password-stdin`", host));
  }
  const Credentials credentials = ask(options, host, world);
  CredentialFiles files = open_credentials(world);
  Client client(world.transport, files, client_options(world), world.terminal, world.stop);
  const std::string place = login(client, files, host, credentials);
  world.terminal.note(fmt::format("logged in to {}; the credentials are in {}", host, place));
  if (world.json()) {
    world.terminal.result(json_line({{"schema", 1}, {"registry", host}, {"storedIn", place}}));
  }
}

void logout_from(const std::string& registry, World& world) {
  const std::string host = parse_registry(registry);
  CredentialFiles files = open_credentials(world);
  const auto places = logout(files, host);
  if (places.empty()) world.terminal.note(fmt::format("there were no credentials for {}", host));
  for (const std::string& place : places) {
    world.terminal.note(fmt::format("removed the credentials for {} from {}", host, place));
  }
  if (world.json()) {
    world.terminal.result(json_line({{"schema", 1}, {"registry", host}, {"removedFrom", places}}));
  }
}

}  // namespace

Command login_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<LoginOptions>();
    list.positional({"REGISTRY", "", "host[:port]", {}, Count::required}, options->registry);
    list.option({"-u, --username", "USER", "who to log in as"}, options->user);
    list.flag({"--password-stdin", "", "read the password from stdin instead of asking for it"},
              options->password_stdin);
    return [options](World& world) { login_to(*options, world); };
  };
  return {"login",
          "log in to a registry",
          "The credentials are tried, then kept where docker keeps them.",
          declare,
          {}};
}

Command logout_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto registry = std::make_shared<std::vector<std::string>>();
    list.positional({"REGISTRY", "", "host[:port]", {}, Count::required}, *registry);
    return [registry](World& world) { logout_from(registry->front(), world); };
  };
  return {"logout", "forget the credentials for a registry", "", declare, {}};
}

}  // namespace mlpack
