#include "registry/remote_hub.h"
#include "tests/unit/registry/remote_hub_rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a gated model says what to do, with a token and without") {
  Hub hub;
  const Error with = hub.refused(403, {{"X-Error-Code", "GatedRepo"}});
  CHECK(with.fault() == Fault::auth);
  CHECK(std::string(with.what()) ==
        "cannot find `hf://acme/tiny@main`: `hub.example.com` replied 403 (GatedRepo); it is "
        "gated, and we came with the token of HF_TOKEN");
  CHECK(with.hint() ==
        "accept its conditions at `https://hub.example.com/acme/tiny` as the user of that token; "
        "a fine-grained token also needs the right to read gated repositories");
  Hub stranger;
  stranger.environment.erase("HF_TOKEN");
  const Error without = stranger.refused(401, {{"X-Error-Code", "GatedRepo"}});
  CHECK(without.fault() == Fault::auth);
  CHECK(without.hint() ==
        "accept its conditions at `https://hub.example.com/acme/tiny`, then set HF_TOKEN");
}

TEST_CASE("a model that is not there, and one that nobody may know of") {
  Hub hub;
  const Error missing = hub.refused(404, {{"X-Error-Code", "RepoNotFound"}});
  CHECK(missing.fault() == Fault::refused);
  CHECK(missing.hint() == "there is no model `acme/tiny` there: check its name and HF_ENDPOINT");
  Hub other;
  other.environment.erase("HF_TOKEN");
  const Error hidden = other.refused(
      401, {{"X-Error-Code", "RepoNotFound"}, {"X-Error-Message", "Repository not found"}});
  CHECK(hidden.fault() == Fault::auth);
  CHECK(std::string(hidden.what()) ==
        "cannot find `hf://acme/tiny@main`: `hub.example.com` replied 401 (RepoNotFound: "
        "Repository not found); it does not exist or is private, and we came without a token");
  CHECK(hidden.hint() == "check the name `acme/tiny`; for a private model set HF_TOKEN");
}

TEST_CASE("a revision that is not there is named") {
  Hub hub;
  const Error error = hub.refused(404, {{"X-Error-Code", "RevisionNotFound"}});
  CHECK(error.fault() == Fault::refused);
  CHECK(error.hint() ==
        "`acme/tiny` has no branch, tag or commit `main`: check what stands behind `@`");
}

TEST_CASE("a file whose commit is gone is told about by that commit, not by a branch") {
  for (const std::string code : {"RevisionNotFound", "EntryNotFound"}) {
    Hub hub;
    hub.net.fault({.match = "/resolve/", .instead = [&](const Seen&) {
                     return reply(404, {{"X-Error-Code", code}});
                   }});
    const auto source = hub.open();
    StringSink sink(100);
    const Error error = error_of([&] { source->fetch(hub.model(), 0, 1, sink); });
    CHECK(error.fault() == Fault::refused);
    CHECK(error.hint() ==
          "the commit `" + commit + "` of `acme/tiny` " +
              (code == "EntryNotFound" ? "has no such file" : "is not there (any more)") +
              ": build again, of a revision that has it");
  }
}

TEST_CASE("a token that the hub does not know is not shown") {
  Hub hub;
  const Error error =
      hub.refused(401, {{"X-Error-Message", "Invalid credentials: hf_secret is no token"}});
  CHECK(error.fault() == Fault::auth);
  CHECK_FALSE(tells(error, "hf_secret"));
  CHECK(error.hint() ==
        "the hub does not know that token: make a new one at "
        "`https://hub.example.com/settings/tokens`");
}

TEST_CASE("a hub that limits requests is waited for as long as it says") {
  Hub hub;
  hub.net.fault({.match = "/revision/", .instead = [](const Seen&) {
                   return reply(429, {{"RateLimit", "\"api\";r=0;t=55"}});
                 }});
  hub.open()->list();
  CHECK(hub.rig.waits == std::vector<double>{56});
  Hub never;
  const Error error = never.refused(429, {});
  CHECK(error.fault() == Fault::refused);
  CHECK(error.hint() == "the hub limits requests; wait, or set HF_TOKEN for a higher limit");
}

TEST_CASE("a list without an end is refused") {
  Hub hub;
  hub.net.fault({.match = "/tree/", .times = 9, .then = [](Response) {
                   return reply(200, {{"Link", "<?cursor=1>; rel=\"next\""}}, "[]");
                 }});
  const Error error = error_of([&] { hub.open()->list(); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) == "cannot list `hf://acme/tiny`: the hub's list has no end");
}

TEST_CASE("paths that lead out of the folder are refused") {
  for (const char* path : {"../x",
                           "/etc/passwd",
                           "a/../../x",
                           "a//b",
                           "./a",
                           "a\\\\b",
                           "a\\u0000b",
                           "",
                           "a/",
                           "a\\nb"}) {
    CAPTURE(path);
    Hub hub;
    hub.pages[0] = "[" + small(path, 5, readme_git) + "]";
    CHECK(error_of([&] { hub.open()->list(); }).fault() == Fault::integrity);
  }
}

TEST_CASE("a file that is listed twice, or is a folder too, is refused") {
  Hub hub;
  hub.pages[0] = "[" + small("a/README.md", 5, readme_git) + "]";
  CHECK(std::string(error_of([&] { hub.open()->list(); }).what()) ==
        "`hf://acme/tiny` lists `a/README.md` twice");
  hub.pages[0] = "[" + small("a", 5, readme_git) + "]";
  CHECK(std::string(error_of([&] { hub.open()->list(); }).what()) ==
        "`hf://acme/tiny` has `a` both as a file and as a folder");
}

TEST_CASE("what is no hub is told apart") {
  for (const std::string body : {"<html>sign in</html>", "{}", "[1]", "null", "\"x\""}) {
    Hub hub;
    hub.net.fault(
        {.match = "/revision/", .instead = [body](const Seen&) { return reply(200, {}, body); }});
    const Error error = error_of([&] { hub.open()->list(); });
    CHECK(error.fault() == Fault::refused);
    CHECK(std::string(error.what()) ==
          "cannot list `hf://acme/tiny`: what answers is not a hub: it names no commit");
  }
}

TEST_CASE("a file without a size or a hash is no file") {
  for (const char* item :
       {R"({"type":"file","path":"x","oid":"1","size":1})",
        R"({"type":"file","path":"x","oid":"b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"})",
        R"({"type":"file","path":"x","size":-1})",
        R"({"type":"file","path":"x","size":1,"lfs":{"oid":"y","size":1}})"}) {
    Hub hub;
    hub.pages[0] = std::string("[") + item + "]";
    CHECK(error_of([&] { hub.open()->list(); }).fault() == Fault::refused);
  }
}

TEST_CASE("HF_HUB_OFFLINE asks nobody") {
  Hub hub;
  hub.environment["HF_HUB_OFFLINE"] = "1";
  CHECK(error_of([&] { hub.open()->list(); }).fault() == Fault::input);
  CHECK(error_of([&] { read_from(*hub.open(), hub.model(), 0, 22, hub.sink); }).fault() ==
        Fault::input);
  CHECK(hub.net.seen().empty());
}

TEST_CASE("the token is found where the hub's own tools keep it") {
  const TempDir folder;
  folder.write("home/.cache/huggingface/token", "hf_home\n");
  folder.write("hf/token", "hf_hf");
  folder.write("mine", "hf_mine");
  std::map<std::string, std::string> variables = {{"HOME", (folder / "home").string()}};
  const auto token = [&] {
    RemoteRig rig;
    rig.environment = variables;
    return hub_settings(rig.context().environment, PlainHttp::loopback_only).token;
  };
  CHECK(token() == "hf_home");
  variables["HF_HOME"] = (folder / "hf").string();
  CHECK(token() == "hf_hf");
  variables["HF_TOKEN_PATH"] = (folder / "mine").string();
  CHECK(token() == "hf_mine");
  variables["HF_TOKEN"] = "hf_set";
  CHECK(token() == "hf_set");
  variables["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1";
  CHECK(token().empty());
}

TEST_CASE("settings that cannot be used are refused without showing them") {
  Hub hub;
  hub.environment["HF_TOKEN"] = "hf secret";
  const Error token = error_of([&] { hub.open(); });
  CHECK(token.fault() == Fault::auth);
  CHECK_FALSE(tells(token, "secret"));
  hub.environment["HF_TOKEN"] = "hf_secret";
  hub.environment["HF_ENDPOINT"] = "http://hub.example.com";
  const Error plain = error_of([&] { hub.open(); });
  CHECK(plain.fault() == Fault::usage);
  CHECK(std::string(plain.what()) ==
        "HF_ENDPOINT is `http://hub.example.com/`, which is not encrypted");
  hub.environment["HF_ENDPOINT"] = "https://bob:secret@hub.example.com";
  const Error password = error_of([&] { hub.open(); });
  CHECK(password.fault() == Fault::usage);
  CHECK_FALSE(tells(password, "secret"));
}

TEST_CASE("names of models") {
  CHECK(HubName::parse("hf://acme/tiny")->revision == "main");
  CHECK(HubName::parse("hf://acme/tiny@v1.0")->revision == "v1.0");
  for (const char* bad : {"hf://tiny",
                          "hf://a/b/c",
                          "hf://../b",
                          "hf://a/b@",
                          "hf://a/b@../x",
                          "hf://a/b@x y",
                          "https://a/b"}) {
    CHECK_FALSE(HubName::parse(bad));
  }
  Hub hub;
  CHECK(error_of([&] { open_remote("hf://tiny", hub.context()); }).fault() == Fault::usage);
}
