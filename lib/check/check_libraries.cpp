#include "lib/check/check.h"
#include "lib/check/loader.h"
#include "lib/check/process.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

// Modules of Python packages that are tried at run time and left alone where they do not load.
constexpr std::array optional_modules{"_tkinter."sv,
                                      "tbbpool."sv,
                                      "omppool."sv,
                                      "_dbm."sv,
                                      "_gdbm."sv,
                                      "_torio_ffmpeg"sv,
                                      "libtorchcodec_"sv};

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

const ElfFacts* elf_of(const FileFacts& file) {
  return file.content && file.content->elf ? &*file.content->elf : nullptr;
}

bool is_python_module(std::string_view path) {
  const std::string_view name = file_name(path);
  const bool is_module = name.find(".cpython-") != std::string_view::npos ||
                         name.ends_with(".abi3.so") || name.ends_with(".pyd");
  const bool is_installed = path.find("site-packages/") != std::string_view::npos ||
                            path.find("dist-packages/") != std::string_view::npos;
  return is_module && is_installed &&
         std::none_of(optional_modules.begin(),
                      optional_modules.end(),
                      [&](std::string_view known) { return name.starts_with(known); });
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
      : input_(input),
        loader_(input.files,
                input.config,
                input.may_have_gpu() ? Loader::Cache::made_by_toolkit : Loader::Cache::of_image) {}

  Findings run() {
    find_names();
    const FileFacts* const started = started_program(input_).program;
    for (const auto& [path, file] : input_.files.all()) {
      const ElfFacts* const elf = elf_of(file);
      if (elf == nullptr || is_left_alone(path)) continue;
      const bool is_started = &file == started;
      const bool is_module = is_python_module(path);
      const bool is_fatal = is_started || is_module;
      for (const LoadProblem& problem : loader_.load(file)) {
        // Python packages load what they share before, under the name that is wanted.
        if (problem.kind == LoadProblem::Kind::missing && in_python(path) &&
            python_names_.contains(problem.library)) {
          continue;
        }
        add(problem, is_fatal ? Finding::Level::error : Finding::Level::warning);
      }
    }
    check_driver_use(started);
    return findings();
  }

 private:
  static bool in_python(std::string_view path) {
    return path.find("-packages/") != std::string_view::npos;
  }

  void find_names() {
    for (const auto& [path, file] : input_.files.all()) {
      const ElfFacts* const elf = elf_of(file);
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
    for (const auto& [key, group] : groups_) {
      const auto& [kind, library, version, place] = key;
      const std::string name = printable(library);
      if (kind == LoadProblem::Kind::missing) {
        found_.push_back(
            {"library-missing",
             group.level,
             fmt::format("`{}` is not in the image, or not where the loader looks", name),
             fmt::format("{} cannot be loaded without it", users_text(group.users)),
             "add the package that has it, or its folder to LD_LIBRARY_PATH",
             Finding::Kind::compatibility,
             false,
             *group.users.begin()});
      } else {
        found_.push_back({"symbol-version",
                          group.level,
                          fmt::format("`/{}` has no `{}`", printable(place), printable(version)),
                          fmt::format("{} {} made for a newer `{}`",
                                      users_text(group.users),
                                      group.users.size() == 1 ? "was" : "were",
                                      name),
                          "take a newer base image, or a build for older systems",
                          Finding::Kind::compatibility,
                          false,
                          *group.users.begin()});
      }
    }
    return std::move(found_);
  }

  const CheckInput& input_;
  Loader loader_;
  std::set<std::string, std::less<>> python_names_;
  std::map<Key, Group> groups_;
  Findings found_;
};

}  // namespace

Findings check_libraries(const CheckInput& input) {
  return LibraryCheck(input).run();
}

}  // namespace mlpack
