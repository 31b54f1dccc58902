#include "cli/python_lock.h"

#include "lib/python/pylock.h"
#include "lib/python/requirements_file.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_lock = std::uint64_t{64} << 20;

[[noreturn]] void not_locked(const std::string& what, const std::string& command) {
  throw Error(Fault::usage,
              fmt::format("{}, and this version of mlpack installs what is locked", what),
              fmt::format("write a lock: `{}`", command));
}

IndexSettings settings_of_spec(const Python& python) {
  IndexSettings settings;
  settings.index_url = python.index_url;
  settings.extra_index_urls = python.extra_index_urls;
  for (const fs::path& folder : python.find_links)
    settings.find_links.push_back(folder.string());
  return settings;
}

void add_settings(IndexSettings& to, IndexSettings from) {
  if (to.index_url.empty()) to.index_url = std::move(from.index_url);
  for (std::string& url : from.extra_index_urls)
    to.extra_index_urls.push_back(std::move(url));
  for (std::string& place : from.find_links)
    to.find_links.push_back(std::move(place));
  if (from.index == IndexSettings::Index::none) to.index = IndexSettings::Index::none;
}

void read_requirements_of(const fs::path& path,
                          const PythonFacts& facts,
                          const World& world,
                          ReadPythonLock& lock) {
  if (path.extension() == ".toml") {
    not_locked(fmt::format("`{}` has to be resolved", path.string()),
               fmt::format("uv pip compile {} --format pylock.toml -o pylock.toml",
                           path.filename().string()));
  }
  const RequirementsFile file =
      read_requirements(path,
                        {[](const fs::path& named) { return read_file(named, largest_lock); },
                         [&](const std::string& name) { return world.environment(name); }});
  if (!is_locked(file)) {
    not_locked(
        fmt::format("`{}` does not pin everything with `==` and `--hash=sha256:…`", path.string()),
        fmt::format("uv pip compile {} --generate-hashes -o requirements.lock.txt",
                    path.filename().string()));
  }
  lock.selection = select_requirements(file, facts);
  const bool no_index = file.index == RequirementsFile::Index::none;
  add_settings(lock.settings,
               {file.index_url,
                file.extra_index_urls,
                file.find_links,
                no_index ? IndexSettings::Index::none : IndexSettings::Index::used});
}

}  // namespace

ReadPythonLock read_python_lock(const Spec& spec, const PythonFacts& facts, const World& world) {
  const Python& python = spec.python->value;
  ReadPythonLock lock;
  lock.settings = settings_of_spec(python);
  if (!python.packages.empty()) {
    not_locked("`python.packages` have to be resolved",
               "uv pip compile --generate-hashes -o requirements.lock.txt requirements.in");
  }
  if (python.lock && python.lock->filename() == "uv.lock") {
    not_locked("a uv.lock has to be exported", "uv export --format pylock.toml -o pylock.toml");
  }
  if (python.lock) {
    const Pylock read = parse_pylock(read_file(*python.lock, largest_lock), *python.lock);
    lock.selection = select_pylock(read, {python.extras, python.groups}, facts);
  }
  if (python.requirements) read_requirements_of(*python.requirements, facts, world, lock);
  add_settings(lock.settings, host_index_settings(world.environment, world.settings.home));
  if (lock.settings.index_url.empty()) lock.settings.index_url = "https://pypi.org/simple";
  return lock;
}

}  // namespace mlpack
