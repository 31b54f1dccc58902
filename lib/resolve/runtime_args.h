#pragma once

#include "lib/catalog/runtimes.h"
#include "lib/spec/spec.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// How a runtime is told things, filled from what is said first.
struct RuntimeCommand {
  std::vector<std::string> words;  // behind its program
  std::vector<NamedText> env;
};

/// Says `value` at `place` (a flag, `positional` or a variable; empty: not at all).
void say(const ServingRuntime& row,
         std::string_view place,
         const std::string& value,
         RuntimeCommand& command);

/// The keys that `runtime.args` says, in either form, without dashes, and with each those that mean
/// the same.
std::set<std::string, std::less<>> said_keys(const ServingRuntime& row, const Runtime& runtime);

/// What `runtime.args` says of `key`, or of what means the same, the last of it; dashes and
/// underscores are the same. Empty of a flag that stands alone.
std::optional<std::string> said_argument(const ServingRuntime& row,
                                         const Runtime& runtime,
                                         std::string_view key);

/// The key of a flag: `--port` is `port`.
std::string_view key_of(std::string_view flag);

/// Adds `runtime.args` as the runtime wants them. Fault::usage for a key that mlpack writes itself.
void say_args(const ServingRuntime& row, const Runtime& runtime, RuntimeCommand& command);

}  // namespace mlpack
