#include "cli/commands.h"
#include "lib/text.h"
#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

using namespace mlpack;
using namespace mlpack::test;

namespace {

void check_transcript(const std::string& name, AppRun& app, const std::vector<std::string>& lines) {
  const std::string text = app.transcript(lines);
  CHECK(text == golden("cli/" + name, text));
}

// What the document of `words` with --json holds under `key`, beside the schema alone.
std::string text_in(AppRun& app, std::vector<std::string> words, const std::string& key) {
  words.emplace_back("--json");
  const auto document = nlohmann::ordered_json::parse(app.run(words).out);
  CHECK(document.size() == 2);
  CHECK(document.begin().key() == "schema");
  return document.at(key).get<std::string>();
}

// The names of all commands, `store` and `store ls` alike.
void collect(const CommandInfo& info, std::vector<std::string>& lines) {
  lines.push_back(info.name.empty() ? "--help" : info.name + " --help");
  for (const CommandInfo& command : info.commands)
    collect(command, lines);
}

}  // namespace

TEST_CASE("--help says what every command does and takes") {
  AppRun app;
  std::vector<std::string> lines;
  collect(command_info(), lines);
  check_transcript("help.txt", app, lines);
}

TEST_CASE("`help COMMAND` is `COMMAND --help`") {
  AppRun app;
  CHECK(app.run({"help", "store", "gc"}).out == app.run({"store", "gc", "-h"}).out);
  CHECK(app.run({"help"}).out == app.run({"--help"}).out);
}

TEST_CASE("no line of any help is wider than 80 columns") {
  AppRun app;
  std::vector<std::string> lines;
  collect(command_info(), lines);
  for (const std::string& line : lines) {
    const std::string help = app.run(words_of(line)).out;
    for (const std::string_view row : split(help, '\n')) {
      CHECK_MESSAGE(row.size() <= 80, line, ": ", row);
    }
  }
}

TEST_CASE("mistakes on the command line are explained") {
  AppRun app;
  check_transcript("usage-errors.txt",
                   app,
                   {"",
                    "store",
                    "biuld",
                    "store lst",
                    "build --pusch",
                    "build --lokced",
                    "build -t",
                    "build --push --offline",
                    "build a b -t c",
                    "build a b -o oci:x",
                    "build --var A",
                    "build --color sometimes",
                    "build --progress loud",
                    "build --jobs 0",
                    "build --jobs many",
                    "build --quiet --verbose",
                    "pull",
                    "pull a b",
                    "pull Upper/case",
                    "pull a --platform plan9/amd64",
                    "push oci:there",
                    "push local:1",
                    "login",
                    "login registry.example.com",
                    "completion tcsh",
                    "help biuld"});
}

TEST_CASE("images and files that are missing are named") {
  AppRun app;
  check_transcript("missing.txt",
                   app,
                   {"build DIR/none",
                    "inspect nowhere:1",
                    "push registry.example.com/nowhere:1",
                    "store rm nowhere",
                    "inspect oci:/nowhere"});
}

TEST_CASE("a broken spec shows every problem with its line and a caret") {
  AppRun app;
  const fs::path spec = app.dir.write(
      "bad/mlpack.yaml",
      "schema: 1\nname: Bad Name\nbase: scratch\nwigths: []\npython: {version: 3.10}\n");
  check_transcript(
      "broken-spec.txt", app, {"build " + spec.string(), "build --json " + spec.string()});
}

TEST_CASE("--json prints a failure as a document, even one of the command line itself") {
  AppRun app;
  const auto result = app.run({"biuld", "--json"});
  CHECK(result.code == 2);
  CHECK(result.out == R"({"schema":1,"error":{"code":2,"message":"unknown command `biuld`",)"
                      R"("hint":"did you mean `build`?","where":[]}})"
                      "\n");
  CHECK(result.err == "error: unknown command `biuld`\n\nhint: did you mean `build`?\n");
}

TEST_CASE("--version prints the version alone") {
  AppRun app;
  const auto result = app.run({"--version"});
  CHECK(result.code == 0);
  CHECK(result.out.starts_with("mlpack "));
  CHECK(std::count(result.out.begin(), result.out.end(), '\n') == 1);
}

TEST_CASE("--json makes a document of the version, of help and of a completion script") {
  AppRun app;
  const std::string version = app.run({"--version"}).out;
  CHECK("mlpack " + text_in(app, {"--version"}, "version") + "\n" == version);
  CHECK(text_in(app, {"build", "--help"}, "help") == app.run({"build", "--help"}).out);
  CHECK(text_in(app, {"help", "push"}, "help") == app.run({"push", "--help"}).out);
  CHECK(text_in(app, {"completion", "zsh"}, "script") == app.run({"completion", "zsh"}).out);
}

TEST_CASE("without a home the store has to be named") {
  AppRun app;
  app.variables.clear();
  CHECK(app.run({"store", "ls"}).err ==
        "error: there is no folder for the store: neither MLPACK_STORE, XDG_CACHE_HOME nor HOME is "
        "set\n\nhint: say where with `--store DIR`\n");
  CHECK(app.run({"store", "gc", "--store", app.dir / "elsewhere"}).code == 0);
  CHECK(fs::exists(app.dir / "elsewhere"));
}

TEST_CASE("a relative XDG_CACHE_HOME is ignored, as XDG has it") {
  AppRun app;
  app.variables.erase("MLPACK_STORE");
  app.variables["XDG_CACHE_HOME"] = "relative";
  CHECK(app.run({"store", "gc"}).code == 0);
  CHECK(fs::exists(app.dir / "home/.cache/mlpack"));
  app.variables["XDG_CACHE_HOME"] = app.dir / "cache";
  CHECK(app.run({"store", "gc"}).code == 0);
  CHECK(fs::exists(app.dir / "cache/mlpack"));
}

TEST_CASE("a stdout that takes nothing is an error, not silence") {
  class Full : public Sink {
    void write(Bytes) override {
      fail(Fault::disk, "cannot write to stdout: No space left on device");
    }
  };
  Full out;
  StringSink err(1 << 20);
  const Stop stop;
  const Surroundings around{
      out, err, stop, [](const std::string&) { return std::nullopt; }, {}, {}, {}, 1, {}};
  CHECK(run_app({"--help", "--json"}, around) == 8);
  CHECK(err.text == "error: cannot write to stdout: No space left on device\n");
}

TEST_CASE("what nobody foresaw is called a bug, not a crash") {
  AppRun app;
  app.open_transport = [](const fs::path&) -> std::unique_ptr<Transport> {
    throw std::runtime_error("boom");
  };
  const auto result = app.run({"store", "ls"});
  CHECK(result.code == 1);
  CHECK(result.err ==
        "error: something unexpected happened: boom\n\nhint: this is a bug in mlpack: please "
        "report it with the command line and the version\n");
}
