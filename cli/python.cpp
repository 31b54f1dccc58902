#include "cli/python.h"

#include "cli/python_found.h"
#include "cli/python_lock.h"
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
  ImageConfig& config = base.facts.config;
  const std::string path = config.env_value("PATH").value_or(std::string(default_path));
  config.set_env("PATH", fmt::format("/{}:{}", ground.places.scripts, path));
  config.set_env("VIRTUAL_ENV", fmt::format("/{}", environment_folder));
  return ground;
}

}  // namespace

void add_python(FoundBase& base,
                const Spec& spec,
                const Platform& platform,
                Session& session,
                Offline offline) {
  const Python& wish = spec.python->value;
  const RootPaths root = whole_root(base);
  const FoundPython python =
      find_python(root, base.facts.config, platform, wish.version, base.facts.name);
  for (const std::string& warning : python.warnings)
    session.terminal().warn(warning);
  session.terminal().detail(
      fmt::format("python: {} of the base, {}", python.facts.version, python.interpreter));
  ReadPythonLock lock = read_python_lock(spec, python.facts, session, offline);
  throw_problems(spec, base.facts.name, std::move(lock.selection.problems));
  const auto cached = fetch_wheels(lock.selection, lock.settings, python.facts, session, offline);
  const auto wheels = list_wheels(cached, session.store, session.world.settings.jobs);
  throw_problems(spec, base.facts.name, unfit_wheels(wheels, lock.selection, python.facts));

  const bool is_venv = wish.install == Python::Install::venv;
  Ground ground =
      is_venv ? make_environment(base, python, root) : Ground{own_places(python, root), {}};
  if (!is_venv) {
    ground.wheels.folders = folders_there(ground.places, root);
    refuse_installed(wheels, ground.places, root);
  }
  WheelLayers layers = wheel_layers(wheels, ground.places, ground.wheels, spec.layers.max_size);
  for (const std::string& warning : layers.warnings)
    session.terminal().warn(warning);
  std::move(layers.layers.begin(), layers.layers.end(), std::back_inserter(base.python));
  for (const LayerRecipe& layer : base.python)
    base.root.add(layer);
}

}  // namespace mlpack
