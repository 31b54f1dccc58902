#include "cli/plan.h"

#include "cli/catalog_folders.h"
#include "cli/commands.h"
#include "cli/result.h"
#include "cli/targets.h"
#include "lib/date.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;

// The catalog has dates as `2025-10-31`, and compares them as texts.
void check_as_of(const std::string& date) {
  const auto parsed = parse_date(date);
  const bool is_day = parsed && parsed->day != 0;
  if (date.empty() || is_day) return;
  throw Error(Fault::usage,
              fmt::format("`--as-of {}` is no day", printable(date)),
              "write it as YEAR-MONTH-DAY, such as 2025-10-31");
}

// What does not go together, as a result with its exit code.
void show_conflicts(const PlanConflicts& conflicts, World& world) {
  world.exit_code = static_cast<int>(Fault::incompatible);
  if (!world.json()) return world.terminal.result(conflicts_text(conflicts));
  nlohmann::ordered_json document{{"schema", 1}};
  add_conflicts(document, conflicts);
  world.terminal.result(json_line(document));
}

// What ends all conflicts makes no model smaller.
void add_misfits(PlanConflicts& conflicts, PlanConflicts misfits) {
  if (misfits.list.empty()) return;
  for (PlanConflict& conflict : conflicts.list)
    conflict.enough.clear();
  conflicts.together.clear();
  for (PlanConflict& misfit : misfits.list) {
    if (!conflicts.list.empty()) misfit.enough.clear();
    conflicts.list.push_back(std::move(misfit));
  }
}

// What contradicts each other in `spec`, and which models would not fit the machines whatever is
// done about that, as far as their files are on this disk.
PlanConflicts conflicts_of(const Spec& spec,
                           const Resolution& resolution,
                           const Catalog& catalog,
                           World& world) {
  PlanConflicts found = plan_conflicts(resolution);
  try {
    Session session(world, Store::Access::read);
    const auto fits = plan_fits(spec, catalog, {}, Offline::yes, session);
    add_misfits(found, plan_conflicts(fits));
  } catch (const Error&) {
    return found;  // it is told once they are out of the way
  }
  return found;
}

PlanConflicts misfits_of(const std::vector<PlannedImage>& images) {
  PlanConflicts conflicts;
  for (const PlannedImage& image : images) {
    auto found = plan_conflicts(image.fits);
    // Every platform has the same machines and models.
    if (conflicts.list.empty()) conflicts = std::move(found);
  }
  return conflicts;
}

void show_plan(const std::vector<PlannedImage>& images, World& world) {
  const auto misfits = misfits_of(images);
  if (world.json()) {
    auto document = plan_json(images);
    if (!misfits.list.empty()) add_conflicts(document, misfits);
    return world.terminal.result(json_line(document));
  }
  std::string text;
  for (const PlannedImage& image : images)
    text += (text.empty() ? "" : "\n") + plan_text(image);
  if (!misfits.list.empty()) text += "\n" + conflicts_text(misfits);
  world.terminal.result(text);
}

void explain(const std::vector<PlannedImage>& images, const std::string& what, World& world) {
  world.terminal.result(world.json() ? json_line(explain_json(images, what))
                                     : explain_text(images, what));
}

void plan(const PlanOptions& options, World& world) {
  check_as_of(options.as_of);
  const std::string path = options.spec.empty() ? "mlpack.yaml" : options.spec.front();
  const Catalog catalog = catalog_of_spec(path, world);
  const Spec asked =
      load_spec(path, {named_texts("--var", options.variables), {}, options.platforms, &catalog});
  SpecStack found;
  if (needs_stack(asked)) found = find_stack(catalog, asked, std::nullopt, options.as_of);
  if (!found.resolution.conflicts.empty() && !waits_for_base(asked, found)) {
    return show_conflicts(conflicts_of(asked, found.resolution, catalog, world), world);
  }
  const Spec spec = found.resolution.stack ? with_base(asked, *found.resolution.stack) : asked;
  Session session(world, Store::Access::read);
  const BuildLock lock(spec, BuildLock::Use::update, world);
  const Offline network = options.offline ? Offline::yes : Offline::no;
  const PlanInputs inputs{asked, spec, catalog, found, lock, network, options.as_of};
  std::vector<PlannedImage> images;
  for (const Platform& platform : lock.platforms()) {
    PlanOutcome outcome = plan_image_of(inputs, platform, session);
    if (!outcome.image) {
      return show_conflicts(conflicts_of(spec, outcome.resolution, catalog, world), world);
    }
    images.push_back(std::move(*outcome.image));
  }
  if (!misfits_of(images).list.empty()) world.exit_code = static_cast<int>(Fault::incompatible);
  if (!options.explain.empty()) return explain(images, options.explain, world);
  show_plan(images, world);
}

}  // namespace

Command plan_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<PlanOptions>();
    list.positional(
        {"SPEC", "", "a mlpack.yaml or its folder (default: ./mlpack.yaml)", {}, Count::optional},
        options->spec);
    list.option({"--explain",
                 "WHAT",
                 "say what led to WHAT: base, cuda, driver, python, runtime, fit, a framework or a "
                 "layer"},
                options->explain);
    list.option({"--as-of", "DATE", "choose among what was released by DATE (2025-10-31, say)"},
                options->as_of);
    list.options({"--platform", "P", "plan for P (linux/arm64, say), not for the spec's platforms"},
                 options->platforms);
    list.options({"--var", "NAME=VALUE", "set a variable that the spec declares"},
                 options->variables);
    list.flag({"--offline", "", "use no network: plan from the catalog, the lock and the store"},
              options->offline);
    return [options](World& world) { plan(*options, world); };
  };
  return {
      "plan",
      "say what would be built, and why; write nothing",
      "Chooses base, CUDA, frameworks and Python for the machines of the spec, estimates whether "
      "the model fits them, and lists the layers. Exit code 9: nothing runs there; then what "
      "contradicts each other is told, and the nearest ways out.",
      declare,
      {}};
}

}  // namespace mlpack
