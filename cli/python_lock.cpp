#include "cli/python_lock.h"

#include "cli/python_local.h"
#include "cli/python_resolve.h"
#include "lib/python/pylock.h"
#include "lib/python/requirements_file.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <system_error>
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

void require_folders(const Spec& spec) {
  std::vector<Where> missing;
  for (const fs::path& folder : spec.python->value.find_links) {
    std::error_code absent;
    if (fs::is_directory(folder, absent)) continue;
    missing.push_back(spec.where(spec.python->place));
    missing.back().message =
        fmt::format("`find_links` names `{}`, which is no folder", printable(folder.string()));
  }
  if (missing.empty()) return;
  throw Error(
      Fault::input,
      fmt::format(
          "{} folder{} of wheels cannot be read", missing.size(), missing.size() == 1 ? "" : "s"),
      "put wheels there, or take it out of `find_links`",
      std::move(missing));
}

// pip passes over a place that is not there, and uv stops at it.
void drop_missing_places(std::vector<std::string>& places) {
  std::erase_if(places, [](const std::string& place) {
    const bool is_file_url = place.starts_with("file://");
    if (place.find("://") != std::string::npos && !is_file_url) return false;
    std::error_code absent;
    return !fs::exists(is_file_url ? place.substr(7) : place, absent);
  });
}

bool is_uv_lock(const Python& python) {
  return python.lock && python.lock->filename() == "uv.lock";
}

bool is_project(const Python& python) {
  return python.requirements && python.requirements->extension() == ".toml";
}

class LockReader {
 public:
  LockReader(const PythonQuestion& question, Session& session, Offline offline)
      : question_(question),
        spec_(question.spec),
        python_(spec_.python->value),
        session_(session),
        offline_(offline) {
    require_folders(spec_);
    lock_.settings = settings_of_spec(python_);
  }

  ReadPythonLock read() {
    const LockedPython* const locked = question_.pins.locked;
    if (locked != nullptr && is_made_for(*locked, question_.facts, question_.torch)) {
      if (python_.requirements && !is_project(python_)) read_requirements_file();
      finish_settings();
      lock_.selection = locked_selection(*locked, spec_);
      lock_.from = ReadPythonLock::From::pins;
    } else if (python_.lock && !is_uv_lock(python_)) {
      finish_settings();
      const std::string text = read_text(*python_.lock);
      Pylock lock = parse_pylock(text, *python_.lock);
      add_built_wheels(lock);
      lock_.selection = select_pylock(lock, {python_.extras, python_.groups}, question_.facts);
    } else if (python_.requirements && !is_project(python_)) {
      const RequirementsFile file = read_requirements_file();
      finish_settings();
      if (!is_locked(file)) resolve();
      if (is_locked(file)) {
        lock_.selection = select_requirements(file, question_.facts);
        add_local_wheels(file.local, question_.facts, lock_.selection);
      }
    } else {
      finish_settings();
      if (is_uv_lock(python_)) read_text(*python_.lock);
      if (is_project(python_)) read_text(*python_.requirements);
      const bool is_open = python_.lock || python_.requirements || !python_.packages.empty();
      if (is_open) resolve();
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
    drop_missing_places(lock_.settings.find_links);
    if (lock_.settings.index_url.empty()) lock_.settings.index_url = "https://pypi.org/simple";
  }

  RequirementsFile read_requirements_file() {
    RequirementsFile file = read_requirements(
        *python_.requirements,
        {[&](const fs::path& named) { return read_text(named); },
         [&](const std::string& name) { return session_.world.environment(name); }});
    add_settings(lock_.settings, settings_of(file));
    for (const LocalRequirement& local : file.local) {
      const fs::path project = local.path / "pyproject.toml";
      std::error_code absent;
      if (fs::is_regular_file(project, absent)) read_text(project);
    }
    return file;
  }

  // Of what comes from one index alone, everybody knows which.
  std::string only_index() const {
    const IndexSettings& settings = lock_.settings;
    const bool is_one = settings.extra_index_urls.empty() && settings.find_links.empty() &&
                        question_.torch.from == TorchWish::From::index;
    return is_one ? settings.index_url : std::string();
  }

  // What relative paths in the resolver's output are relative to.
  fs::path resolved_in() const {
    return question_.pins.preferred.empty() ? folder_of_resolver(spec_)
                                            : folder_of_run(session_.store);
  }

  // Lines of what the resolver wrote are nowhere to be seen: the spec is the place of problems.
  void resolve() {
    const std::string text =
        resolve_python({question_, lock_.settings, inputs_}, session_, offline_);
    Pylock lock = parse_pylock(text, resolved_in() / "pylock.toml");
    add_built_wheels(lock);
    PylockWish wish;
    if (python_.lock) wish = {lock.extras, lock.groups};
    lock_.selection = select_pylock(lock, wish, question_.facts);
    lock_.from = ReadPythonLock::From::resolver;
    const Where place = spec_.where(spec_.python->place);
    for (PythonPackage& package : lock_.selection.packages) {
      package.where = place;
      const bool is_open = package.index.empty() && !package.url.empty() &&
                           package.origin == PythonPackage::Origin::index;
      if (is_open) package.index = only_index();
    }
    for (Where& problem : lock_.selection.problems)
      problem = {place.file, place.line, place.column, std::move(problem.message)};
  }

  const PythonQuestion& question_;
  const Spec& spec_;
  const Python& python_;
  Session& session_;
  Offline offline_;
  std::string inputs_;
  ReadPythonLock lock_;
};

}  // namespace

std::map<std::string, Digest> python_files(const Spec& spec) {
  std::map<std::string, Digest> files;
  if (!spec.python) return files;
  const Python& python = spec.python->value;
  const auto note = [&](const fs::path& path) {
    std::string text = read_file(path, largest_lock);
    const fs::path below = path.lexically_relative(spec.folder);
    files.insert_or_assign((below.empty() ? path : below).string(), Digest::of(text));
    return text;
  };
  if (python.lock) note(*python.lock);
  std::error_code absent;
  const fs::path project = python.lock ? python.lock->parent_path() / "pyproject.toml" : fs::path();
  if (is_uv_lock(python) && fs::exists(project, absent)) note(project);
  if (is_project(python)) note(*python.requirements);
  if (python.requirements && !is_project(python)) {
    read_requirements(*python.requirements,
                      {note, [](const std::string&) { return std::optional<std::string>(); }});
  }
  return files;
}

ReadPythonLock read_python_lock(const PythonQuestion& question, Session& session, Offline offline) {
  return LockReader(question, session, offline).read();
}

}  // namespace mlpack
