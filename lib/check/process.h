#pragma once

#include "lib/check/check.h"
#include "lib/check/image_files.h"

#include <string>
#include <vector>

namespace mlpack {

/// What a container starts: the words of the image's configuration, and what they lead to.
struct StartedProgram {
  std::vector<std::string> words;         // entrypoint and command
  const FileFacts* file = nullptr;        // that is executed; nullptr: there is none
  const FileFacts* program = nullptr;     // the ELF file behind it, past `#!` lines; may be nullptr
  std::vector<std::string> interpreters;  // that `#!` lines name
  /// `file`, or an interpreter of it, that the kernel does not execute, since it is neither ELF nor
  /// a script; nullptr: none is known to be.
  const FileFacts* malformed = nullptr;
};

/// Entrypoint and command; the line that is given to a shell is taken apart at its blanks.
std::vector<std::string> command_words(const ImageConfig& config);

/// Follows the words as execvp does in a container: PATH of the configuration, then the
/// interpreters of scripts.
StartedProgram started_program(const CheckInput& input);

/// Where the program `name` is: itself with a slash in it (seen from the working folder), else in
/// PATH. nullptr: nowhere.
const FileFacts* find_program(const CheckInput& input, const std::string& name);

/// Whether somebody with `uid` and `gid` may write to the folder `path`, which is real.
bool may_write(const ImageFiles& files,
               const std::string& path,
               std::uint64_t uid,
               std::uint64_t gid);

}  // namespace mlpack
