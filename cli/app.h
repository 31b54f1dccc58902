#pragma once

#include "cli/terminal.h"
#include "cli/world.h"
#include "lib/file.h"
#include "lib/parallel.h"
#include "lib/sink.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlpack {

/// What the process stands in: main gives the real things, tests theirs.
struct Surroundings {
  Sink& out;
  Sink& err;  // must not throw
  const Stop& stop;
  Environment environment;
  TerminalFacts terminal;
  std::function<std::size_t()> width;
  std::function<std::int64_t()> clock;
  std::size_t processors = 1;
  /// `ca`: a file with more certificates to trust, or empty.
  std::function<std::unique_ptr<Transport>(const fs::path& ca)> open_transport;
};

/// Runs mlpack with the words after the program's name and returns the exit code. Never throws.
int run_app(const std::vector<std::string>& words, const Surroundings& around);

}  // namespace mlpack
