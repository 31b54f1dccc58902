#pragma once

#include "cli/terminal.h"
#include "lib/file.h"
#include "lib/parallel.h"
#include "registry/client.h"
#include "registry/environment.h"
#include "registry/transport.h"

#include <cstddef>

namespace mlpack {

enum class OutputFormat { text, json };

/// Options of the whole program, and what they default to.
struct Settings {
  fs::path store;  // may not exist yet
  OutputFormat format = OutputFormat::text;
  std::size_t jobs = 1;       // threads for work on files
  std::size_t transfers = 4;  // at a time
  PlainHttp plain_http = PlainHttp::loopback_only;
  fs::path home;     // empty where there is none
  fs::path catalog;  // with rows of the user's; empty: not given
  fs::path ca;       // certificates that are trusted beside the system's; empty: none
};

/// All that a command may touch besides the file system. Made by main, and by tests.
struct World {
  Transport& transport;
  Terminal& terminal;
  const Stop& stop;
  Environment environment;
  Settings settings;
  int exit_code = 0;  // of a command whose result is a verdict; a failure has its own

  bool json() const { return settings.format == OutputFormat::json; }
};

}  // namespace mlpack
