#pragma once

#include "cli/session.h"
#include "layers/file_set.h"
#include "lib/lock/lock.h"
#include "lib/spec/spec.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The lock beside a spec.
struct LockFile {
  fs::path path;
  std::optional<std::string> text;  // as it is in the file; nullopt: there is none
  Lock lock;                        // empty where there is none
};

/// Fault::input for a file that is no lock. What it says of layers is left out where they were made
/// by other rules than those of this mlpack.
LockFile read_lock_file(const Spec& spec);

/// What an update of the file came to.
struct LockUpdate {
  std::vector<std::string> changes;  // what is pinned now, a line each
  bool written = false;
  std::string problem;  // why it could not be written; empty: none
};

/// Writes `now` where it says something else than the file, which was `read`; platforms that
/// somebody else wrote meanwhile stay. Where the folder may not be written to, it says so.
LockUpdate update_lock_file(const LockFile& read, Lock now, Session& session);

/// Takes the lock at `lock`, and what is written beside it on its way there, out of a folder that
/// an image is made from: it changes with the image. As a source of its own it stays.
void leave_out_lock(TreeInput& input, const fs::path& lock);

/// Fault::lock with a place for each line: the lock is not as it should be.
[[noreturn]] void refuse_lock(const LockFile& file, const std::vector<std::string>& lines);

/// `mlpack.lock: line`, for each line.
std::vector<std::string> lock_notes(const LockFile& file, const std::vector<std::string>& lines);

}  // namespace mlpack
