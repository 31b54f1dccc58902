#include "cli/python_lock.h"

#include "cli/python_inputs.h"
#include "cli/python_local.h"
#include "cli/python_resolve.h"
#include "lib/python/project.h"
#include "lib/python/pylock.h"
#include "lib/python/requirement.h"
#include "lib/python/requirements_file.h"
#include "lib/python/uv_lock.h"
#include "lib/text.h"
#include "lib/url_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
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

// pip passes over a place that is not there, and uv stops at it. Neither runs where we do.
void find_places(std::vector<std::string>& places) {
  const auto is_url = [](const std::string& place) {
    return place.find("://") != std::string::npos;
  };
  for (std::string& place : places) {
    place = path_of_file_url(place).value_or(place);
    if (!is_url(place)) place = fs::absolute(place).string();
  }
  std::erase_if(places, [&](const std::string& place) {
    std::error_code absent;
    return !is_url(place) && !fs::exists(place, absent);
  });
}

bool is_uv_lock(const Python& python) {
  return python.lock && python.lock->filename() == "uv.lock";
}

bool is_project(const Python& python) {
  return python.requirements && python.requirements->extension() == ".toml";
}

std::string inputs_of(const Spec& spec) {
  std::string inputs;
  for (const auto& [path, sha256] : python_files(spec))
    inputs += fmt::format("{} {}\n", path, sha256.hex());
  return inputs;
}

// `uv export` takes a lock as it is: what its projects ask for since would be missing.
void require_same_projects(const fs::path& lock) {
  auto lines = uv_lock_differences(read_file(lock, largest_lock), lock, [](const fs::path& path) {
    return read_file_if_exists(path, largest_lock);
  });
  if (lines.empty()) return;
  throw Error(Fault::lock,
              fmt::format("`{}` is stale", printable(lock.string())),
              "run `uv lock`, and commit what it writes",
              std::move(lines));
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
      add_secrets();
      lock_.from = ReadPythonLock::From::pins;
    } else if (python_.lock && !is_uv_lock(python_)) {
      finish_settings();
      const std::string text = read_text(*python_.lock);
      Pylock lock = parse_pylock(text, *python_.lock);
      add_built_wheels(lock);
      lock_.selection = select_pylock(lock, {python_.extras, python_.groups}, question_.facts);
    } else if (python_.requirements && !is_project(python_)) {
      read_requirements_file();
      finish_settings();
      if (!is_locked(file_)) {
        resolve();
        add_secrets();
        check_hashes();
      }
      if (is_locked(file_)) {
        lock_.selection = select_requirements(file_, question_.facts);
        add_local_wheels(file_.local, question_.facts, lock_.selection);
      }
    } else {
      finish_settings();
      if (is_uv_lock(python_)) require_same_projects(*python_.lock);
      const std::string project = is_project(python_) ? read_text(*python_.requirements) : "";
      const bool is_open = python_.lock || python_.requirements || !python_.packages.empty();
      if (is_open) resolve();
      check_python_of(project);
      add_secrets();
    }
    note_extras();
    return std::move(lock_);
  }

 private:
  static std::string read_text(const fs::path& path) { return read_file(path, largest_lock); }

  void finish_settings() {
    const World& world = session_.world;
    add_settings(lock_.settings, host_index_settings(world.environment, world.settings.home));
    find_places(lock_.settings.find_links);
    if (lock_.settings.index_url.empty()) lock_.settings.index_url = "https://pypi.org/simple";
  }

  void read_requirements_file() {
    file_ = read_requirements(*python_.requirements, {read_text, [&](const std::string& name) {
                                                        return session_.world.environment(name);
                                                      }});
    add_settings(lock_.settings, settings_of(file_));
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
    const bool is_here = python_.lock || question_.pins.preferred.empty();
    return is_here ? folder_of_resolver(spec_) : folder_of_run(session_.store);
  }

  // Lines of what the resolver wrote are nowhere to be seen: the spec is the place of problems.
  void resolve() {
    const std::string inputs = inputs_of(spec_);
    const fs::path result = resolved_in() / "pylock.toml";
    const std::string text =
        resolve_python({question_, lock_.settings, inputs, file_, result}, session_, offline_);
    Pylock lock = parsed_result(text, result);
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

  Pylock parsed_result(const std::string& text, const fs::path& result) const {
    try {
      return parse_pylock(text, result);
    } catch (const Error& error) {
      const Where place = spec_.where(spec_.python->place);
      std::vector<Where> lines = error.where();
      for (Where& line : lines)
        line = {place.file, place.line, place.column, std::move(line.message)};
      throw Error(error.fault(),
                  "what `python` names cannot be installed as the resolver found it",
                  "mlpack compares the sha256 of files: name that (`#sha256=…`), or no hash",
                  std::move(lines));
    }
  }

  // uv does not mind.
  void check_python_of(const std::string& project) {
    const auto python = PythonVersion::parse(question_.facts.version);
    if (project.empty() || !python) return;
    if (parse_project(project, *python_.requirements).python.contains(*python)) return;
    lock_.selection.problems.push_back(spec_.where(spec_.python->place));
    lock_.selection.problems.back().message =
        fmt::format("the base has Python {}, which is not in `requires-python` of `{}`",
                    question_.facts.version,
                    printable(python_.requirements->string()));
  }

  void note_extras() {
    for (const PythonRequirement& one : wanted())
      lock_.extras[one.name].insert(one.extras.begin(), one.extras.end());
  }

  std::vector<PythonRequirement> wanted() const {
    std::vector<PythonRequirement> wanted;
    for (const RequirementLine& line : file_.requirements)
      wanted.push_back(line.requirement);
    for (const std::string& text : python_.packages) {
      if (auto read = parse_requirement(text)) wanted.push_back(std::move(*read));
    }
    return wanted;
  }

  // URLs with a user or a query in the spec's own files, by what is left without them.
  std::map<std::string, std::string> urls_of_files() const {
    std::vector<fs::path> files;
    if (python_.lock) files.push_back(*python_.lock);
    if (is_project(python_)) files.push_back(*python_.requirements);
    if (is_uv_lock(python_)) files.push_back(python_.lock->parent_path() / "pyproject.toml");
    for (const LocalRequirement& local : file_.local)
      files.push_back(local.path / "pyproject.toml");
    std::map<std::string, std::string> urls;
    for (const fs::path& path : files) {
      std::error_code absent;
      if (!fs::is_regular_file(path, absent)) continue;
      for (std::string& url : secret_urls_in(read_text(path)))
        urls.insert_or_assign(url_without_secrets(url), std::move(url));
    }
    return urls;
  }

  // Neither a lock nor the store keeps what may be secret in a URL: who asked for it has it.
  void add_secrets() {
    auto urls = urls_of_files();
    for (const PythonRequirement& one : wanted()) {
      std::string url = one.url.substr(0, one.url.find('#'));
      if (!url.empty()) urls.insert_or_assign(url_without_secrets(url), std::move(url));
    }
    for (PythonPackage& package : lock_.selection.packages) {
      const auto found = urls.find(url_without_secrets(package.url));
      if (found != urls.end()) package.url = found->second;
    }
  }

  // uv passes over them where it resolves.
  void check_hashes() const {
    for (const LocalRequirement& local : file_.local) {
      for (const PythonPackage& package : lock_.selection.packages) {
        const bool is_its = package.path == fs::absolute(local.path).lexically_normal();
        if (is_its && !local.sha256.empty()) check_hash(package, local.sha256, local.where);
      }
    }
    for (const RequirementLine& line : file_.requirements) {
      const bool applies =
          evaluate_marker(line.requirement.marker, question_.facts.markers) == true;
      if (line.sha256.empty() || !applies) continue;
      for (const PythonPackage& package : lock_.selection.packages) {
        if (package.name == line.requirement.name) check_hash(package, line.sha256, line.where);
      }
    }
  }

  static void check_hash(const PythonPackage& package,
                         const std::vector<Digest>& wanted,
                         Where where) {
    const bool has_one =
        std::any_of(package.sha256.begin(), package.sha256.end(), [&](const Digest& sha256) {
          return std::find(wanted.begin(), wanted.end(), sha256) != wanted.end();
        });
    if (has_one) return;
    where.message =
        fmt::format("`{}` {} has another sha256 than is named here", package.name, package.version);
    throw Error(Fault::integrity,
                "the requirements name other files than those that were found",
                "lock them again where the index is trusted: `uv pip compile --generate-hashes`",
                {std::move(where)});
  }

  const PythonQuestion& question_;
  const Spec& spec_;
  const Python& python_;
  Session& session_;
  Offline offline_;
  RequirementsFile file_;
  ReadPythonLock lock_;
};

}  // namespace

ReadPythonLock read_python_lock(const PythonQuestion& question, Session& session, Offline offline) {
  return LockReader(question, session, offline).read();
}

}  // namespace mlpack
