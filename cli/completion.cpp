#include "cli/completion.h"

#include "cli/commands.h"
#include "cli/result.h"
#include "lib/catalog/catalog.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;

std::vector<std::string> names_of(const ArgumentInfo& option) {
  std::vector<std::string> names;
  for (const std::string_view name : split(option.names, ','))
    names.emplace_back(trim(name));
  return names;
}

std::string last_word(const std::string& name) {
  return name.substr(name.rfind(' ') + 1);
}

// Calls `visit` for the root and every command below it.
template <class Visit>
void walk_commands(const CommandInfo& info, const Visit& visit) {
  visit(info);
  for (const CommandInfo& command : info.commands)
    walk_commands(command, visit);
}

void add_names(std::vector<std::string>& words, const std::vector<ArgumentInfo>& options) {
  for (const ArgumentInfo& option : options) {
    for (const std::string& name : names_of(option))
      words.push_back(name);
  }
}

bool names_files(std::string_view placeholder) {
  constexpr std::array<std::string_view, 8> all{
      "SPEC", "IMAGE", "OTHER", "SRC", "DST", "DEST", "DIR", "FILE"};
  return std::find(all.begin(), all.end(), placeholder) != all.end();
}

// The fixed values of a positional argument.
std::vector<std::string> values_of(const ArgumentInfo& positional, const CommandInfo& root) {
  std::vector<std::string> names;
  if (positional.names == "TABLE") {
    for (const CatalogTable* table : Catalog::built_in().tables())
      names.emplace_back(table->name);
    return names;
  }
  if (positional.names != "COMMAND") return positional.choices;
  names.reserve(root.commands.size());
  for (const CommandInfo& command : root.commands)
    names.push_back(command.name);
  return names;
}

// Everything that may stand after the command: commands below it, fixed values, options.
std::string words_after(const CommandInfo& info, const CommandInfo& root) {
  std::vector<std::string> words;
  words.reserve(info.commands.size());
  for (const CommandInfo& command : info.commands)
    words.push_back(last_word(command.name));
  for (const ArgumentInfo& argument : info.positionals) {
    const std::vector<std::string> values = values_of(argument, root);
    words.insert(words.end(), values.begin(), values.end());
  }
  if (&info != &root) add_names(words, info.options);
  add_names(words, root.options);
  return join(words, " ");
}

bool takes_files(const CommandInfo& info) {
  return std::any_of(info.positionals.begin(), info.positionals.end(), [](const auto& argument) {
    return argument.choices.empty() && names_files(argument.names);
  });
}

// A value in brackets may be left out.
bool needs_value(const ArgumentInfo& option) {
  return !option.value.empty() && !option.value.starts_with("[");
}

std::string bash_reply(const ArgumentInfo& option) {
  if (!option.choices.empty()) {
    return fmt::format("$(compgen -W '{}' -- \"$word\")", join(option.choices, " "));
  }
  return names_files(option.value) ? "$(compgen -f -- \"$word\")" : "";
}

std::string bash_values(const CommandInfo& root) {
  std::string cases;
  walk_commands(root, [&](const CommandInfo& info) {
    for (const ArgumentInfo& option : info.options) {
      if (!needs_value(option)) continue;
      const std::string line = fmt::format(
          "    {}) COMPREPLY=({}); return ;;\n", join(names_of(option), "|"), bash_reply(option));
      if (cases.find(line) == std::string::npos) cases += line;
    }
  });
  return cases;
}

std::string bash_script(const CommandInfo& root) {
  std::string commands;
  std::string words;
  walk_commands(root, [&](const CommandInfo& info) {
    for (const CommandInfo& command : info.commands) {
      commands += fmt::format(
          "      '{}') command='{}' ;;\n",
          info.name.empty() ? last_word(command.name) : info.name + " " + last_word(command.name),
          command.name);
    }
    words += fmt::format("    '{}') words='{}' files='{}' ;;\n",
                         info.name,
                         words_after(info, root),
                         takes_files(info) ? "yes" : "");
  });
  return fmt::format(R"(# bash completion for mlpack
_mlpack() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command='' words='' files='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${{command:+$command }}${{COMP_WORDS[i]}}" in
{}    esac
  done
  case "$previous" in
{}  esac
  case "$command" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [[ -z $files || $word == -* ]] || COMPREPLY+=($(compgen -f -- "$word"))
}}
complete -o filenames -F _mlpack mlpack
)",
                     commands,
                     bash_values(root),
                     words);
}

// Text inside '…' of a shell.
std::string shell_quoted(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\'') {
      safe += "'\\''";
    } else {
      safe += c;
    }
  }
  return "'" + safe + "'";
}

// Text inside an _arguments specification: brackets and colons mean something there.
std::string zsh_text(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

// What completes a value; a blank is nothing.
std::string zsh_action(std::string_view placeholder, const std::vector<std::string>& values) {
  if (!values.empty()) return fmt::format("({})", join(values, " "));
  return names_files(placeholder) ? "_files" : " ";
}

std::string zsh_option(const ArgumentInfo& option) {
  std::string text;
  for (const std::string& name : names_of(option)) {
    const std::string value =
        !needs_value(option)
            ? ""
            : fmt::format(
                  ":{}:{}", zsh_text(option.value), zsh_action(option.value, option.choices));
    const std::string spec = fmt::format("*{}[{}]{}", name, zsh_text(option.help), value);
    text += fmt::format("      {} \\\n", shell_quoted(spec));
  }
  return text;
}

std::string zsh_positionals(const CommandInfo& info, const CommandInfo& root) {
  std::string text;
  for (const ArgumentInfo& argument : info.positionals) {
    const bool many = argument.count == Count::any || argument.count == Count::at_least_one;
    const std::string action = zsh_action(argument.names, values_of(argument, root));
    const std::string spec =
        fmt::format("{}:{}:{}", many ? "*" : "", zsh_text(argument.names), action);
    text += fmt::format("      {} \\\n", shell_quoted(spec));
  }
  return text;
}

std::string zsh_children(const CommandInfo& info) {
  std::string text;
  for (const CommandInfo& command : info.commands) {
    text += fmt::format("      {} \\\n",
                        shell_quoted(zsh_text(last_word(command.name)) + ":" + command.summary));
  }
  return text;
}

std::string zsh_script(const CommandInfo& root) {
  std::string cases;
  walk_commands(root, [&](const CommandInfo& info) {
    std::string options;
    for (const ArgumentInfo& option : info.options)
      options += zsh_option(option);
    if (&info != &root) {
      for (const ArgumentInfo& option : root.options)
        options += zsh_option(option);
    }
    if (info.commands.empty()) {
      cases += fmt::format("    {})\n      _arguments \\\n{}{}      && return ;;\n",
                           shell_quoted(info.name),
                           options,
                           zsh_positionals(info, root));
    } else {
      cases += fmt::format(
          "    {})\n      if [[ $PREFIX == -* ]]; then\n      _arguments \\\n{}      && return\n"
          "      fi\n      commands=( \\\n{}      )\n      _describe command commands ;;\n",
          shell_quoted(info.name),
          options,
          zsh_children(info));
    }
  });
  std::string names;
  walk_commands(root, [&](const CommandInfo& info) {
    if (!info.name.empty()) {
      names += fmt::format("      {0}) command={0}; depth=$i ;;\n", shell_quoted(info.name));
    }
  });
  return fmt::format(R"(#compdef mlpack
_mlpack() {{
  local command='' i depth=1
  local -a commands
  for ((i = 2; i < CURRENT; i++)); do
    case "${{command:+$command }}${{words[i]}}" in
{}    esac
  done
  words=("${{(@)words[depth,-1]}}")
  (( CURRENT -= depth - 1 ))
  case "$command" in
{}  esac
}}
_mlpack "$@"
)",
                     names,
                     cases);
}

std::string fish_option(const ArgumentInfo& option, const std::string& condition) {
  std::string line = "complete -c mlpack" + condition;
  for (const std::string& name : names_of(option)) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (needs_value(option)) {
    line += names_files(option.value) ? " -r -F" : " -x";
    if (!option.choices.empty()) line += " -a " + shell_quoted(join(option.choices, " "));
  }
  return line + " -d " + shell_quoted(option.help) + "\n";
}

// True where the words so far name `info`.
std::string fish_condition(const CommandInfo& info, const CommandInfo& root) {
  if (&info == &root) return " -n __fish_use_subcommand";
  std::string test;
  for (const std::string_view word : split(info.name, ' ')) {
    test += fmt::format("{}__fish_seen_subcommand_from {}", test.empty() ? "" : "; and ", word);
  }
  return " -n " + shell_quoted(test);
}

std::string fish_script(const CommandInfo& root) {
  std::string text = "# fish completion for mlpack\n";
  for (const ArgumentInfo& option : root.options)
    text += fish_option(option, "");
  walk_commands(root, [&](const CommandInfo& info) {
    const std::string condition = fish_condition(info, root);
    if (&info != &root) {
      for (const ArgumentInfo& option : info.options)
        text += fish_option(option, condition);
    }
    for (const CommandInfo& command : info.commands) {
      text += fmt::format("complete -c mlpack{} -f -a {} -d {}\n",
                          condition,
                          last_word(command.name),
                          shell_quoted(command.summary));
    }
    if (info.commands.empty() && !takes_files(info)) {
      text += fmt::format("complete -c mlpack{} -f\n", condition);
    }
    for (const ArgumentInfo& argument : info.positionals) {
      const std::vector<std::string> values = values_of(argument, root);
      if (values.empty()) continue;
      text +=
          fmt::format("complete -c mlpack{} -a {}\n", condition, shell_quoted(join(values, " ")));
    }
  });
  return text;
}

}  // namespace

std::string completion_script(const CommandInfo& root, Shell shell) {
  switch (shell) {
    case Shell::bash:
      return bash_script(root);
    case Shell::zsh:
      return zsh_script(root);
    case Shell::fish:
      return fish_script(root);
  }
  return {};
}

Command completion_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto words = std::make_shared<std::vector<std::string>>();
    list.positional({"SHELL", "", "bash, zsh or fish", {"bash", "zsh", "fish"}, Count::required},
                    *words);
    return [words](World& world) {
      const std::string& name = words->front();
      const auto shell = name == "bash"   ? std::optional(Shell::bash)
                         : name == "zsh"  ? std::optional(Shell::zsh)
                         : name == "fish" ? std::optional(Shell::fish)
                                          : std::nullopt;
      if (!shell) fail(Fault::usage, "no completion for `{}`", printable(name));
      const std::string script = completion_script(command_info(), *shell);
      world.terminal.result(world.json() ? json_line({{"schema", 1}, {"script", script}}) : script);
    };
  };
  return {"completion", "print a completion script for bash, zsh or fish", "", declare, {}};
}

}  // namespace mlpack
