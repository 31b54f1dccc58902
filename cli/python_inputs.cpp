#include "cli/python_inputs.h"

#include "cli/python_local.h"
#include "cli/python_resolve.h"
#include "lib/python/project.h"
#include "lib/python/requirements_file.h"
#include "lib/python/uv_lock.h"
#include "lib/text.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <vector>

namespace mlpack {
namespace {

using InputDigests = std::map<std::string, Digest>;

constexpr std::uint64_t largest_input = std::uint64_t{64} << 20;

bool is_plain_file(const fs::path& path) {
  std::error_code absent;
  return fs::is_regular_file(path, absent);
}

Digest sha256_of_file(const fs::path& path) {
  const std::unique_ptr<Source> source = open_file(path);
  return digest_of(*source);
}

std::string from_spec(const Spec& spec, const fs::path& path) {
  const fs::path full = fs::absolute(path).lexically_normal();
  const fs::path below =
      full.lexically_relative(fs::absolute(spec.folder / ".").lexically_normal());
  return (below.empty() ? full : below).string();
}

// Folders of wheels that the spec and its requirements name.
std::vector<fs::path> link_folders(const Spec& spec) {
  const Python& python = spec.python->value;
  std::vector<fs::path> folders = python.find_links;
  const bool is_list = python.requirements && python.requirements->extension() != ".toml";
  if (!is_list) return folders;
  const auto text = [](const fs::path& path) { return read_file(path, largest_input); };
  const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
  for (const std::string& place :
       read_requirements(*python.requirements, {text, nothing}).find_links) {
    const std::string path = path_of_file_url(place).value_or(place);
    if (path.find("://") == std::string::npos) folders.emplace_back(path);
  }
  return folders;
}

class InputFiles {
 public:
  explicit InputFiles(const Spec& spec) : spec_(spec), python_(spec.python->value) {}

  InputDigests read() {
    if (python_.lock) read_lock(*python_.lock);
    if (python_.requirements) read_requirements_of(*python_.requirements);
    const bool is_open = python_.lock ? python_.lock->filename() == "uv.lock" : !is_locked_;
    if (is_open) read_settings(folder_of_resolver(spec_));
    return std::move(files_);
  }

 private:
  std::string note(const fs::path& path) {
    std::string text = read_file(path, largest_input);
    files_.insert_or_assign(from_spec(spec_, path), Digest::of(text));
    return text;
  }

  void note_if_there(const fs::path& path) {
    if (is_plain_file(path)) files_.insert_or_assign(from_spec(spec_, path), sha256_of_file(path));
  }

  void read_lock(const fs::path& path) {
    const std::string text = note(path);
    if (path.filename() != "uv.lock") return;
    note_if_there(path.parent_path() / "pyproject.toml");
    for (const fs::path& folder : uv_lock_folders(text, path))
      note_if_there(folder / "pyproject.toml");
  }

  void read_requirements_of(const fs::path& path) {
    if (path.extension() == ".toml") {
      note(path);
      return;
    }
    const RequirementsFile file =
        read_requirements(path,
                          {[this](const fs::path& named) { return note(named); },
                           [](const std::string&) { return std::optional<std::string>(); }});
    is_locked_ = is_locked(file);
    for (const LocalRequirement& local : file.local) {
      note_if_there(local.path);
      note_if_there(local.path / "pyproject.toml");
      for (const fs::path& wheel : built_wheels(local))
        note_if_there(wheel);
    }
  }

  // uv goes up from where it runs to the first that has settings, and to the root of a workspace.
  void read_settings(fs::path folder) {
    bool is_first = true;
    for (folder = fs::absolute(folder / ".").lexically_normal();;) {
      if (is_first && is_plain_file(folder / "uv.toml")) {
        note(folder / "uv.toml");
        return;
      }
      const fs::path path = folder / "pyproject.toml";
      const auto project =
          is_plain_file(path) ? parse_project(read_file(path, largest_input), path) : ProjectFile{};
      const bool is_root = project.uv == ProjectFile::Uv::workspace;
      if (is_root || (is_first && project.uv == ProjectFile::Uv::settings)) {
        note(path);
        is_first = false;
      }
      const fs::path parent = (folder.has_filename() ? folder : folder.parent_path()).parent_path();
      if (is_root || parent == folder || parent == folder.parent_path()) return;
      folder = parent;
    }
  }

  const Spec& spec_;
  const Python& python_;
  InputDigests files_;
  bool is_locked_ = false;
};

// Of the project that the wheel is one of; a file of that name may lie there for other reasons.
std::optional<fs::path> project_beside(const fs::path& wheel, const std::string& name) {
  fs::path folder = wheel.parent_path();
  if (folder.filename() == "dist") folder = folder.parent_path();
  fs::path path = folder / "pyproject.toml";
  if (!is_plain_file(path)) return std::nullopt;
  try {
    if (parse_project(read_file(path, largest_input), path).name == name) return path;
  } catch (const Error&) {
    // Nobody had to read it.
  }
  return std::nullopt;
}

}  // namespace

std::map<std::string, Digest> python_files(const Spec& spec) {
  return spec.python ? InputFiles(spec).read() : InputDigests{};
}

std::map<std::string, Digest> used_python_files(const Spec& spec, const LockedPython& wheels) {
  InputDigests files;
  std::optional<std::vector<fs::path>> links;
  for (const LockedWheel& wheel : wheels.wheels) {
    if (!wheel.path.empty()) {
      files.emplace(wheel.path, wheel.sha256);
      const auto project = project_beside(spec.folder / wheel.path, wheel.name);
      if (project) files.emplace(from_spec(spec, *project), sha256_of_file(*project));
      continue;
    }
    if (!wheel.url.empty() || !wheel.index.empty()) continue;
    if (!links) links = link_folders(spec);
    for (const fs::path& folder : *links) {
      const fs::path path = folder / wheel.file;
      if (is_plain_file(path) && sha256_of_file(path) == wheel.sha256) {
        files.emplace(from_spec(spec, path), wheel.sha256);
        break;
      }
    }
  }
  return files;
}

LockSubject lock_subject(const Spec& spec, const Lock& lock) {
  LockSubject subject{spec, python_files(spec), {}};
  for (const auto& [platform, locked] : lock.platforms) {
    if (!spec.python || !locked.python) continue;
    for (const auto& [path, sha256] : locked.python->files) {
      if (subject.python_files.contains(path) || subject.other_files.contains(path)) continue;
      const fs::path full = spec.folder / path;
      if (is_plain_file(full)) subject.other_files.emplace(path, sha256_of_file(full));
    }
  }
  return subject;
}

}  // namespace mlpack
