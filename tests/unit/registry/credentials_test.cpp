#include "registry/credentials.h"

#include "registry/helper.h"
#include "tests/unit/registry/home.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <map>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("without any file we are nobody") {
  CHECK_FALSE(Home().find(host));
}

TEST_CASE("credentials are found in docker's config.json") {
  const Home home;
  home.docker(auth(host));
  CHECK(is_bob(home.find(host, "acme/x")));
  CHECK(home.find(host)->source == "`" + home.places.docker_config.string() + "`");
  CHECK_FALSE(home.find("other.example.com"));
  CHECK_FALSE(home.find("registry.example.com:5000"));
}

TEST_CASE("keys that docker wrote in the past are understood") {
  const Home home;
  home.docker(auth("https://registry.example.com/v1/"));
  CHECK(is_bob(home.find(host)));
  for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io"}) {
    home.docker(auth(key));
    CAPTURE(key);
    CHECK(is_bob(home.find("docker.io", "library/python")));
  }
}

TEST_CASE("an entry that is empty, because a helper has it, is none") {
  const Home home;
  home.docker(R"({"auths":{"registry.example.com":{}}})");
  home.podman(auth(host));
  CHECK(is_bob(home.find(host)));
}

TEST_CASE("an identity token is found") {
  const Home home;
  home.docker(R"({"auths":{"registry.example.com":{"identitytoken":"refresh-me"}}})");
  CHECK(home.find(host)->identity_token == "refresh-me");
}

TEST_CASE("DOCKER_AUTH_CONFIG comes after config.json") {
  Home home;
  home.places.docker_auth_config = auth(host);
  CHECK(is_bob(home.find(host)));
  CHECK(home.find(host)->source == "`DOCKER_AUTH_CONFIG`");
  home.docker(R"({"auths":{"registry.example.com":{"username":"eve","password":"x"}}})");
  CHECK(home.find(host)->username == "eve");
}

TEST_CASE("podman's auth.json knows repositories, and the longest name wins") {
  const Home home;
  home.podman(R"({"auths":{
    "registry.example.com": {"username":"all","password":"1"},
    "registry.example.com/acme": {"username":"acme","password":"2"},
    "registry.example.com/acme/x": {"username":"x","password":"3"}}})");
  CHECK(home.find(host, "acme/x")->username == "x");
  CHECK(home.find(host, "acme/y")->username == "acme");
  CHECK(home.find(host, "acmeister")->username == "all");
  CHECK(home.find(host)->username == "all");
}

TEST_CASE("a file that cannot be used says why, and shows no secret") {
  const Home home;
  home.docker(R"({"auths":{"registry.example.com":{"auth":"c2VjcmV0"}}})");
  const Error error = error_of([&] { home.find(host); });
  CHECK(error.fault() == Fault::auth);
  CHECK(std::string(error.what()) == "`auth` of `registry.example.com` in `" +
                                         home.places.docker_config.string() +
                                         "` is not a user and a password");
  CHECK(error.hint() == "log in again with `mlpack login registry.example.com`");
  for (const char* text : {"[]", "{", "\"x\"", R"({"auths": {}, "auths": {}})"}) {
    home.docker(text);
    CAPTURE(text);
    CHECK(error_of([&] { home.find(host); }).fault() == Fault::input);
  }
}

TEST_CASE("odd types in a file are passed over") {
  const Home home;
  for (const char* text : {"{}",
                           "",
                           R"({"auths": 5})",
                           R"({"auths": {"registry.example.com": 5}})",
                           R"({"auths": {"registry.example.com": {"auth": 5}}})",
                           R"({"credHelpers": [], "credsStore": 5})"}) {
    home.docker(text);
    CAPTURE(text);
    CHECK_FALSE(home.find(host));
  }
}

TEST_CASE("a helper is asked with the server's name on stdin") {
  const Home home;
  home.docker(R"({"credHelpers":{"registry.example.com":"pass"}})");
  home.helper("pass",
              "test \"$1\" = get && test \"$(cat)\" = registry.example.com &&\n"
              "echo '{\"ServerURL\":\"x\",\"Username\":\"bob\",\"Secret\":\"secret\"}'");
  CHECK(is_bob(home.find(host)));
  CHECK(home.find(host)->source == "`docker-credential-pass`");
  CHECK_FALSE(home.find("other.example.com"));
}

TEST_CASE("a helper that knows a token gives an identity token") {
  const Home home;
  home.docker(R"({"credsStore":"store"})");
  home.helper("store", "echo '{\"Username\":\"<token>\",\"Secret\":\"refresh-me\"}'");
  CHECK(home.find(host)->identity_token == "refresh-me");
  CHECK(home.find(host)->username.empty());
}

TEST_CASE("docker.io has its old name with helpers") {
  const Home home;
  home.docker(R"({"credsStore":"store"})");
  home.helper("store", "echo \"{\\\"Username\\\":\\\"$(cat)\\\",\\\"Secret\\\":\\\"s\\\"}\"");
  CHECK(home.find("docker.io")->username == "https://index.docker.io/v1/");
}

TEST_CASE("a helper without credentials leads on to the files") {
  const Home home;
  home.docker(
      R"({"credsStore":"store","auths":{"registry.example.com":{"auth":"Ym9iOnNlY3JldA=="}}})");
  home.helper("store", "echo 'credentials not found in native keychain'; exit 1");
  CHECK(is_bob(home.find(host)));
}

TEST_CASE("a helper that fails is an error that shows nothing of what it said") {
  const Home home;
  home.docker(R"({"credsStore":"store"})");
  for (const char* script : {"echo secret-in-output; exit 1",
                             "echo garbage",
                             "echo '{}'",
                             "echo '[]'",
                             "exit 0",
                             "echo '{\"Username\":5,\"Secret\":[]}'",
                             "kill -9 $$"}) {
    home.helper("store", script);
    CAPTURE(script);
    const Error error = error_of([&] { home.find(host); });
    CHECK(error.fault() == Fault::auth);
    CHECK(std::string(error.what()) ==
          "credential helper `docker-credential-store` cannot get the credentials of "
          "`registry.example.com`");
    CHECK(error.hint() ==
          "run `echo registry.example.com | docker-credential-store get` to see what is wrong");
  }
}

TEST_CASE("a helper that hangs is killed, with what it started") {
  Home home;
  home.places.helper_limit = 0.2;
  home.docker(R"({"credsStore":"store"})");
  for (const char* script : {"sleep 600 & sleep 600", "exec >&-; sleep 600"}) {
    home.helper("store", script);
    const Error error = error_of([&] { home.find(host); });
    CHECK(error.fault() == Fault::auth);
    CHECK(
        std::string(error.what()).starts_with("credential helper `docker-credential-store` has "));
    CHECK(error.hint() ==
          "it may wait for somebody to unlock it; run `docker-credential-store list` to see");
  }
}

TEST_CASE("a helper that was killed is waited for, too") {
  Home home;
  home.places.helper_limit = 0.2;
  home.docker(R"({"credsStore":"store"})");
  home.helper("store", "exec sleep 600");
  error_of([&] { home.find(host); });
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("a helper that leaves a child with its output behind is done when it ends") {
  Home home;
  home.docker(R"({"credsStore":"store"})");
  home.helper("store",
              "sleep 5 & echo '{\"ServerURL\":\"x\",\"Username\":\"bob\",\"Secret\":\"secret\"}'");
  const auto begun = std::chrono::steady_clock::now();
  CHECK(is_bob(home.find(host)));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(4));
}

TEST_CASE("a stop ends a helper that hangs") {
  Home home;
  Stop stop;
  stop.request(Fault::interrupted);
  home.places.stop = &stop;
  home.docker(R"({"credsStore":"store"})");
  home.helper("store", "sleep 600 & sleep 600");
  CHECK(error_of([&] { home.find(host); }).fault() == Fault::interrupted);
}

TEST_CASE("a helper that never stops talking is killed") {
  const Home home;
  home.docker(R"({"credsStore":"store"})");
  home.helper("store", "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done");
  CHECK(std::string(error_of([&] { home.find(host); }).what()) ==
        "credential helper `docker-credential-store` printed more than 256 KiB");
}

TEST_CASE("a helper's name is a name and no path") {
  const Home home;
  home.helper("evil", "echo '{\"Username\":\"a\",\"Secret\":\"b\"}'");
  for (const char* helper : {"../bin/docker-credential-evil", "evil; true", "$(evil)", "missing"}) {
    home.docker(std::string(R"({"credsStore":")") + helper + "\"}");
    CAPTURE(helper);
    const Error error = error_of([&] { home.find(host); });
    CHECK(std::string(error.what()) ==
          "credential helper `docker-credential-" + std::string(helper) + "` of `" +
              home.places.docker_config.string() + "` is not installed");
  }
}

TEST_CASE("a file that others can change is warned about") {
  const Home home;
  home.docker("{}");
  ::chmod(home.places.docker_config.c_str(), 0666);
  std::vector<std::string> warnings;
  const CredentialFiles files(home.places,
                              [&](const std::string& text) { warnings.push_back(text); });
  CHECK(warnings == std::vector<std::string>{
                        "`" + home.places.docker_config.string() +
                        "` holds credentials and can be changed by others; run `chmod 600` on it"});
}

TEST_CASE("the places come from the environment") {
  std::map<std::string, std::string> variables = {{"HOME", "/home/bob"}, {"PATH", "/bin"}};
  const Environment environment = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  CredentialPlaces places = credential_places(environment);
  CHECK(places.docker_config == "/home/bob/.docker/config.json");
  CHECK(places.podman_files == std::vector<fs::path>{"/home/bob/.config/containers/auth.json"});
  variables["DOCKER_CONFIG"] = "/etc/docker";
  variables["XDG_RUNTIME_DIR"] = "/run/user/1";
  places = credential_places(environment);
  CHECK(places.docker_config == "/etc/docker/config.json");
  CHECK(places.podman_files.front() == "/run/user/1/containers/auth.json");
  variables["REGISTRY_AUTH_FILE"] = "/tmp/auth.json";
  CHECK(credential_places(environment).podman_files == std::vector<fs::path>{"/tmp/auth.json"});
}
