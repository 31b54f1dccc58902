#include "cli/lock_file.h"

#include "layers/wheels.h"
#include "lib/error.h"
#include "lib/lock/agree.h"
#include "lib/lock/changes.h"
#include "lib/output.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace mlpack {
namespace {

// Beside the spec no file of a lock is wanted, so it is one of the store's.
FileLock wait_for_turn(const fs::path& path, Session& session) {
  constexpr std::chrono::milliseconds pause(20);
  std::error_code ignored;
  const Digest key = Digest::of("lock file " + fs::absolute(path, ignored).string());
  for (;;) {
    if (auto lock = session.store.try_lock_layer(key)) return std::move(*lock);
    session.world.stop.check();
    std::this_thread::sleep_for(pause);
  }
}

std::string problem_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (::access(folder.c_str(), W_OK) == 0) return {};
  return errno_text(errno);
}

// `path` as a pattern of gitignore that matches nothing else.
std::string pattern_of(const fs::path& path) {
  std::string pattern = "/";
  for (const char c : path.string()) {
    if (std::string_view("*?[]\\!# ").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

void forget_other_rules(Lock& lock) {
  const bool is_ours = lock.layer_rules == layer_format && lock.system_rules == system_format &&
                       lock.python_rules == wheel_format;
  if (is_ours) return;
  lock.layer_rules = layer_format;
  lock.system_rules = system_format;
  lock.python_rules = wheel_format;
  for (auto& [platform, locked] : lock.platforms) {
    locked.layers.clear();
    if (locked.python) {
      locked.python->layers.clear();
      locked.python->root.reset();
    }
    if (!locked.system) continue;
    locked.system->layers.clear();
    locked.system->root.reset();
  }
}

LockFile lock_file_at(const fs::path& path) {
  LockFile file{path, read_file_if_exists(path, max_lock_bytes), {}};
  file.lock.system_rules = system_format;
  file.lock.python_rules = wheel_format;
  if (file.text) file.lock = parse_lock(*file.text, path.string());
  forget_other_rules(file.lock);
  return file;
}

}  // namespace

LockFile read_lock_file(const Spec& spec) {
  return lock_file_at(lock_path(spec));
}

LockUpdate update_lock_file(const LockFile& read, Lock now, Session& session) {
  LockUpdate update{changes(read.lock, now), false, {}};
  const FileLock turn = wait_for_turn(read.path, session);
  const auto there = read_file_if_exists(read.path, max_lock_bytes);
  if (there && there != read.text) {
    for (auto& [platform, locked] : parse_lock(*there, read.path.string()).platforms) {
      if (!read.lock.platforms.contains(platform)) now.platforms.emplace(platform, locked);
    }
  }
  const std::string text = write_lock(now);
  if (there == text) return update;
  update.problem = problem_of(read.path);
  if (!update.problem.empty()) return update;
  write_file(read.path, text);
  update.written = true;
  return update;
}

void leave_out_lock(TreeInput& input, const fs::path& lock) {
  std::error_code ignored;
  if (!fs::is_directory(input.source, ignored)) return;
  const fs::path place = place_of(lock).lexically_relative(place_of(input.source));
  if (place.empty() || *place.begin() == "..") return;
  input.exclude.push_back(pattern_of(place));
  const std::string temporary = "." + place.filename().string() + ".";
  input.exclude.push_back(pattern_of(place.parent_path() / temporary) + "*.tmp");
}

void refuse_lock(const LockFile& file, const std::vector<std::string>& lines) {
  std::vector<Where> where;
  where.reserve(lines.size());
  for (const std::string& line : lines)
    where.push_back({file.path.string(), 0, 0, line});
  const std::string name = file.path.string();
  throw Error(
      Fault::lock,
      file.text ? fmt::format("`{}` is stale", name) : fmt::format("there is no `{}`", name),
      "run `mlpack lock`, and commit what it writes",
      where);
}

std::vector<std::string> lock_notes(const LockFile& file, const std::vector<std::string>& lines) {
  std::vector<std::string> notes;
  notes.reserve(lines.size());
  for (const std::string& line : lines)
    notes.push_back(fmt::format("{}: {}", file.path.filename().string(), line));
  return notes;
}

}  // namespace mlpack
