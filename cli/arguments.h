#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

struct World;

/// An option or a positional argument as --help, the man pages and the completions show it. Where
/// there are no choices, the placeholder says what a shell completes: files for SPEC, IMAGE, OTHER,
/// SRC, DST, DEST, DIR and FILE, mlpack's commands for COMMAND, the catalog's tables for TABLE,
/// nothing for others.
struct ArgumentInfo {
  std::string names;  // `-t, --tag`; of a positional its placeholder: `SPEC`
  std::string value;  // placeholder of an option's value: `REF`; empty: a flag
  std::string help;
  std::vector<std::string> choices = {};  // empty: free text
  enum class Count { optional, required, any, at_least_one };
  Count count = Count::optional;
};

/// Where a command says what it takes. The strings it binds are filled when the command line was
/// parsed, so they must live until then: commands bind members of a struct they own by shared_ptr.
class ArgumentList {
 public:
  virtual ~ArgumentList() = default;
  using Count = ArgumentInfo::Count;

  virtual void positional(const ArgumentInfo& info, std::vector<std::string>& values) = 0;
  /// The last one given wins.
  virtual void option(const ArgumentInfo& info, std::string& value) = 0;
  virtual void options(const ArgumentInfo& info, std::vector<std::string>& values) = 0;
  /// An option with any number of values, none included: those that follow it up to the next
  /// option. `given` says whether it is there at all.
  virtual void words(const ArgumentInfo& info, bool& given, std::vector<std::string>& values) = 0;
  virtual void flag(const ArgumentInfo& info, bool& value) = 0;
};

/// What a command does once its arguments are known.
using Action = std::function<void(World&)>;

/// A command as the user sees it.
struct Command {
  std::string name;
  std::string summary;                           // one line, without a full stop
  std::string details;                           // paragraphs for --help; may be empty
  std::function<Action(ArgumentList&)> declare;  // empty where it only holds others
  std::vector<Command> commands;                 // `store` has `ls`, `rm` …
};

/// A command with its arguments, for help, completions and the comparison with the man pages.
struct CommandInfo {
  std::string name;  // `store ls`; empty: mlpack itself
  std::string summary;
  std::string details;
  std::vector<ArgumentInfo> positionals;
  std::vector<ArgumentInfo> options;  // in the order of --help
  std::vector<CommandInfo> commands;
};

/// Everything mlpack understands: options that every command takes, and commands.
struct CommandTree {
  std::string summary;
  std::function<void(ArgumentList&)> declare_global;
  std::vector<Command> commands;
};

/// What was typed.
struct Invocation {
  Action action;        // empty: no command, or one that only holds others
  std::string command;  // `store ls`; empty: none was named
};

/// Parses the words after the program's name. Options of the whole program are taken before and
/// after the command's name. A word that fits nowhere and a missing argument are Fault::usage; the
/// missing argument is not checked where `excused` says that nothing will be run (--help).
Invocation parse_arguments(const CommandTree& tree,
                           const std::vector<std::string>& words,
                           const std::function<bool()>& excused);

/// The tree with all that its commands declare; the root's options are those of every command.
CommandInfo describe(const CommandTree& tree);

/// The command below `root` that `path` (`store ls`) leads to; Fault::usage with a "did you mean"
/// where there is none.
const CommandInfo& find_command(const CommandInfo& root, const std::vector<std::string>& path);

}  // namespace mlpack
