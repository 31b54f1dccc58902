#pragma once

#include "lib/check/check.h"
#include "lib/check/image_files.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// The account that a container runs as.
struct Account {
  std::uint64_t uid = 0;
  std::set<std::uint64_t> gids;
  std::string home;  // empty: none is known
  bool has_line = false;
  /// What is named and has no line, or is no number that an id may be; empty: nothing.
  std::string unknown_user = {};
  std::string unknown_group = {};
};
Account account_of(const CheckInput& input);

/// What a container starts: the words of the image's configuration, and what they lead to.
struct StartedProgram {
  std::vector<std::string> words;      // entrypoint and command
  const FileFacts* file = nullptr;     // that is executed; nullptr: there is none
  const FileFacts* program = nullptr;  // the ELF file behind it, past `#!` lines; may be nullptr
  struct Interpreter {
    std::string name;  // as a `#!` line has it, or the program that env is to find
    const FileFacts* file = nullptr;
  };
  std::vector<Interpreter> interpreters;
  /// `file`, or an interpreter of it, that the kernel does not execute, since it is neither ELF nor
  /// a script; nullptr: none is known to be.
  const FileFacts* malformed = nullptr;
  /// Scripts lead to scripts, more of them than the kernel follows or in a circle.
  bool is_endless = false;
};

/// Entrypoint and command; the line that is given to a shell is taken apart at its blanks.
std::vector<std::string> command_words(const ImageConfig& config);

/// Follows the words as a container runtime and the kernel do: PATH of the configuration, then the
/// interpreters of scripts, and what those give to env.
StartedProgram started_program(const CheckInput& input);

/// Where the program `name` is: itself with a slash in it (seen from the working folder), else in
/// PATH. nullptr: nowhere.
const FileFacts* find_program(const CheckInput& input, const std::string& name);

/// Whether `account` may write to the folder `path`, which is real.
bool may_write(const ImageFiles& files, const std::string& path, const Account& account);
/// Whether it may read `file`, and reach it.
bool may_read(const ImageFiles& files, const FileFacts& file, const Account& account);
/// Whether it may execute `file`, and reach it; a script has to be read, too.
bool may_execute(const ImageFiles& files, const FileFacts& file, const Account& account);

}  // namespace mlpack
