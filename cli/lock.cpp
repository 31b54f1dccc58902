#include "cli/build_lock.h"
#include "cli/catalog_folders.h"
#include "cli/commands.h"
#include "cli/prepared_image.h"
#include "cli/python_torch.h"
#include "cli/result.h"
#include "cli/session.h"
#include "cli/stack.h"
#include "cli/targets.h"
#include "lib/lock/agree.h"
#include "lib/lock/changes.h"
#include "lib/python/name.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <memory>

namespace mlpack {
namespace {

struct LockOptions {
  std::vector<std::string> spec;
  std::vector<std::string> names;  // of --upgrade
  std::vector<std::string> platforms;
  std::vector<std::string> variables;
  bool upgrade = false;
  bool check = false;
};

[[noreturn]] void refuse_name(const std::string& name,
                              const Spec& spec,
                              const std::vector<std::string>& known) {
  const auto packages = lock_packages(spec);
  const bool is_package = std::find(packages.begin(), packages.end(), name) != packages.end();
  const auto near = did_you_mean(name, std::vector<std::string_view>(known.begin(), known.end()));
  throw Error(Fault::usage,
              fmt::format("`--upgrade {}` names nothing that is locked", printable(name)),
              is_package ? "packages are upgraded together: `--upgrade system_packages`"
              : near     ? fmt::format("did you mean `{}`?", *near)
                     : fmt::format("there is {}", known.empty() ? "nothing" : join(known, ", ")));
}

// `names` as the lock has them: those of Python packages are written in several ways.
std::vector<std::string> names_in_lock(const std::vector<std::string>& names,
                                       const Spec& spec,
                                       const Lock& locked) {
  const std::vector<std::string> known = upgradable_names(spec, locked);
  const auto is_known = [&](const std::string& name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  };
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const std::string package = normalized_name(name);
    if (!is_known(name) && !is_known(package)) refuse_name(name, spec, known);
    found.push_back(is_known(name) ? name : package);
  }
  return found;
}

// Packages that are pinned, and that the fleet does not run any more.
std::vector<std::string> unfit_packages(const BuildLock& lock, const ResolvedSpec& resolved) {
  std::vector<std::string> names;
  for (const Platform& platform : lock.platforms()) {
    const LockedPlatform* const pins = lock.pins(platform);
    if (pins == nullptr || !pins->python) continue;
    const SpecStack found =
        find_stack(resolved.catalog, resolved.asked, std::nullopt, {}, {&*pins->python});
    for (std::string& name : pinned_in_conflicts(found))
      names.push_back(std::move(name));
  }
  return names;
}

// Chooses what is not pinned: nothing is built, and no package fetched.
void choose(BuildLock& lock, const ResolvedSpec& resolved, Session& session) {
  const Spec& spec = resolved.spec;
  const WeightPins pins{&lock.pins(), {}};
  const auto weights = fetch_weights(spec, session, Offline::no, RemoteBytes::named, pins);
  lock.note(weights);
  for (const Platform& platform : lock.platforms()) {
    const BaseUse use{
        BaseLayers::leave,
        BaseUse::Packages::resolve,
        lock.pins(platform),
        nullptr,
        lock.python(platform, torch_wish_of(resolved.catalog, resolved.asked, platform))};
    const FoundBase base = reaching_base(
        resolved.asked, [&] { return find_base(spec, platform, session, Offline::no, use); });
    lock.note(
        reuse_weights(spec, platform, session, Offline::no, {BaseLayers::leave, &lock.pins()}));
    lock.note(platform, base, plan_image(resolved, platform, base, weights, session));
  }
}

std::string text_of(const LockFile& file, const std::vector<std::string>& lines) {
  if (lines.empty()) return fmt::format("{} is up to date\n", file.path.string());
  return fmt::format("{}\n", fmt::join(lock_notes(file, lines), "\n"));
}

// What a check finds is a failure that names every line of it.
std::vector<std::string> write_or_refuse(const BuildLock& lock,
                                         const LockOptions& options,
                                         Session& session) {
  const LockFile& file = lock.file();
  if (options.check) {
    auto lines = changes(file.lock, lock.result());
    if (!lines.empty()) refuse_lock(file, lines);
    return lines;
  }
  LockUpdate update = update_lock_file(file, lock.result(), session);
  if (!update.problem.empty()) {
    fail(Fault::disk, "cannot write `{}`: {}", file.path.string(), update.problem);
  }
  return std::move(update.changes);
}

void write_lock_of(const LockOptions& options, World& world) {
  const std::string path = options.spec.empty() ? "mlpack.yaml" : options.spec.front();
  const Catalog catalog = catalog_of_spec(path, world);
  const Spec asked =
      load_spec(path, {named_texts("--var", options.variables), {}, options.platforms, &catalog});
  const Spec spec = with_chosen_base(asked, catalog);
  const std::unique_ptr<Session> opened =
      options.check ? open_session(world) : std::make_unique<Session>(world);
  Session& session = *opened;
  BuildLock lock(spec, BuildLock::Use::update, world);
  const auto names = names_in_lock(options.names, spec, lock.file().lock);
  if (options.upgrade) lock.forget(names);
  const ResolvedSpec resolved{asked, spec, catalog};
  const auto unfit = unfit_packages(lock, resolved);
  if (!unfit.empty()) lock.forget(unfit);
  lock.drop_other_platforms();
  choose(lock, resolved, session);
  const auto lines = write_or_refuse(lock, options, session);
  const nlohmann::ordered_json document{
      {"schema", 1}, {"lock", lock.file().path.string()}, {"changes", lines}};
  world.terminal.result(world.json() ? json_line(document) : text_of(lock.file(), lines));
}

}  // namespace

Command lock_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<LockOptions>();
    list.positional({"SPEC", "", "a mlpack.yaml or its folder (default: ./mlpack.yaml)"},
                    options->spec);
    list.words({"--upgrade",
                "[NAME]...",
                "choose anew what NAME names (base, system_packages, python, a package of it, "
                "weights), or "
                "everything"},
               options->upgrade,
               options->names);
    list.flag({"--check", "", "write nothing; fail where the lock would change"}, options->check);
    list.options({"--platform", "P", "lock for P (linux/arm64, say), not for the spec's platforms"},
                 options->platforms);
    list.options({"--var", "NAME=VALUE", "set a variable that the spec declares"},
                 options->variables);
    return [options](World& world) { write_lock_of(*options, world); };
  };
  return {
      "lock",
      "pin what the spec leaves open",
      "Writes what the spec leaves open into the lock beside it: digests of images, versions of "
      "packages, revisions and files of weights. What is pinned stays.",
      declare,
      {}};
}

}  // namespace mlpack
