#include "cli/python_lock.h"

#include "cli/python_resolve.h"
#include "lib/python/pylock.h"
#include "lib/python/requirements_file.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_lock = std::uint64_t{64} << 20;

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

IndexSettings settings_of(const RequirementsFile& file) {
  const bool no_index = file.index == RequirementsFile::Index::none;
  return {file.index_url,
          file.extra_index_urls,
          file.find_links,
          no_index ? IndexSettings::Index::none : IndexSettings::Index::used};
}

class LockReader {
 public:
  LockReader(const Spec& spec, const PythonFacts& facts, Session& session, Offline offline)
      : spec_(spec),
        python_(spec.python->value),
        facts_(facts),
        session_(session),
        offline_(offline) {
    lock_.settings = settings_of_spec(python_);
  }

  ReadPythonLock read() {
    const bool is_uvs = python_.lock && python_.lock->filename() == "uv.lock";
    const bool is_project = python_.requirements && python_.requirements->extension() == ".toml";
    if (python_.lock && !is_uvs) {
      finish_settings();
      const std::string text = read_text(*python_.lock);
      const Pylock lock = parse_pylock(text, *python_.lock);
      lock_.selection = select_pylock(lock, {python_.extras, python_.groups}, facts_);
    } else if (python_.requirements && !is_project) {
      read_requirements_file(*python_.requirements);
    } else {
      finish_settings();
      if (is_uvs) read_text(*python_.lock);
      if (is_project) read_text(*python_.requirements);
      if (is_uvs || is_project || !python_.packages.empty()) resolve();
    }
    return std::move(lock_);
  }

 private:
  std::string read_text(const fs::path& path) {
    std::string text = read_file(path, largest_lock);
    inputs_ += fmt::format("{} {}\n{}\n", path.string(), text.size(), text);
    return text;
  }

  void finish_settings() {
    const World& world = session_.world;
    add_settings(lock_.settings, host_index_settings(world.environment, world.settings.home));
    if (lock_.settings.index_url.empty()) lock_.settings.index_url = "https://pypi.org/simple";
  }

  void read_requirements_file(const fs::path& path) {
    const RequirementsFile file = read_requirements(
        path,
        {[&](const fs::path& named) { return read_text(named); },
         [&](const std::string& name) { return session_.world.environment(name); }});
    add_settings(lock_.settings, settings_of(file));
    finish_settings();
    if (is_locked(file)) {
      lock_.selection = select_requirements(file, facts_);
    } else {
      resolve();
    }
  }

  // Lines of what the resolver wrote are nowhere to be seen: the spec is the place of problems.
  void resolve() {
    const std::string text =
        resolve_python(spec_, facts_, lock_.settings, inputs_, session_, offline_);
    const Pylock lock = parse_pylock(text, "the resolver's pylock.toml");
    PylockWish wish;
    if (python_.lock) wish = {lock.extras, lock.groups};
    lock_.selection = select_pylock(lock, wish, facts_);
    const Where place = spec_.where(spec_.python->place);
    for (PythonPackage& package : lock_.selection.packages)
      package.where = place;
    for (Where& problem : lock_.selection.problems)
      problem = {place.file, place.line, place.column, std::move(problem.message)};
  }

  const Spec& spec_;
  const Python& python_;
  const PythonFacts& facts_;
  Session& session_;
  Offline offline_;
  std::string inputs_;
  ReadPythonLock lock_;
};

}  // namespace

ReadPythonLock read_python_lock(const Spec& spec,
                                const PythonFacts& facts,
                                Session& session,
                                Offline offline) {
  return LockReader(spec, facts, session, offline).read();
}

}  // namespace mlpack
