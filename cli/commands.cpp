#include "cli/commands.h"

#include "cli/help.h"
#include "cli/result.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace mlpack {
namespace {

void declare_global(ArgumentList& list, GlobalOptions& options) {
  list.option({"--store",
               "DIR",
               "where images, recipes and downloads are kept (default: "
               "$MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)"},
              options.store);
  list.flag({"--json", "", "print the result as one JSON document"}, options.json);
  list.option({"--progress",
               "STYLE",
               "show progress as auto, tty, plain or none",
               {"auto", "tty", "plain", "none"}},
              options.progress);
  list.flag({"-q, --quiet", "", "say nothing but warnings and errors"}, options.quiet);
  list.flag({"-v, --verbose", "", "say more about what is done"}, options.verbose);
  list.option(
      {"--color", "WHEN", "colour messages: auto, always or never", {"auto", "always", "never"}},
      options.color);
  list.option(
      {"-j, --jobs", "N", "do at most N things at a time (default: one for each processor)"},
      options.jobs);
  list.flag({"--plain-http", "", "talk to registries without TLS, not just to loopback ones"},
            options.plain_http);
  list.option({"--ca", "FILE", "trust the certificates in FILE too"}, options.ca);
  list.option(
      {"--catalog", "DIR", "replace and add rows of the compatibility data (mlpack-catalog)"},
      options.catalog);
  list.flag({"-h, --help", "", "print help"}, options.help);
  list.flag({"--version", "", "print the version"}, options.version);
}

}  // namespace

CommandTree command_tree(GlobalOptions& options) {
  CommandTree tree;
  tree.summary = "package models as container images: no daemon, no root, no Dockerfile";
  tree.declare_global = [&options](ArgumentList& list) { declare_global(list, options); };
  tree.commands = {plan_command(),
                   build_command(),
                   push_command(),
                   pull_command(),
                   copy_command(),
                   fetch_command(),
                   lock_command(),
                   inspect_command(),
                   check_command(),
                   doctor_command(),
                   diff_command(),
                   catalog_command(),
                   store_command(),
                   login_command(),
                   logout_command(),
                   completion_command(),
                   help_command()};
  return tree;
}

CommandInfo command_info() {
  GlobalOptions ignored;
  return describe(command_tree(ignored));
}

Command help_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto words = std::make_shared<std::vector<std::string>>();
    list.positional({"COMMAND", "", "the command", {}, ArgumentInfo::Count::any}, *words);
    return [words](World& world) {
      const std::string text = help_text(find_command(command_info(), *words));
      world.terminal.result(world.json() ? json_line({{"schema", 1}, {"help", text}}) : text);
    };
  };
  return {"help", "say what a command does and takes", "", declare, {}};
}

}  // namespace mlpack
