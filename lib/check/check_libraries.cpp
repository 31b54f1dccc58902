#include "lib/check/check.h"
#include "lib/check/loader.h"
#include "lib/check/process.h"
#include "lib/check/used_files.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace mlpack {
namespace {

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

const ElfFacts* elf_of(const FileFacts& file) {
  return file.content && file.content->elf ? &*file.content->elf : nullptr;
}

// Files that nobody loads: debugging symbols, and libraries of other processors.
bool is_left_alone(std::string_view path) {
  return path.starts_with("usr/lib/debug/") || path.starts_with("usr/lib32/") ||
         path.starts_with("usr/libx32/") || path.find("/stubs/") != std::string_view::npos;
}

// What a problem is called that several files share.
struct Group {
  Finding::Level level = Finding::Level::warning;
  std::set<std::string> users;
};
using Key = std::tuple<LoadProblem::Kind, std::string, std::string, std::string>;

class LibraryCheck {
 public:
  explicit LibraryCheck(const CheckInput& input)
      : input_(input), loader_(input, cache_on(input)), account_(account_of(input)) {}

  Findings run() {
    find_names();
    const FileFacts* const started = started_program(input_).program;
    for (const auto& [path, file] : input_.files.read()) {
      if (!file->content->elf || is_left_alone(path)) continue;
      const bool is_started = file == started;
      const bool is_module = is_python_module(path);
      const bool is_fatal = is_started || is_module;
      if (!is_started && !may_read(input_.files, *file, account_)) continue;
      if (is_module && file->content->elf->is_cut) {
        add({LoadProblem::Kind::broken, std::string(file_name(path)), file->path, {}, file->path},
            Finding::Level::error);
      }
      for (const LoadProblem& problem : loader_.load(*file)) {
        // Python packages load what they share before, under the name that is wanted.
        if (problem.kind == LoadProblem::Kind::missing && in_python(path) &&
            python_names_.contains(problem.library)) {
          continue;
        }
        add(problem, is_fatal ? Finding::Level::error : Finding::Level::warning);
      }
    }
    check_driver_use(started);
    check_processor();
    return findings();
  }

 private:
  static bool in_python(std::string_view path) {
    return path.find("-packages/") != std::string_view::npos;
  }

  void find_names() {
    for (const auto& [path, file] : input_.files.read()) {
      const ElfFacts* const elf = elf_of(*file);
      if (elf == nullptr || !in_python(path)) continue;
      python_names_.emplace(file_name(path));
      if (!elf->soname.empty()) python_names_.insert(elf->soname);
    }
  }

  void add(const LoadProblem& problem, Finding::Level level) {
    Group& group = groups_[{problem.kind, problem.library, problem.version, problem.found}];
    group.level = std::min(group.level, level);
    group.users.insert(problem.wanted_by);
  }

  // A program that is linked with libcuda does not start where no driver brings it.
  void check_driver_use(const FileFacts* started) {
    if (started == nullptr || elf_of(*started) == nullptr) return;
    const bool is_all_cpu =
        !input_.fleet.empty() &&
        std::any_of(input_.fleet.begin(), input_.fleet.end(), [](const CheckMachine& machine) {
          return machine.gpu == nullptr;
        });
    if (!is_all_cpu) return;
    for (const std::string& name : elf_of(*started)->needed) {
      if (!is_driver_library(name)) continue;
      found_.push_back({"driver-library-on-cpu",
                        Finding::Level::error,
                        fmt::format("`/{}` is linked with `{}`", printable(started->path), name),
                        "the driver of a GPU brings it, and there are machines without one in the "
                        "fleet",
                        "start another program there, or take `cpu` out of the fleet",
                        Finding::Kind::compatibility,
                        false,
                        started->path});
    }
  }

  // The loader refuses what is made for newer processors (glibc 2.33), or it ends with SIGILL.
  void check_processor() {
    if (input_.config.platform.architecture != "amd64") return;
    std::map<unsigned, std::set<std::string>> by_level;
    std::optional<UsedFiles> used;
    for (const auto& [path, file] : input_.files.read()) {
      const unsigned level = file->content->elf ? file->content->elf->x86_level : 0;
      if (level < 3 || path.find("/glibc-hwcaps/") != std::string_view::npos) continue;
      if (!used) used.emplace(input_, loader_);
      if (used->contains(*file)) by_level[level].insert(file->path);
    }
    for (const auto& [level, files] : by_level) {
      if (input_.config.platform.variant == fmt::format("v{}", level)) continue;
      found_.push_back({"processor-level",
                        level == 3 ? Finding::Level::info : Finding::Level::warning,
                        fmt::format("{} {} for processors of x86-64-v{}",
                                    users_text(files),
                                    files.size() == 1 ? "is" : "are",
                                    level),
                        level == 3 ? "it does not start on x86-64 processors without AVX2"
                                   : "it does not start on processors without AVX-512",
                        "make sure that the machines have one, or take a build for all of x86-64",
                        Finding::Kind::compatibility,
                        false,
                        *files.begin()});
    }
  }

  static std::string users_text(const std::set<std::string>& users) {
    std::vector<std::string> shown;
    for (const std::string& user : users) {
      if (shown.size() == 3) break;
      shown.push_back(fmt::format("`/{}`", printable(user)));
    }
    const std::size_t more = users.size() - shown.size();
    return join(shown, ", ") + (more == 0 ? "" : fmt::format(" and {} more", more));
  }

  Findings findings() {
    for (const auto& [key, group] : groups_)
      add_finding_of(key, group);
    return std::move(found_);
  }

  void add_finding_of(const Key& key, const Group& group) {
    const auto& [kind, library, version, place] = key;
    const std::string name = printable(library);
    const std::string shown = printable(place);
    const std::string users = users_text(group.users);
    Finding& finding = add_finding(found_, "library-missing", group.level, *group.users.begin());
    finding.why = users + " cannot be loaded without it";
    switch (kind) {
      case LoadProblem::Kind::missing:
        finding.what = fmt::format("`{}` is not in the image, or not where the loader looks", name);
        finding.fix = "add the package that has it, or its folder to LD_LIBRARY_PATH";
        break;
      case LoadProblem::Kind::unlisted:
        tell_unlisted(finding, name, shown);
        break;
      case LoadProblem::Kind::denied:
        finding.id = "library-unreadable";
        finding.what = fmt::format("`/{}` may not be read by the user {}", shown, account_.uid);
        finding.fix =
            "open it and the folders above it for all (`mode: \"0755\"`), or name another "
            "user";
        break;
      case LoadProblem::Kind::broken:
        finding.id = "library-broken";
        finding.what =
            fmt::format("`/{}` is no library that can be loaded: {}", shown, flaw(place));
        finding.why = users + " cannot be loaded: the loader takes it and looks no further";
        finding.fix = "put the whole library there, or take it away";
        break;
      case LoadProblem::Kind::unresolved:
        finding.id = "symbol-version";
        finding.what = fmt::format("`/{}` has no `{}`", shown, printable(version));
        finding.why = fmt::format(
            "{} {} made for a newer `{}`", users, group.users.size() == 1 ? "was" : "were", name);
        finding.fix = "take a newer base image, or a build for older systems";
        break;
    }
  }

  void tell_unlisted(Finding& finding, const std::string& name, const std::string& place) const {
    const std::string folder = "/" + place.substr(0, std::min(place.rfind('/'), place.size()));
    const bool has_cache = input_.files.file("etc/ld.so.cache") != nullptr;
    finding.what = fmt::format("`{}` is in `{}`, of which the loader is not told", name, folder);
    finding.why += has_cache ? ": it reads /etc/ld.so.cache alone, and no ldconfig ran since it is "
                               "there"
                             : ": it does not read ld.so.conf, and no ldconfig made "
                               "/etc/ld.so.cache of it";
    finding.fix = fmt::format(
        "set LD_LIBRARY_PATH to `{}` in `env`, or put it into a folder that the loader knows",
        folder);
  }

  std::string flaw(const std::string& path) const {
    const FileFacts* const file = input_.files.find(path);
    if (file == nullptr || file->kind == EntryKind::directory) return "it is a folder";
    if (file->size == 0) return "it is empty";
    return file->content && file->content->elf ? "it is cut" : "it is no ELF file";
  }

  const CheckInput& input_;
  Loader loader_;
  const Account account_;
  std::set<std::string, std::less<>> python_names_;
  std::map<Key, Group> groups_;
  Findings found_;
};

}  // namespace

Findings check_libraries(const CheckInput& input) {
  return LibraryCheck(input).run();
}

}  // namespace mlpack
