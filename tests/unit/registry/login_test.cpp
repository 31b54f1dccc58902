#include "registry/login.h"

#include "tests/unit/registry/home.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a login is tried, and kept where only its owner reads it") {
  Rig rig;
  rig.registry.require_token("bob:secret");
  const Home home;
  home.docker(R"({"experimental":"enabled","auths":{"other.example.com":{"auth":"eDp5"}}})");
  CredentialFiles files(home.places);
  CHECK(login(rig.client, files, host, bob()) == "`" + home.places.docker_config.string() + "`");
  CHECK(is_bob(home.find(host)));
  CHECK(home.find("other.example.com")->username == "x");
  const std::string text = home.folder.read("docker/config.json");
  CHECK(text.find("experimental") != std::string::npos);
  struct stat status = {};
  ::stat(home.places.docker_config.c_str(), &status);
  CHECK((status.st_mode & 0777U) == 0600);
}

TEST_CASE("a login that the registry refuses is not kept") {
  Rig rig;
  rig.registry.require_token("bob:secret");
  const Home home;
  CredentialFiles files(home.places);
  const Error error = error_of([&] {
    login(rig.client, files, host, {"bob", "wrong", "", "the command line"});
  });
  CHECK(error.fault() == Fault::auth);
  CHECK(std::string(error.what()) ==
        "cannot log in to `registry.example.com` as `bob`: token service `auth.example.com` "
        "replied 401 (UNAUTHORIZED: wrong user name or password)");
  CHECK(error.hint() ==
        "check the user and the password; many registries want an access token in place of the "
        "password");
  CHECK_FALSE(fs::exists(home.places.docker_config));
}

TEST_CASE("a login that the registry itself refuses says so") {
  Rig rig;
  rig.registry.require_basic("bob:secret");
  CredentialFiles files(Home().places);
  const Error error = error_of([&] {
    login(rig.client, files, host, {"bob", "wrong", "", "the command line"});
  });
  CHECK(error.fault() == Fault::auth);
  CHECK(std::string(error.what()) ==
        "cannot log in to `registry.example.com` as `bob`: `registry.example.com` replied 401 "
        "(UNAUTHORIZED: authentication required)");
}

TEST_CASE("a login where no known way is offered says that the password stayed here") {
  Rig rig;
  CredentialFiles files(Home().places);
  for (const char* challenge : {"", "Negotiate"}) {
    rig.net.fault({.match = "/v2/", .instead = [&](const Seen&) {
                     return reply(401, {{"WWW-Authenticate", challenge}});
                   }});
    const Error error = error_of([&] { login(rig.client, files, host, bob()); });
    CHECK(std::string(error.what()) ==
          "cannot log in to `registry.example.com` as `bob`: "
          "`registry.example.com` replied 401");
    CHECK(error.hint() ==
          "it asks for neither basic nor bearer authentication, the two that mlpack knows; the "
          "password was not sent");
  }
}

TEST_CASE("a login and a logout leave the rest of config.json byte for byte") {
  const Home home;
  const std::string head =
      "{\n\t\"n\": [1e3, 12345678901234567890123, 1.10, -0.0, \"\\u00e9\\/\"],\n"
      "\t\"auths\": {\n\t\t\"other.example.com\": {\"auth\" : \"eDp5\"}";
  const std::string tail = "\n\t},  \"z\":{ }\n}";
  home.docker(head + tail);
  CredentialFiles files(home.places);
  files.store(host, bob());
  CHECK(home.folder.read("docker/config.json") ==
        head + ",\n\t\t\"registry.example.com\": {\n\t\t\t\"auth\": \"" + bob_in_base64 +
            "\"\n\t\t}" + tail);
  CHECK(is_bob(home.find(host)));
  CHECK(logout(files, host).size() == 1);
  CHECK(home.folder.read("docker/config.json") == head + tail);
}

TEST_CASE("a login replaces what an older docker wrote, wherever it stands") {
  const Home home;
  home.docker(R"({"auths":{"https://registry.example.com/v1/":{"auth":"eDp5"},"a.b":{},)"
              R"("registry.example.com":{"identitytoken":"t"}},"k":1.0})");
  CredentialFiles(home.places).store(host, bob());
  CHECK(home.folder.read("docker/config.json") ==
        std::string(R"({"auths":{"a.b":{},"registry.example.com":{"auth":")") + bob_in_base64 +
            R"("}},"k":1.0})");
  home.docker(R"({"auths":null,"k":1.0})");
  CredentialFiles(home.places).store(host, bob());
  CHECK(is_bob(home.find(host)));
}

TEST_CASE("a first login makes a file that a person can read") {
  const Home home;
  CredentialFiles(home.places).store(host, bob());
  CHECK(home.folder.read("docker/config.json") ==
        std::string("{\n  \"auths\": {\n    \"registry.example.com\": {\n      \"auth\": \"") +
            bob_in_base64 + "\"\n    }\n  }\n}\n");
}

TEST_CASE("a config.json that is a link to nothing yet stays a link") {
  const Home home;
  fs::create_directories(home.folder / "docker");
  fs::create_symlink("../dots/config.json", home.places.docker_config);
  CredentialFiles(home.places).store(host, bob());
  CHECK(fs::is_symlink(home.places.docker_config));
  CHECK(is_bob(home.find(host)));
  struct stat status = {};
  ::stat((home.folder / "dots/config.json").c_str(), &status);
  CHECK((status.st_mode & 0777U) == 0600);
}

TEST_CASE("a login goes to the helper where there is one") {
  Rig rig;
  rig.registry.require_basic("bob:secret");
  const Home home;
  home.docker(R"({"credHelpers":{"registry.example.com":"pass"}})");
  home.helper("pass", "test \"$1\" = store && cat > '" + (home.folder / "kept").string() + "'");
  CredentialFiles files(home.places);
  CHECK(login(rig.client, files, host, bob()) == "`docker-credential-pass`");
  CHECK(home.folder.read("kept") ==
        R"({"ServerURL":"registry.example.com","Username":"bob","Secret":"secret"})");
  CHECK(home.folder.read("docker/config.json").find("secret") == std::string::npos);
}

TEST_CASE("a config.json behind a link is replaced behind the link") {
  Rig rig;
  const Home home;
  home.folder.write("real.json", "{}");
  fs::create_directories(home.folder / "docker");
  fs::create_symlink(home.folder / "real.json", home.places.docker_config);
  CredentialFiles(home.places).store(host, bob());
  CHECK(fs::is_symlink(home.places.docker_config));
  CHECK(home.folder.read("real.json").find(bob_in_base64) != std::string::npos);
}

TEST_CASE("a logout forgets everywhere, and says where") {
  const Home home;
  home.docker(auth("https://registry.example.com/v1/"));
  home.podman(auth(host));
  CredentialFiles files(home.places);
  CHECK(logout(files, host).size() == 2);
  CHECK_FALSE(home.find(host));
  CHECK(logout(files, host).empty());
}

TEST_CASE("REGISTRY is a host, in the forms that people paste") {
  CHECK(parse_registry("registry.example.com:5000") == "registry.example.com:5000");
  CHECK(parse_registry("https://registry.example.com/v2/") == "registry.example.com");
  CHECK(parse_registry("https://index.docker.io/v1/") == "docker.io");
  CHECK(parse_registry("") == "docker.io");
  CHECK(error_of([] { parse_registry("bad host"); }).fault() == Fault::usage);
}

TEST_CASE("a password in REGISTRY is not shown") {
  for (const char* text : {"bob:secret@registry.example.com", "https://bob:secret@x/"}) {
    const Error error = error_of([&] { parse_registry(text); });
    CHECK(error.fault() == Fault::usage);
    CHECK(std::string(error.what()) == "a registry's name has no user in it");
  }
}
