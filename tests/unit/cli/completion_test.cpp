#include "cli/completion.h"

#include "cli/commands.h"
#include "lib/text.h"
#include "tests/unit/cli/golden.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("the completion scripts are generated from the commands") {
  const CommandInfo root = command_info();
  const std::pair<Shell, std::string> shells[] = {
      {Shell::bash, "bash"}, {Shell::zsh, "zsh"}, {Shell::fish, "fish"}};
  for (const auto& [shell, name] : shells) {
    const std::string script = completion_script(root, shell);
    CHECK(script == golden("cli/completion." + name, script));
  }
}

TEST_CASE("help completes commands, and values that are no files complete none") {
  const std::string script = completion_script(command_info(), Shell::bash);
  const std::size_t help = script.find("'help') words='plan build push pull");
  REQUIRE(help != std::string::npos);
  const std::string line = script.substr(help, script.find('\n', help) - help);
  CHECK(line.ends_with("files='' ;;"));
  for (const std::string name :
       {"-j|--jobs", "-t|--tag", "--platform", "--var", "--label", "-u|--username"}) {
    CHECK_MESSAGE(script.find("    " + name + ") COMPREPLY=(); return ;;\n") != std::string::npos,
                  name);
  }
  for (const std::string name : {"--store", "--ca", "-o|--output"}) {
    CHECK_MESSAGE(script.find("    " + name + ") COMPREPLY=($(compgen -f -- ") != std::string::npos,
                  name);
  }
}

TEST_CASE("every command and every option is in every completion script") {
  const CommandInfo root = command_info();
  for (const Shell shell : {Shell::bash, Shell::zsh, Shell::fish}) {
    const std::string script = completion_script(root, shell);
    for (const CommandInfo& command : root.commands) {
      CHECK_MESSAGE(script.find(command.name) != std::string::npos, command.name);
      for (const ArgumentInfo& option : command.options) {
        const std::string_view name = option.names;
        const std::string word(name.substr(name.rfind("--") + 2));
        CHECK_MESSAGE(script.find(word) != std::string::npos, word);
      }
    }
  }
}
