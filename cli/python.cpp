#include "cli/python.h"

#include "cli/python_found.h"
#include "cli/python_lock.h"
#include "cli/python_twice.h"
#include "cli/python_wheels.h"
#include "layers/layer_builder.h"
#include "layers/wheels.h"
#include "lib/python/name.h"
#include "lib/python/specifier.h"
#include "lib/resolve/plan.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr const char* environment_folder = "opt/venv";

// The base with the packages that the spec adds to it.
RootPaths whole_root(const FoundBase& base) {
  RootPaths root = base.files.value_or(RootPaths{});
  for (const LayerRecipe& layer : base.system) {
    for (const RecipeEntry& entry : layer.entries)
      root.replace(entry, RootPaths::the_base);
  }
  return root;
}

void throw_problems(const Spec& spec, const std::string& base, std::vector<Where> problems) {
  if (problems.empty()) return;
  const Python& python = spec.python->value;
  const fs::path lock = python.lock ? *python.lock : python.requirements.value_or("");
  const std::string text = fmt::format("`{}` cannot be installed on the base `{}`: {} problem{}",
                                       printable(lock.string()),
                                       base,
                                       problems.size(),
                                       problems.size() == 1 ? "" : "s");
  throw Error(Fault::incompatible, text, {}, std::move(problems));
}

std::vector<Where> unfit_wheels(const std::vector<ListedWheel>& wheels,
                                const PythonSelection& selection,
                                const PythonFacts& facts) {
  std::vector<Where> problems;
  const auto python = PythonVersion::parse(facts.version);
  for (std::size_t i = 0; i < wheels.size(); ++i) {
    const WheelListing& listing = wheels[i].listing;
    const auto wanted = PythonSpecifiers::parse(listing.requires_python);
    if (!python || !wanted || wanted->contains(*python)) continue;
    problems.push_back(selection.packages[i].where);
    problems.back().message = fmt::format("`{}` {} wants Python {}, and the base has {}",
                                          listing.name,
                                          printable(listing.version),
                                          printable(listing.requires_python),
                                          facts.version);
  }
  return problems;
}

// Folders of the base on the way to the places, which are not brought again.
std::vector<std::string> folders_there(const PythonPlaces& places, const RootPaths& root) {
  std::set<std::string> folders;
  for (const std::string* place :
       {&places.packages, &places.scripts, &places.data, &places.headers}) {
    for_each_parent(*place + "/", [&](std::string_view parent) {
      const RecipeEntry* const entry = root.find(std::string(parent));
      if (entry != nullptr && entry->kind == EntryKind::directory) folders.emplace(parent);
    });
  }
  return {folders.begin(), folders.end()};
}

// A distribution of the base would stay beside the new one, with half of its files replaced.
void refuse_installed(const std::vector<ListedWheel>& wheels,
                      const PythonPlaces& places,
                      const RootPaths& root) {
  for (const RecipeEntry* entry : root.children(places.packages)) {
    const std::string name = entry->path.substr(entry->path.rfind('/') + 1);
    if (!name.ends_with(".dist-info")) continue;
    const std::string package = normalized_name(name.substr(0, name.find('-')));
    for (const ListedWheel& wheel : wheels) {
      if (wheel.listing.name != package) continue;
      throw Error(Fault::incompatible,
                  fmt::format("the base has `{}` already, in `/{}`", package, entry->path),
                  "install into an environment of its own: `install: venv`");
    }
  }
}

void refuse_environment(const RootPaths& root) {
  const bool is_there = root.find(environment_folder) != nullptr ||
                        root.resolve(environment_folder) != environment_folder;
  if (!is_there) return;
  throw Error(
      Fault::incompatible,
      fmt::format("the base has a `/{}` already, or a link in its place", environment_folder),
      "take the base that it was made from, or `install: base`");
}

struct Ground {
  PythonPlaces places;
  WheelGround wheels;
};

// The environment's own layer, and where wheels go.
Ground make_environment(FoundBase& base, const FoundPython& python, const RootPaths& root) {
  refuse_environment(root);
  const VirtualEnvironment environment{environment_folder,
                                       python.interpreter,
                                       python.facts.version,
                                       python.facts.target.major,
                                       python.facts.target.minor};
  LayerRecipe layer = environment_recipe(environment);
  if (root.find("opt") != nullptr) {
    std::erase_if(layer.entries, [](const RecipeEntry& entry) { return entry.path == "opt"; });
  }
  Ground ground{places_of(environment), {{"opt"}, {}}};
  for (const RecipeEntry& entry : layer.entries) {
    if (entry.kind != EntryKind::directory) ground.wheels.taken.push_back(entry.path);
  }
  base.python.push_back(std::move(layer));
  return ground;
}

// The wheels that are installed, and what a lock says of them.
struct ChosenWheels {
  ReadPythonLock lock;
  std::vector<FoundWheel> wheels;
  LockedPython locked;
};

ChosenWheels choose_wheels(const FoundBase& base,
                           const PythonTask& task,
                           const PythonFacts& facts,
                           WheelBytes bytes,
                           Session& session) {
  const Spec& spec = task.spec;
  PythonQuestion question{spec, facts, task.pins};
  if (task.pins.torch) question.torch = task.pins.torch(base.facts.config);
  ChosenWheels chosen;
  chosen.lock = read_python_lock(question, session, task.offline);
  if (task.offline == Offline::no) {
    name_other_versions(chosen.lock.selection, chosen.lock.settings, facts, session);
  }
  throw_problems(spec, base.facts.name, std::move(chosen.lock.selection.problems));
  const bool is_pinned = chosen.lock.from == ReadPythonLock::From::pins;
  if (is_pinned) chosen.locked = *task.pins.locked;
  // What is pinned is known as far as a lock goes.
  if (is_pinned && bytes == WheelBytes::list) return chosen;
  chosen.wheels = find_wheels(
      chosen.lock.selection, chosen.lock.settings, facts, session, {task.offline, bytes});
  if (is_pinned) return chosen;
  chosen.locked.version = facts.version;
  chosen.locked.libc = libc_text(facts.target.libc);
  chosen.locked.torch = question.torch.build;
  chosen.locked.wheels = locked_wheels(chosen.wheels, spec);
  return chosen;
}

void note_wheels(FoundBase& base, ChosenWheels& chosen) {
  base.locked_python = std::move(chosen.locked);
  const bool is_pinned = chosen.lock.from == ReadPythonLock::From::pins;
  base.wheels = is_pinned ? FoundBase::Wheels::pinned : FoundBase::Wheels::chosen;
}

std::vector<CachedWheel> cached_of(std::vector<FoundWheel> found) {
  std::vector<CachedWheel> cached;
  cached.reserve(found.size());
  for (FoundWheel& wheel : found)
    cached.push_back(std::move(wheel.wheel));
  return cached;
}

// What is known of the base's own files alone.
void warn_of_libraries(const std::vector<ListedWheel>& wheels,
                       const FoundBase& base,
                       const FoundPython& python,
                       Session& session) {
  const auto warning =
      base.files ? libraries_twice(wheels, *base.files, base.facts.name, python.facts.target.minor)
                 : std::nullopt;
  if (!warning) return;
  session.terminal().warn(fmt::format("{}: {}; {}", warning->what, warning->why, warning->fix));
}

// Distributions in a folder of packages, by their normalised names.
std::set<std::string> installed_in(const RootPaths& root, const std::string& packages) {
  std::set<std::string> names;
  for (const RecipeEntry* entry : root.children(packages)) {
    const std::string name = entry->path.substr(entry->path.rfind('/') + 1);
    const bool is_one = name.ends_with(".dist-info") || name.ends_with(".egg-info");
    if (is_one) names.insert(normalized_name(name.substr(0, name.find('-'))));
  }
  return names;
}

// Who exports without dependencies means to; who forgets one finds out when the image runs.
void warn_of_needs(const std::vector<std::string>& missing, Session& session) {
  constexpr std::size_t most_named = 5;
  if (missing.empty()) return;
  std::vector<std::string> named(
      missing.begin(),
      missing.begin() + static_cast<std::ptrdiff_t>(std::min(missing.size(), most_named)));
  if (missing.size() > named.size()) {
    named.push_back(fmt::format("and {} more", missing.size() - named.size()));
  }
  session.terminal().warn(
      fmt::format("python: the image lacks {}: add it to what is installed, or lock again with all "
                  "that is needed (`uv pip compile --generate-hashes`)",
                  fmt::join(named, "; ")));
}

FoundPython look_for_python(const FoundBase& base,
                            const RootPaths& root,
                            const PythonTask& task,
                            Session& session) {
  const std::string& version = task.spec.python->value.version;
  FoundPython python =
      find_python(root, base.facts.config, task.platform, version, base.facts.name);
  for (const std::string& warning : python.warnings)
    session.terminal().warn(warning);
  session.terminal().detail(
      fmt::format("python: {} of the base, {}", python.facts.version, python.interpreter));
  return python;
}

}  // namespace

void set_python_variables(const Spec& spec, ImageConfig& config) {
  if (spec.python->value.install == Python::Install::base) return;
  const std::string path = config.env_value("PATH").value_or(std::string(default_path));
  config.set_env("PATH", fmt::format("/{}/bin:{}", environment_folder, path));
  config.set_env("VIRTUAL_ENV", fmt::format("/{}", environment_folder));
}

void choose_python(FoundBase& base, const PythonTask& task, Session& session) {
  const std::string& version = task.spec.python->value.version;
  auto python =
      base.locked_system
          ? find_packaged_python(*base.locked_system, task.platform, version, base.facts.name)
          : std::nullopt;
  if (!python) python = look_for_python(base, whole_root(base), task, session);
  ChosenWheels chosen = choose_wheels(base, task, python->facts, WheelBytes::list, session);
  note_wheels(base, chosen);
}

void add_python(FoundBase& base, const PythonTask& task, Session& session) {
  const Spec& spec = task.spec;
  const RootPaths root = whole_root(base);
  const FoundPython python = look_for_python(base, root, task, session);
  ChosenWheels chosen = choose_wheels(base, task, python.facts, WheelBytes::fetch, session);
  const auto wheels =
      list_wheels(cached_of(std::move(chosen.wheels)), session.store, session.world.settings.jobs);
  throw_problems(spec, base.facts.name, unfit_wheels(wheels, chosen.lock.selection, python.facts));
  note_wheels(base, chosen);
  warn_of_libraries(wheels, base, python, session);

  const bool is_venv = spec.python->value.install == Python::Install::venv;
  Ground ground =
      is_venv ? make_environment(base, python, root) : Ground{own_places(python, root), {}};
  if (!is_venv) {
    ground.wheels.folders = folders_there(ground.places, root);
    refuse_installed(wheels, ground.places, root);
  }
  const auto there = is_venv ? std::set<std::string>() : installed_in(root, ground.places.packages);
  warn_of_needs(missing_needs(wheels, python.facts, std::move(chosen.lock.extras), there), session);
  set_python_variables(spec, base.facts.config);
  WheelLayers layers = wheel_layers(
      wheels, ground.places, ground.wheels, spec.layers.max_size, session.world.settings.jobs);
  for (const std::string& warning : layers.warnings)
    session.terminal().warn(warning);
  std::move(layers.layers.begin(), layers.layers.end(), std::back_inserter(base.python));
  for (const LayerRecipe& layer : base.python)
    base.root.add(layer);
}

}  // namespace mlpack
