#include "cli/arguments.h"

#include "lib/error.h"
#include "lib/text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;

constexpr int most_values = CLI::detail::expected_max_vector_size;

std::string without_blanks(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  return text;
}

// Declares a command's arguments to CLI11 and keeps what help needs to know. Values are taken as
// the words they are: CLI11's conversions know too much (`{}`, `[a,b]`) and say too little.
class Declaration : public ArgumentList {
 public:
  Declaration(CLI::App& app, CommandInfo& info) : app_(app), info_(info) {}

  void positional(const ArgumentInfo& info, std::vector<std::string>& values) override {
    info_.positionals.push_back(info);
    const bool many = info.count == Count::any || info.count == Count::at_least_one;
    take(info.names, values, many ? most_values : 1).allow_extra_args(many);
  }

  void option(const ArgumentInfo& info, std::string& value) override {
    info_.options.push_back(info);
    app_.add_option(without_blanks(info.names),
                    [&value](const CLI::results_t& results) {
                      value = results.back();
                      return true;
                    })
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }

  void options(const ArgumentInfo& info, std::vector<std::string>& values) override {
    info_.options.push_back(info);
    take(without_blanks(info.names), values, most_values).allow_extra_args(false);
  }

  void words(const ArgumentInfo& info, bool& given, std::vector<std::string>& values) override {
    info_.options.push_back(info);
    const auto keep = [&given, &values](const CLI::results_t& results) {
      given = true;
      values = results;
      std::erase(values, "");
      return true;
    };
    app_.add_option(without_blanks(info.names), keep)
        ->expected(0, most_values)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(true);
  }

  void flag(const ArgumentInfo& info, bool& value) override {
    info_.options.push_back(info);
    app_.add_flag(without_blanks(info.names), value)->disable_flag_override();
  }

 private:
  CLI::Option& take(const std::string& names, std::vector<std::string>& values, int most) {
    const auto keep = [&values](const CLI::results_t& results) {
      values = results;
      return true;
    };
    return *app_.add_option(names, keep)
                ->expected(1, most)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  CLI::App& app_;
  CommandInfo& info_;
};

// The CLI11 tree with what belongs to its nodes.
class Tree {
 public:
  explicit Tree(const CommandTree& commands) {
    root_.allow_extras()->fallthrough()->require_subcommand(0, 1)->set_help_flag();
    Declaration globals(root_, info_);
    info_.summary = commands.summary;
    commands.declare_global(globals);
    for (const Command& command : commands.commands)
      add(root_, command, info_);
  }

  const CommandInfo& info() const { return info_; }
  Invocation parse(const std::vector<std::string>& words, const std::function<bool()>& excused);

 private:
  void add(CLI::App& parent, const Command& command, CommandInfo& parent_info);
  const CLI::App& selected() const;
  void refuse_extras(const CLI::App& app) const;
  void check_positionals(const CLI::App& app, const CommandInfo& info) const;
  [[noreturn]] void refuse_option(const std::string& word, const CommandInfo& info) const;

  CLI::App root_;
  CommandInfo info_;
  std::map<const CLI::App*, Action> actions_;
  std::map<const CLI::App*, CommandInfo> infos_;
};

void Tree::add(CLI::App& parent, const Command& command, CommandInfo& parent_info) {
  CLI::App& app = *parent.add_subcommand(command.name);
  CommandInfo info;
  info.name = parent_info.name.empty() ? command.name : parent_info.name + " " + command.name;
  info.summary = command.summary;
  info.details = command.details;
  if (command.declare) {
    Declaration declaration(app, info);
    actions_[&app] = command.declare(declaration);
  }
  if (!command.commands.empty()) app.require_subcommand(0, 1);
  for (const Command& child : command.commands)
    add(app, child, info);
  infos_[&app] = info;
  parent_info.commands.push_back(std::move(info));
}

const CLI::App& Tree::selected() const {
  const CLI::App* app = &root_;
  while (!app->get_subcommands().empty())
    app = app->get_subcommands().front();
  return *app;
}

void suggest(std::vector<std::string_view>& candidates, const CommandInfo& info) {
  for (const ArgumentInfo& option : info.options) {
    for (const std::string_view name : split(option.names, ','))
      candidates.push_back(trim(name));
  }
}

std::string help_hint(const std::string& command) {
  return command.empty() ? "run `mlpack --help`" : fmt::format("run `mlpack {} --help`", command);
}

std::string hint_for(const std::string& word,
                     const std::vector<std::string_view>& candidates,
                     const std::string& command) {
  const auto near = did_you_mean(word, candidates);
  return near ? fmt::format("did you mean `{}`?", *near) : help_hint(command);
}

[[noreturn]] void refuse_command(const std::string& word, const CommandInfo& info) {
  std::vector<std::string_view> names;
  for (const CommandInfo& command : info.commands) {
    const std::string_view name = command.name;
    names.push_back(name.substr(name.rfind(' ') + 1));
  }
  const std::string prefix = info.name.empty() ? "" : info.name + " ";
  throw Error(Fault::usage,
              fmt::format("unknown command `{}{}`", prefix, printable(word)),
              hint_for(word, names, info.name));
}

void Tree::refuse_option(const std::string& word, const CommandInfo& info) const {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string_view> candidates;
  suggest(candidates, info);
  suggest(candidates, info_);
  std::erase_if(candidates, [](std::string_view candidate) { return candidate.size() < 3; });
  throw Error(
      Fault::usage,
      fmt::format("unknown option `{}`", printable(name)),
      name.starts_with("--") ? hint_for(name, candidates, info.name) : help_hint(info.name));
}

// Words that are no options end here only where a command takes none.
void Tree::refuse_extras(const CLI::App& app) const {
  const auto found = infos_.find(&app);
  const CommandInfo& info = found == infos_.end() ? info_ : found->second;
  for (const std::string& word : root_.remaining(true)) {
    if (word.size() > 1 && word.front() == '-' && word != "--") refuse_option(word, info);
  }
  for (const std::string& word : root_.remaining(true)) {
    if (word == "--") continue;
    if (!info.commands.empty()) refuse_command(word, info);
    throw Error(Fault::usage,
                fmt::format("`{}` takes no argument `{}`", info.name, printable(word)),
                help_hint(info.name));
  }
}

void Tree::check_positionals(const CLI::App& app, const CommandInfo& info) const {
  std::size_t given = 0;
  std::size_t wanted = 0;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) given += option->count();
  }
  for (const ArgumentInfo& argument : info.positionals) {
    const bool needed = argument.count == Count::required || argument.count == Count::at_least_one;
    if (needed && given < ++wanted) {
      throw Error(Fault::usage,
                  fmt::format("`{}` needs {}", info.name, argument.names),
                  help_hint(info.name));
    }
  }
}

// CLI11 says `--name: 1 required …` where a value is missing, `--name was given …` where one is
// too much.
Error refusal(std::string_view text, const std::string& command) {
  const std::size_t end = text.find_first_of(": ");
  const bool missing = end < text.size() && text[end] == ':';
  return Error(
      Fault::usage,
      fmt::format("`{}` {}", text.substr(0, end), missing ? "needs a value" : "takes no value"),
      help_hint(command));
}

Invocation Tree::parse(const std::vector<std::string>& words,
                       const std::function<bool()>& excused) {
  std::vector<std::string> reversed;
  for (const std::string& word : words) {
    // CLI11 takes the next word as the value of `--name=`.
    const std::size_t equals = word.find('=');
    const bool empty_value = word.starts_with("--") && equals + 1 == word.size();
    reversed.push_back(empty_value ? word.substr(0, equals) : word);
    if (empty_value) reversed.emplace_back();
  }
  std::reverse(reversed.begin(), reversed.end());
  try {
    root_.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    const auto info = infos_.find(&selected());
    throw refusal(error.what(), info == infos_.end() ? "" : info->second.name);
  }
  const CLI::App& app = selected();
  refuse_extras(app);
  const auto info = infos_.find(&app);
  if (info == infos_.end()) return {};
  if (!excused()) check_positionals(app, info->second);
  const auto action = actions_.find(&app);
  return {action == actions_.end() ? Action{} : action->second, info->second.name};
}

}  // namespace

Invocation parse_arguments(const CommandTree& tree,
                           const std::vector<std::string>& words,
                           const std::function<bool()>& excused) {
  return Tree(tree).parse(words, excused);
}

CommandInfo describe(const CommandTree& tree) {
  return Tree(tree).info();
}

const CommandInfo& find_command(const CommandInfo& root, const std::vector<std::string>& path) {
  const CommandInfo* info = &root;
  for (const std::string& word : path) {
    const std::string wanted = info->name.empty() ? word : info->name + " " + word;
    const auto found = std::find_if(info->commands.begin(),
                                    info->commands.end(),
                                    [&](const CommandInfo& c) { return c.name == wanted; });
    if (found == info->commands.end()) refuse_command(word, *info);
    info = &*found;
  }
  return *info;
}

}  // namespace mlpack
