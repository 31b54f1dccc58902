#include "cli/arguments.h"

#include "cli/commands.h"
#include "lib/error.h"

#include <doctest/doctest.h>

#include <memory>

using namespace mlpack;

namespace {

// A program with a command of every kind, and what was typed.
struct Program {
  std::string store;
  bool json = false;
  std::vector<std::string> words;
  std::vector<std::string> tags;
  std::string level;
  bool push = false;

  CommandTree tree() {
    CommandTree tree;
    tree.declare_global = [this](ArgumentList& list) {
      list.option({"--store", "DIR", "a folder"}, store);
      list.flag({"--json", "", "as JSON"}, json);
    };
    const auto build = [this](ArgumentList& list) -> Action {
      list.positional({"SPEC", "", "a spec", {}, ArgumentInfo::Count::any}, words);
      list.options({"-t, --tag", "REF", "a name"}, tags);
      list.option({"-l, --level", "N", "a level"}, level);
      list.flag({"--push", "", "push it"}, push);
      return [](World&) {};
    };
    const auto one = [this](ArgumentList& list) -> Action {
      list.positional({"IMAGE", "", "an image", {}, ArgumentInfo::Count::required}, words);
      return [](World&) {};
    };
    const auto none = [](ArgumentList&) -> Action { return [](World&) {}; };
    tree.commands = {{"build", "build it", "", build, {}},
                     {"pull", "pull it", "", one, {}},
                     {"store", "the store", "", {}, {{"ls", "list", "", none, {}}}}};
    return tree;
  }
  Invocation parse(const std::vector<std::string>& typed) {
    return parse_arguments(tree(), typed, [] { return false; });
  }
};

std::string refusal(const std::vector<std::string>& typed) {
  Program program;
  try {
    program.parse(typed);
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    return std::string(error.what()) + " | " + error.hint();
  }
  return "nothing was refused";
}

}  // namespace

TEST_CASE("options of the program are taken before and after the command's name") {
  Program before;
  CHECK(before.parse({"--store", "/a", "--json", "build", "x"}).command == "build");
  CHECK(before.store == "/a");
  CHECK(before.json);
  Program after;
  CHECK(after.parse({"store", "ls", "--json", "--store=/b"}).command == "store ls");
  CHECK(after.store == "/b");
  CHECK(after.json);
}

TEST_CASE("an option that repeats does not swallow the words after its value") {
  Program program;
  program.parse({"build", "-t", "a", "spec", "--tag=b", "other", "-tc", "--push"});
  CHECK(program.tags == std::vector<std::string>{"a", "b", "c"});
  CHECK(program.words == std::vector<std::string>{"spec", "other"});
  CHECK(program.push);
}

TEST_CASE("values are taken as they are typed") {
  Program program;
  program.parse({"build", "-t", "[a,b]", "-t", "{}", "--level=", "-t", "-x", "--", "--push"});
  CHECK(program.tags == std::vector<std::string>{"[a,b]", "{}", "-x"});
  CHECK(program.level.empty());
  CHECK(program.words == std::vector<std::string>{"--push"});
  CHECK_FALSE(program.push);
}

TEST_CASE("of an option that is given twice the last one counts") {
  Program program;
  program.parse({"build", "-l", "1", "--level", "2"});
  CHECK(program.level == "2");
}

TEST_CASE("a word may have the name of a command") {
  Program program;
  CHECK(program.parse({"pull", "store"}).command == "pull");
  CHECK(program.words == std::vector<std::string>{"store"});
}

TEST_CASE("what is mistyped is named with what was perhaps meant") {
  CHECK(refusal({"biuld"}) == "unknown command `biuld` | did you mean `build`?");
  CHECK(refusal({"frobnicate"}) == "unknown command `frobnicate` | run `mlpack --help`");
  CHECK(refusal({"store", "lst"}) == "unknown command `store lst` | did you mean `ls`?");
  CHECK(refusal({"build", "--pusch"}) == "unknown option `--pusch` | did you mean `--push`?");
  CHECK(refusal({"build", "--jso"}) == "unknown option `--jso` | did you mean `--json`?");
  CHECK(refusal({"--jason"}) == "unknown option `--jason` | did you mean `--json`?");
  CHECK(refusal({"build", "-x"}) == "unknown option `-x` | run `mlpack build --help`");
  CHECK(refusal({"build", "--frobnicate=yes"}) ==
        "unknown option `--frobnicate` | run `mlpack build --help`");
}

TEST_CASE("what is missing or too much is named") {
  CHECK(refusal({"build", "-t"}) == "`--tag` needs a value | run `mlpack build --help`");
  CHECK(refusal({"--store"}) == "`--store` needs a value | run `mlpack --help`");
  CHECK(refusal({"pull"}) == "`pull` needs IMAGE | run `mlpack pull --help`");
  CHECK(refusal({"pull", "a", "b"}) == "`pull` takes no argument `b` | run `mlpack pull --help`");
  CHECK(refusal({"store", "ls", "x"}) ==
        "`store ls` takes no argument `x` | run `mlpack store ls --help`");
  CHECK(refusal({"build", "--push=no"}) != "nothing was refused");
}

TEST_CASE("the tree tells what there is") {
  Program program;
  const CommandInfo root = describe(program.tree());
  REQUIRE(root.commands.size() == 3);
  CHECK(root.options.size() == 2);
  const CommandInfo& build = find_command(root, {"build"});
  CHECK(build.options.at(0).names == "-t, --tag");
  CHECK(find_command(root, {"store", "ls"}).name == "store ls");
  CHECK_THROWS_WITH(find_command(root, {"stor"}), "unknown command `stor`");
}
