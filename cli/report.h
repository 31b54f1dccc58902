#pragma once

#include "cli/terminal.h"
#include "lib/error.h"

#include <string>

namespace mlpack {

/// What a person sees of a failure: every place it names with the source line and a caret, then
/// `error: …`, a blank line and `hint: …`. Ends in a newline.
std::string failure_text(const Error& error, Color color);

/// The document that `--json` prints for a failure (spec.md, "Results with --json"), with a
/// newline.
std::string failure_json(const Error& error);

}  // namespace mlpack
