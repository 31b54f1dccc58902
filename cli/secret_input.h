#pragma once

#include "lib/parallel.h"

#include <string>

namespace mlpack {

/// The first line of stdin, without its end. Fault::usage where stdin holds more than a password
/// may.
std::string read_secret_from_stdin(const Stop& stop);

/// Asks on the terminal of the process, without showing what is typed. Fault::usage where there is
/// no terminal.
std::string ask_for_secret(const std::string& prompt, const Stop& stop);

}  // namespace mlpack
