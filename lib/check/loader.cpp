#include "lib/check/loader.h"

#include "lib/text.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr int deepest_include = 8;
constexpr std::size_t most_loaded = 4096;

constexpr std::array driver_libraries{"libcuda.so.1"sv,
                                      "libcudadebugger.so.1"sv,
                                      "libnvcuvid.so.1"sv,
                                      "libnvoptix.so.1"sv,
                                      "libnvidia-"sv,
                                      "libGLX_nvidia.so.0"sv,
                                      "libEGL_nvidia.so.0"sv,
                                      "libGLESv2_nvidia.so.2"sv,
                                      "libvdpau_nvidia.so"sv,
                                      "libdxcore.so"sv};

// What the distribution calls its processor in paths (Debian's multiarch).
std::string_view multiarch(const ElfFacts& elf) {
  switch (elf.machine) {
    case 62:
      return "x86_64-linux-gnu";
    case 183:
      return "aarch64-linux-gnu";
    case 3:
      return "i386-linux-gnu";
    case 40:
      return "arm-linux-gnueabihf";
    case 21:
      return "powerpc64le-linux-gnu";
    case 22:
      return "s390x-linux-gnu";
    case 243:
      return "riscv64-linux-gnu";
    default:
      return {};
  }
}

std::string folder_of_file(const FileFacts& file) {
  const std::size_t slash = file.path.rfind('/');
  return slash == std::string::npos ? std::string() : file.path.substr(0, slash);
}

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
    at += by.size();
  }
  return text;
}

}  // namespace

bool is_driver_library(std::string_view name) {
  return std::any_of(driver_libraries.begin(), driver_libraries.end(), [&](std::string_view known) {
    return known.ends_with('-') ? name.starts_with(known) : name == known;
  });
}

Loader::Loader(const ImageFiles& files, const ImageConfig& config, Cache cache) : files_(files) {
  for (const char* const folder : {"lib/ld-musl-", "usr/lib/ld-musl-"}) {
    const auto found = files.all().lower_bound(folder);
    is_musl_ = is_musl_ || (found != files.all().end() && found->first.starts_with(folder));
  }
  add_environment(config);
  const bool has_cache = files.file("etc/ld.so.cache") != nullptr;
  if (!is_musl_ && (has_cache || cache == Cache::made_by_toolkit)) add_conf("etc/ld.so.conf", 0);
  add_defaults();
}

// An empty part is the working folder (ld.so(8)).
void Loader::add_environment(const ImageConfig& config) {
  std::string given = config.env_value("LD_LIBRARY_PATH").value_or("");
  if (given.empty()) return;
  if (!is_musl_) std::replace(given.begin(), given.end(), ';', ':');
  for (const std::string_view part : split(given, ':')) {
    std::string folder(part);
    if (!folder.starts_with('/')) folder = "/" + config.working_dir + "/" + folder;
    environment_.push_back(std::move(folder));
  }
}

void Loader::add_defaults() {
  if (is_musl_) {
    defaults_ = {"/lib", "/usr/local/lib", "/usr/lib"};
    return;
  }
  defaults_ = {"/lib64", "/usr/lib64", "/lib", "/usr/lib"};
}

void Loader::add_conf(std::string_view path, int depth) {
  const FileFacts* const conf = files_.file(path);
  if (conf == nullptr || !conf->content || depth > deepest_include) return;
  for (std::string_view line : split(conf->content->text, '\n')) {
    line = trim(line.substr(0, line.find('#')));
    if (line.starts_with("include ") || line.starts_with("include\t")) {
      const std::string_view given = trim(line.substr(8));
      const std::string pattern =
          given.starts_with('/') ? std::string(given.substr(1)) : "etc/" + std::string(given);
      const std::size_t slash = pattern.rfind('/');
      const auto folder = files_.real_path(pattern.substr(0, std::min(slash, pattern.size())));
      if (!folder || slash == std::string::npos) continue;
      for (const FileFacts* child : files_.children(*folder)) {
        const std::string name = child->path.substr(folder->size() + 1);
        if (::fnmatch(pattern.c_str() + slash + 1, name.c_str(), 0) == 0) {
          add_conf(child->path, depth + 1);
        }
      }
    } else if (line.starts_with('/')) {
      configured_.emplace_back(line);
    }
  }
}

std::vector<std::string> Loader::expanded(std::string_view paths, const FileFacts& origin) const {
  std::vector<std::string> folders;
  for (const std::string_view path : split(paths, ':')) {
    if (path.empty()) continue;
    const std::string folder = "/" + folder_of_file(origin);
    std::string text =
        replaced(replaced(std::string(path), "${ORIGIN}", folder), "$ORIGIN", folder);
    const bool is_wide = origin.content->elf->bits == 64;
    text = replaced(replaced(std::move(text), "${LIB}", is_wide ? "lib64" : "lib"), "$LIB", "lib");
    if (text.starts_with('/')) folders.push_back(std::move(text));
  }
  return folders;
}

const std::optional<std::string>& Loader::real_folder(const std::string& folder) {
  const auto known = real_folders_.find(folder);
  if (known != real_folders_.end()) return known->second;
  return real_folders_.emplace(folder, files_.real_path(folder)).first->second;
}

// glibc prefers what it has for the processor's level, of which nothing is known here.
const FileFacts* Loader::in_folder(const std::string& folder,
                                   const std::string& name,
                                   const ElfFacts& by) {
  if (const FileFacts* const found = right_in(folder, name, by)) return found;
  const std::string levels = folder + "/glibc-hwcaps";
  if (is_musl_ || !real_folder(levels)) return nullptr;
  for (const char* const level : {"/x86-64-v2", "/x86-64-v3", "/x86-64-v4"}) {
    if (const FileFacts* const found = right_in(levels + level, name, by)) return found;
  }
  return nullptr;
}

const FileFacts* Loader::right_in(const std::string& folder,
                                  const std::string& name,
                                  const ElfFacts& by) {
  const std::optional<std::string>& real = real_folder(folder);
  if (!real) return nullptr;
  const std::string path = real->empty() ? name : *real + '/' + name;
  if (files_.find(path) == nullptr) return nullptr;
  const FileFacts* const file = files_.file(path);
  if (file == nullptr || !file->content || !file->content->elf) return nullptr;
  const ElfFacts& elf = *file->content->elf;
  return elf.machine == by.machine && elf.bits == by.bits ? file : nullptr;
}

const FileFacts* Loader::in_folders(const std::vector<std::string>& folders,
                                    const std::string& name,
                                    const ElfFacts& by) {
  for (const std::string& folder : folders) {
    if (const FileFacts* const found = in_folder(folder, name, by)) return found;
  }
  return nullptr;
}

const FileFacts* Loader::search(const FileFacts& by,
                                const std::string& name,
                                const std::vector<std::string>& inherited) {
  const ElfFacts& elf = *by.content->elf;
  if (name.find('/') != std::string::npos) {
    const FileFacts* const file = files_.file(name);
    return file != nullptr && file->content && file->content->elf ? file : nullptr;
  }
  // glibc: DT_RPATH counts where there is no DT_RUNPATH; musl takes both for one, after
  // LD_LIBRARY_PATH.
  std::vector<std::string> own = expanded(elf.rpath, by);
  own.insert(own.end(), inherited.begin(), inherited.end());
  if (elf.runpath.empty() && !is_musl_) {
    if (const FileFacts* const found = in_folders(own, name, elf)) return found;
  }
  if (const FileFacts* const found = in_folders(environment_, name, elf)) return found;
  if (const FileFacts* const found = in_folders(expanded(elf.runpath, by), name, elf)) return found;
  if (is_musl_) {
    if (const FileFacts* const found = in_folders(own, name, elf)) return found;
  }
  if (const FileFacts* const found = in_folders(configured_, name, elf)) return found;
  const std::string arch(multiarch(elf));
  if (!arch.empty() && !is_musl_) {
    if (const auto* found = in_folders({"/lib/" + arch, "/usr/lib/" + arch}, name, elf))
      return found;
  }
  return in_folders(defaults_, name, elf);
}

const std::vector<const FileFacts*>& Loader::needed_by(const FileFacts& by) {
  const auto [place, is_new] = needed_.try_emplace(&by);
  if (is_new) {
    for (const std::string& name : by.content->elf->needed)
      place->second.push_back(search(by, name, {}));
  }
  return place->second;
}

// One process: what was loaded is not looked for again under its name.
struct Loader::Walk {
  std::map<std::string, const FileFacts*> by_name;
  std::vector<std::pair<const FileFacts*, std::vector<std::string>>> queue;  // inherited DT_RPATHs
  std::vector<LoadProblem> problems;

  void add_versions(const FileFacts& by) {
    for (const ElfNeededVersion& wanted : by.content->elf->versions_needed) {
      const auto library = by_name.find(wanted.library);
      if (library == by_name.end() || library->second == nullptr) continue;
      const auto& defined = library->second->content->elf->versions_defined;
      if (defined.empty()) continue;  // the loader is content with a warning
      if (std::find(defined.begin(), defined.end(), wanted.version) != defined.end()) continue;
      problems.push_back({LoadProblem::Kind::unresolved,
                          wanted.library,
                          by.path,
                          wanted.version,
                          library->second->path});
    }
  }
};

Loader::Walk Loader::walk_from(const FileFacts& start) {
  Walk walk;
  std::set<const FileFacts*> seen{&start};
  walk.queue.emplace_back(&start, std::vector<std::string>{});
  for (std::size_t i = 0; i < walk.queue.size() && i < most_loaded; ++i) {
    const FileFacts& by = *walk.queue[i].first;
    const ElfFacts& elf = *by.content->elf;
    std::vector<std::string> passed = expanded(elf.rpath, by);
    passed.insert(passed.end(), walk.queue[i].second.begin(), walk.queue[i].second.end());
    if (!elf.soname.empty()) walk.by_name.emplace(elf.soname, &by);
    const std::vector<std::string> inherited = walk.queue[i].second;
    for (std::size_t at = 0; at < elf.needed.size(); ++at) {
      const std::string& name = elf.needed[at];
      if (walk.by_name.contains(name)) continue;
      const FileFacts* const found =
          inherited.empty() ? needed_by(by)[at] : search(by, name, inherited);
      walk.by_name.emplace(name, found);
      if (found == nullptr && !is_driver_library(name)) {
        walk.problems.push_back({LoadProblem::Kind::missing, name, by.path, {}, {}});
      }
      if (found != nullptr && seen.insert(found).second) walk.queue.emplace_back(found, passed);
    }
    walk.add_versions(by);
  }
  return walk;
}

std::vector<LoadProblem> Loader::load(const FileFacts& start) {
  return std::move(walk_from(start).problems);
}

std::vector<const FileFacts*> Loader::closure(const FileFacts& start) {
  std::vector<const FileFacts*> files;
  for (const auto& [file, inherited] : walk_from(start).queue)
    files.push_back(file);
  return files;
}

std::set<std::string> searched_folders(const ImageFiles& files, const ImageConfig& config) {
  const Loader loader(files, config, Loader::Cache::made_by_toolkit);
  std::set<std::string> searched;
  for (const auto* folders : {&loader.environment_folders(), &loader.configured_folders()})
    for (const std::string& folder : *folders)
      if (const auto real = files.real_path(folder)) searched.insert(*real);
  return searched;
}

}  // namespace mlpack
