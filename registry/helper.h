#pragma once

#include "lib/error.h"
#include "lib/file.h"
#include "lib/parallel.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What a program printed and how it ended.
struct HelperResult {
  int status = 0;      // exit status; 128 + signal where one killed it
  std::string output;  // of stdout
};

/// Limits for a program that is not ours.
struct HelperLimits {
  double seconds = 30;
  std::size_t output = std::size_t{256} << 10;
  const Stop* stop = nullptr;  // ends it early; may be absent
};

/// What else a program is given, and how its failure is told.
struct HelperTask {
  std::string kind = "credential helper";
  std::string hint = {};  // empty: that it may wait for somebody to unlock it
  Fault fault = Fault::auth;
  std::vector<std::string> variables = {};  // `NAME=VALUE`, beside those of this process
  fs::path folder = {};                     // that it runs in; empty: where this process does
  fs::path errors = {};                     // the file that its stderr goes to; empty: to none
};

/// Runs `command` (an absolute path and its arguments; no shell) with `input` on stdin, and returns
/// what it printed. The task's fault where it cannot be started, runs longer or prints more than
/// the limits, or does not read an input that is too large to lie in a pipe (some 100 KB); it is
/// killed then, with all that it started. Its stderr is not shown: it may hold secrets.
HelperResult run_helper(const std::vector<std::string>& command,
                        const std::string& input,
                        const HelperLimits& limits,
                        const HelperTask& task = {});

/// Looks `name` up in the folders of `path` (`a:b:c`); nullopt where none has it.
std::optional<std::string> find_program(const std::string& name, const std::string& path);

}  // namespace mlpack
