#include "lib/check/loader.h"

#include "lib/text.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr int deepest_include = 8;
constexpr std::size_t most_loaded = 4096;
constexpr std::array old_folders{
    "/tls", "/x86_64", "/tls/x86_64", "/haswell", "/tls/haswell", "/aarch64", "/tls/aarch64"};
constexpr std::array platforms{"x86_64", "haswell", "xeon_phi", "aarch64"};

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

// The loader takes what has no slash in front from where it is started.
std::string from_working_dir(const std::string& folder, const std::string& working_dir) {
  return folder.starts_with('/') ? folder : "/" + working_dir + "/" + folder;
}

bool is_loadable(const FileFacts& file) {
  return file.content && file.content->elf && !file.content->elf->is_cut;
}

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
    at += by.size();
  }
  return text;
}

}  // namespace

Loader::Loader(const CheckInput& input, Cache cache)
    : files_(input.files),
      working_dir_(input.config.working_dir),
      account_(account_of(input)),
      kind_of_cache_(cache) {
  for (const char* const folder : {"lib/ld-musl-", "usr/lib/ld-musl-"}) {
    const auto found = files_.all().lower_bound(folder);
    is_musl_ = is_musl_ || (found != files_.all().end() && found->first.starts_with(folder));
  }
  add_defaults();
  add_environment(input);
  if (is_musl_) return;
  add_conf("etc/ld.so.conf", 0);
  if (cache == Cache::of_image) add_cache();
}

void Loader::add_cache() {
  const FileFacts* const file = files_.file("etc/ld.so.cache");
  if (file != nullptr && file->content && may_read(files_, *file, account_))
    cache_ = parse_loader_cache(file->content->text);
}

// An empty part is the working folder (ld.so(8)).
void Loader::add_environment(const CheckInput& input) {
  std::string given = input.config.env_value("LD_LIBRARY_PATH").value_or("");
  if (given.empty()) return;
  if (is_musl_) {
    for (const std::string_view part : split(given, ':'))
      environment_.push_back(from_working_dir(std::string(part), working_dir_));
    return;
  }
  std::replace(given.begin(), given.end(), ';', ':');
  const FileFacts* const started = started_program(input).program;
  const std::string origin = "/" + (started == nullptr ? "" : folder_of_file(*started));
  for (const std::string_view part : split(given, ':')) {
    for (const std::string& folder : with_tokens(std::string(part), origin, 64))
      environment_.push_back(from_working_dir(folder, working_dir_));
  }
}

void Loader::add_defaults() {
  if (is_musl_) {
    defaults_ = {"/lib", "/usr/local/lib", "/usr/lib"};
    return;
  }
  for (const auto& [path, file] : files_.read()) {
    if (!file->content->elf) continue;
    const ElfFacts& elf = *file->content->elf;
    if (defaults_.empty() && elf.bits == 64) defaults_ = elf.system_folders;
    if (elf.soname.starts_with("ld-") || elf.soname.starts_with("ld64.")) loaders_.push_back(file);
    if (elf.soname != "libc.so.6") continue;
    const auto& versions = elf.versions_defined;
    has_old_folders_ = std::find(versions.begin(), versions.end(), "GLIBC_2.38") == versions.end();
  }
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

// What `$ORIGIN` and the like stand for; of `$PLATFORM` there are several, by the processor.
std::vector<std::string> Loader::with_tokens(const std::string& path,
                                             const std::string& origin,
                                             unsigned bits) const {
  const auto put = [](const std::string& text, const std::string& name, const std::string& value) {
    return replaced(replaced(text, "${" + name + "}", value), "$" + name, value);
  };
  const bool is_known = !defaults_.empty() && bits == 64;
  const std::string lib = is_known ? defaults_.front().substr(1) : bits == 64 ? "lib64" : "lib";
  const std::string text = put(put(path, "ORIGIN", origin), "LIB", lib);
  if (text.find("PLATFORM") == text.npos) return {text};
  std::vector<std::string> all;
  for (const char* const platform : platforms)
    all.push_back(put(text, "PLATFORM", platform));
  return all;
}

std::vector<std::string> Loader::expanded(std::string_view paths, const FileFacts& origin) const {
  std::vector<std::string> folders;
  for (const std::string_view path : split(paths, ':')) {
    if (path.empty()) continue;
    const std::string folder = "/" + folder_of_file(origin);
    for (const std::string& text :
         with_tokens(std::string(path), folder, origin.content->elf->bits))
      folders.push_back(from_working_dir(text, working_dir_));
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
  if (is_musl_) return nullptr;
  if (has_old_folders_) {
    for (const char* const old : old_folders)
      if (const FileFacts* const found = right_in(folder + old, name, by)) return found;
  }
  const std::string levels = folder + "/glibc-hwcaps";
  if (!real_folder(levels)) return nullptr;
  for (const char* const level : {"/x86-64-v2", "/x86-64-v3", "/x86-64-v4"}) {
    if (const FileFacts* const found = right_in(levels + level, name, by)) return found;
  }
  return nullptr;
}

const FileFacts* Loader::right_at(const std::string& path, const ElfFacts& by) {
  const auto real = files_.real_path(path);
  const FileFacts* const file = real ? files_.find(*real) : nullptr;
  if (file == nullptr) return nullptr;
  if (file->content && file->content->elf) {
    const ElfFacts& elf = *file->content->elf;
    if (elf.machine != by.machine || elf.bits != by.bits) return nullptr;
  }
  if (may_read(files_, *file, account_)) return file;
  denied_ = file;
  return nullptr;
}

const FileFacts* Loader::right_in(const std::string& folder,
                                  const std::string& name,
                                  const ElfFacts& by) {
  const std::optional<std::string>& real = real_folder(folder);
  if (!real) return nullptr;
  const std::string path = real->empty() ? name : *real + '/' + name;
  return files_.find(path) == nullptr ? nullptr : right_at(path, by);
}

const FileFacts* Loader::in_folders(const std::vector<std::string>& folders,
                                    const std::string& name,
                                    const ElfFacts& by) {
  for (const std::string& folder : folders) {
    if (const FileFacts* const found = in_folder(folder, name, by)) return found;
  }
  return nullptr;
}

Loader::Found Loader::search(const FileFacts& by,
                             const std::string& name,
                             const std::vector<std::string>& inherited) {
  denied_ = nullptr;
  Found found{on_the_way(by, name, inherited), nullptr, nullptr};
  if (found.file != nullptr) return found;
  found.denied = denied_;
  found.unlisted = in_folders(configured_, name, *by.content->elf);
  return found;
}

const FileFacts* Loader::in_cache(const std::string& name, const ElfFacts& by) {
  if (kind_of_cache_ == Cache::made_by_toolkit) return in_folders(configured_, name, by);
  const auto places = cache_.find(name);
  if (places == cache_.end()) return nullptr;
  for (const std::string& path : places->second)
    if (const FileFacts* const found = right_at(path, by)) return found;
  return nullptr;
}

const FileFacts* Loader::on_the_way(const FileFacts& by,
                                    const std::string& name,
                                    const std::vector<std::string>& inherited) {
  const ElfFacts& elf = *by.content->elf;
  if (name.find('/') != std::string::npos) {
    return right_at(from_working_dir(name, working_dir_), elf);
  }
  // The loader is there before anything is looked for.
  for (const FileFacts* loader : loaders_) {
    const ElfFacts& own = *loader->content->elf;
    if (own.soname == name && own.machine == elf.machine && own.bits == elf.bits) return loader;
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
  if (const FileFacts* const found = in_cache(name, elf)) return found;
  if (!defaults_.empty() && (is_musl_ || elf.bits == 64)) return in_folders(defaults_, name, elf);
  const std::string arch(multiarch(elf));
  if (!arch.empty()) {
    if (const auto* found = in_folders({"/lib/" + arch, "/usr/lib/" + arch}, name, elf))
      return found;
  }
  return in_folders({"/lib64", "/usr/lib64", "/lib", "/usr/lib"}, name, elf);
}

const std::vector<Loader::Found>& Loader::needed_by(const FileFacts& by) {
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

  // The file to be loaded; nullptr: there is none, and that is a problem unless the driver has it.
  const FileFacts* take(const Found& found, const std::string& name, const FileFacts& by) {
    using Kind = LoadProblem::Kind;
    const FileFacts* const file = found.file;
    if (file != nullptr && is_loadable(*file)) return file;
    if (is_driver_library(name)) return nullptr;
    if (file != nullptr) {
      problems.push_back({Kind::broken, name, by.path, {}, file->path});
    } else if (found.denied != nullptr) {
      problems.push_back({Kind::denied, name, by.path, {}, found.denied->path});
    } else if (found.unlisted != nullptr) {
      problems.push_back({Kind::unlisted, name, by.path, {}, found.unlisted->path});
    } else {
      problems.push_back({Kind::missing, name, by.path, {}, {}});
    }
    return nullptr;
  }

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
      const Found place = inherited.empty() ? needed_by(by)[at] : search(by, name, inherited);
      const FileFacts* const found = walk.take(place, name, by);
      walk.by_name.emplace(name, found);
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

Loader::Cache cache_on(const CheckInput& input) {
  const bool has_cpu =
      std::any_of(input.fleet.begin(), input.fleet.end(), [](const CheckMachine& machine) {
        return machine.gpu == nullptr;
      });
  const bool asks_for_gpu = input.config.env_value("NVIDIA_VISIBLE_DEVICES").has_value() ||
                            input.config.env_value("CUDA_VERSION").has_value();
  const bool may_lack_gpu = input.fleet.empty() ? !asks_for_gpu : has_cpu;
  return may_lack_gpu ? Loader::Cache::of_image : Loader::Cache::made_by_toolkit;
}

std::set<std::string> searched_folders(const CheckInput& input) {
  const Loader loader(input, Loader::Cache::made_by_toolkit);
  std::set<std::string> searched;
  for (const auto* folders : {&loader.environment_folders(), &loader.configured_folders()})
    for (const std::string& folder : *folders)
      if (const auto real = input.files.real_path(folder)) searched.insert(*real);
  return searched;
}

}  // namespace mlpack
