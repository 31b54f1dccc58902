#pragma once

#include "cli/arguments.h"
#include "cli/world.h"

#include <string>

namespace mlpack {

/// The options of the whole program as they were typed; empty: not given.
struct GlobalOptions {
  std::string store;
  bool json = false;
  std::string progress;
  bool quiet = false;
  bool verbose = false;
  std::string color;
  std::string jobs;
  bool plain_http = false;
  std::string ca;
  std::string catalog;
  bool help = false;
  bool version = false;
};

/// Everything mlpack understands, in the order of --help. `options` is filled by parsing and must
/// live as long as the tree.
CommandTree command_tree(GlobalOptions& options);

/// The tree with nothing parsed: for help, completions and tests.
CommandInfo command_info();

// In the order of --help; each is in a file of its name.
Command plan_command();
Command build_command();
Command push_command();
Command pull_command();
Command copy_command();
Command fetch_command();
Command lock_command();
Command inspect_command();
Command check_command();
Command doctor_command();
Command diff_command();
Command catalog_command();
Command store_command();
Command login_command();
Command logout_command();
Command completion_command();
Command help_command();

}  // namespace mlpack
