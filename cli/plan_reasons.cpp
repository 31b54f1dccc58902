#include "cli/plan.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/rules_code.h"
#include "lib/resolve/rules_driver.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace mlpack {
namespace {

using Rulings = std::vector<Ruling>;

Ruling plain(std::string reason, std::vector<const CatalogRow*> evidence = {}) {
  return {Verdict::yes, std::move(reason), std::move(evidence)};
}

const CatalogRow* row_of(const Choice& choice) {
  const bool has_row = !choice.because.empty() && !choice.because.front().evidence.empty();
  return has_row ? choice.because.front().evidence.front() : nullptr;
}

std::vector<const CatalogRow*> rows_of(const Choice& choice) {
  const CatalogRow* const row = row_of(choice);
  return row == nullptr ? std::vector<const CatalogRow*>() : std::vector{row};
}

const Choice* find_choice(const Stack& stack, std::string_view what) {
  const auto found = std::find_if(stack.choices.begin(),
                                  stack.choices.end(),
                                  [&](const Choice& choice) { return choice.what == what; });
  return found == stack.choices.end() ? nullptr : &*found;
}

// All that is decided together, and why.
class Reasoning {
 public:
  Reasoning(const PlanInputs& inputs, const SpecStack& found)
      : catalog_(inputs.catalog),
        asked_(inputs.asked),
        demands_(found.demands),
        stack_(*found.resolution.stack) {}

  // What runs on the machines of each group, as the rules say it.
  Choice with_machines(Choice choice) const {
    const CatalogRow* const row = row_of(choice);
    const TorchBuild* const build = torch_build(row);
    const RuntimeRelease* const release =
        choice.what == demands_.runtime ? runtime_release(row) : nullptr;
    for (const FleetGroup& group : demands_.fleet) {
      if (group.gpu == nullptr) continue;
      const Version& device = group.gpu->compute_capability;
      if (const auto code = code_for(build, *group.gpu)) {
        add(choice, group, code_runs(catalog_, *code, device, build->cuda));
      }
      if (release != nullptr) add(choice, group, runtime_runs(catalog_, *release, device));
    }
    return choice;
  }

  std::optional<Choice> cuda() const {
    if (!stack_.cuda) return std::nullopt;
    const Choice* const own = find_choice(stack_, component::cuda);
    Choice choice = own != nullptr ? *own : Choice{"cuda", std::string(stack_.cuda->text()), {}};
    const Choice& first = stack_.choices[stack_.cuda_from];
    const auto& base = demands_.base;
    const bool is_in_tag = base && base->official && base->official->cuda == stack_.cuda;
    if (own == nullptr && is_in_tag) {
      choice.because.push_back(plain(fmt::format("the tag of {} says it", base->name)));
    } else if (own == nullptr) {
      choice.because.push_back(plain(why_cuda_of(first), rows_of(first)));
    }
    if (demands_.cuda && own == nullptr)
      choice.because.push_back(plain("the spec pins CUDA " + text(demands_.cuda)));
    for (const FleetGroup& group : demands_.fleet) {
      if (group.gpu == nullptr) continue;
      add(choice,
          group,
          toolkit_supports_gpu(catalog_, *stack_.cuda, group.gpu->compute_capability));
      if (!group.driver) continue;
      add(choice,
          group,
          driver_runs_cuda(catalog_, *stack_.cuda, *group.driver, *group.gpu, stack_.compat));
    }
    return choice;
  }

  std::optional<Choice> driver() const {
    if (!stack_.min_driver || !stack_.cuda) return std::nullopt;
    const auto& branches = stack_.compat_branches;
    const std::string with_compat =
        branches.empty()
            ? ""
            : fmt::format(", or branch {} with the compat package", fmt::join(branches, ", "));
    Choice choice{"driver", text(stack_.min_driver) + " or newer" + with_compat, {}};
    for (const FleetGroup& group : demands_.fleet) {
      const auto floor =
          group.gpu == nullptr ? std::nullopt : driver_floor(catalog_, *stack_.cuda, *group.gpu);
      if (!floor) continue;
      choice.because.push_back(plain(fmt::format("{} runs CUDA {} from driver {} on",
                                                 group.gpu->name,
                                                 stack_.cuda->text(),
                                                 floor->driver.text()),
                                     {floor->row, group.gpu->row}));
      const bool is_older = group.driver && is_older_driver(*group.driver, floor->driver) == true;
      if (!is_older || stack_.compat == CompatInImage::no) continue;
      choice.because.push_back(plain(fmt::format("driver {} of {} runs it with the compat package",
                                                 group.driver->text(),
                                                 group.gpu->name)));
    }
    return choice;
  }

  std::optional<Choice> python() const {
    if (!stack_.python || !demands_.needs_python) return std::nullopt;
    Choice choice{"python", text(stack_.python), {}};
    if (demands_.python) choice.because.push_back(plain("the spec asks for it"));
    if (demands_.base && demands_.base->python) choice.because.push_back(python_of(*demands_.base));
    if (!stack_.base_packages.empty())
      choice.because.push_back(plain("the `python3` of the base's distribution is that one"));
    if (!choice.because.empty()) return choice;
    if (demands_.base || !demands_.runtime.empty()) {
      choice.because.push_back(
          plain("which one the base has is seen when it is built on; this is a guess"));
    }
    choice.because.push_back(newest_python());
    return choice;
  }

  Ruling base() const {
    if (names_base(asked_)) return plain("the spec names it");
    if (!demands_.runtime.empty()) {
      const Choice* const runtime = find_choice(stack_, demands_.runtime);
      const std::string release = runtime == nullptr ? std::string() : " " + runtime->chosen;
      return plain(
          fmt::format("`base: auto` is the official image of {}{}", demands_.runtime, release),
          runtime == nullptr ? std::vector<const CatalogRow*>() : rows_of(*runtime));
    }
    if (!stack_.base_because.empty()) return stack_.base_because.front();
    if (stack_.python) {
      const bool is_brought = stack_.cuda && stack_.libraries == Stack::Libraries::there;
      return plain(fmt::format("`base: auto` is the slim image of Python {}{}",
                               stack_.python->text(),
                               is_brought ? ": wheels bring what they need of CUDA" : ""));
    }
    return plain(stack_.cuda ? fmt::format("`base: auto` is the smallest official image of CUDA {}",
                                           stack_.cuda->text())
                             : std::string("nothing in the spec needs more"));
  }

 private:
  // `>=3.12` is what a release takes, and no list of its wheels.
  static bool names_wheels(const CatalogRow& row) {
    const std::string_view pythons = row.at("python");
    const bool is_open = pythons.starts_with(">=") && pythons.find('<') == std::string_view::npos;
    return row.table == "torch_builds" || (!pythons.empty() && !is_open);
  }

  Ruling newest_python() const {
    std::vector<const CatalogRow*> rows;
    std::vector<std::string> unknown;
    for (const Choice& other : stack_.choices) {
      const auto& packages = demands_.packages;
      const bool is_package =
          std::any_of(packages.begin(), packages.end(), [&](const PackageDemand& package) {
            return package.name == other.what;
          });
      const CatalogRow* const row = is_package ? row_of(other) : nullptr;
      if (row == nullptr) continue;
      if (names_wheels(*row))
        rows.push_back(row);
      else
        unknown.push_back(other.what);
    }
    std::vector<std::string> limits;
    if (demands_.python_file) limits.push_back(demands_.python_file->name + " is for");
    if (!rows.empty())
      limits.push_back(unknown.empty() ? "all that was chosen has wheels for"
                                       : "the rest has wheels for");
    std::string reason = "the newest" + (limits.empty() ? "" : " that " + join(limits, " and "));
    if (!unknown.empty())
      reason += fmt::format("; which wheels of {} there are, the catalog does not say",
                            join(unknown, ", "));
    return plain(std::move(reason), rows);
  }

  static Ruling python_of(const BaseDemand& base) {
    const Distro* const distro = base.distro;
    if (distro == nullptr || distro->python != base.python) return plain("the base has it");
    return plain("the `python3` of the base's distribution is that one", {distro->row});
  }

  static std::string text(const std::optional<Version>& version) {
    return std::string(version->text());
  }

  // What speaks against it and is in the image all the same is a warning, and no reason.
  static void add(Choice& choice, const FleetGroup& group, Ruling ruling) {
    if (ruling.verdict == Verdict::no) return;
    ruling.reason = fmt::format("{}: {}", group.gpu->name, ruling.reason);
    choice.because.push_back(std::move(ruling));
  }

  // A build goes with later versions of its CUDA major; what nobody has seen is built with nothing.
  std::string why_cuda_of(const Choice& first) const {
    const CatalogRow* const row = row_of(first);
    const std::string what = first.what + " " + first.chosen;
    for (const FrameworkRelease& release : catalog_.framework_releases()) {
      if (row == nullptr || release.row != row) continue;
      for (const Version& cuda : release.builds) {
        if (cuda.part(0) != stack_.cuda->part(0) || cuda.same_minor(*stack_.cuda)) continue;
        return fmt::format("{} is built with CUDA {}, and goes with later ones of CUDA {}",
                           what,
                           cuda.text(),
                           cuda.part(0));
      }
    }
    const bool is_unseen =
        first.what == component::torch && row != nullptr && torch_build(row) == nullptr;
    return what + (is_unseen ? " would be built with it" : " is built with it");
  }

  const RuntimeRelease* runtime_release(const CatalogRow* row) const {
    const auto releases = catalog_.runtime_releases();
    const auto found = std::find_if(
        releases.begin(), releases.end(), [&](const auto& release) { return release.row == row; });
    return found == releases.end() ? nullptr : &*found;
  }

  // Of the wheel for the processor of such machines.
  std::optional<GpuCode> code_for(const TorchBuild* build, const Gpu& gpu) const {
    if (build == nullptr) return std::nullopt;
    const bool is_arm = arm_machine(catalog_, demands_, gpu) != ArmMachine::no;
    return is_arm ? arm_code_of(*build) : code_of(*build);
  }

  const TorchBuild* torch_build(const CatalogRow* row) const {
    const auto builds = catalog_.torch_builds();
    const auto found = std::find_if(builds.begin(), builds.end(), [&](const TorchBuild& build) {
      return row != nullptr && build.row == row;
    });
    return found == builds.end() ? nullptr : &*found;
  }

  const Catalog& catalog_;
  const Spec& asked_;
  const Demands& demands_;
  const Stack& stack_;
};

void add_stack(std::vector<Choice>& decisions, const Reasoning& reasoning, const Stack& stack) {
  for (const Choice& choice : stack.choices) {
    if (choice.what != component::cuda) decisions.push_back(reasoning.with_machines(choice));
  }
  for (auto choice : {reasoning.cuda(), reasoning.driver(), reasoning.python()}) {
    if (choice) decisions.push_back(std::move(*choice));
  }
}

Rulings rulings_of(const std::vector<std::string>& reasons) {
  Rulings rulings;
  std::transform(reasons.begin(), reasons.end(), std::back_inserter(rulings), [](auto& reason) {
    return plain(reason);
  });
  return rulings;
}

// What the machines of the fleet have to do with the platform that they need.
Rulings rulings_of_platform(const PlanInputs& inputs, const Decision& platform) {
  Rulings rulings = rulings_of(platform.because);
  if (inputs.spec.platforms_from != Spec::PlatformsFrom::fleet) return rulings;
  for (const auto& [row, place] : inputs.spec.fleet) {
    if (row.is_cpu()) continue;
    const auto match = inputs.catalog.find_gpu(row.gpu);
    const auto named = Platform::parse(platform.chosen);
    if (!match || !named) continue;
    const GpuProcessor* const known = inputs.catalog.find_gpu_processor(match->gpu->name);
    if (known != nullptr && known->architecture == named->architecture) {
      rulings.push_back(
          plain(fmt::format(
                    "{} is one module with its processor, {}", match->gpu->name, known->processor),
                {known->row}));
    } else if (known == nullptr && named->architecture != "arm64") {
      rulings.push_back(plain(fmt::format("{} is a card, and most machines with cards are {}",
                                          match->gpu->name,
                                          platform.chosen),
                              {match->gpu->row}));
    }
  }
  return rulings;
}

}  // namespace

std::vector<Choice> plan_decisions(const PlanInputs& inputs,
                                   const SpecStack& stack,
                                   const std::string& base,
                                   const Plan& plan) {
  std::vector<Choice> decisions;
  const bool is_resolved = stack.resolution.stack.has_value();
  const auto add = [&](const Decision& decision) {
    decisions.push_back({decision.what, decision.chosen, rulings_of(decision.because)});
  };
  const auto is_platform = [](const Decision& decision) { return decision.what == "platform"; };
  const auto& others = plan.decisions;
  const auto platform = std::find_if(others.begin(), others.end(), is_platform);
  if (platform != others.end()) {
    decisions.push_back({platform->what, platform->chosen, rulings_of_platform(inputs, *platform)});
  }
  if (is_resolved) {
    const Reasoning reasoning(inputs, stack);
    decisions.push_back({"base", base, {reasoning.base()}});
    add_stack(decisions, reasoning, *stack.resolution.stack);
  } else {
    const bool is_named = names_base(inputs.asked);
    decisions.push_back(
        {"base", base, {plain(is_named ? "the spec names it" : "nothing in the spec needs more")}});
  }
  for (const Decision& decision : others) {
    const bool is_there =
        is_resolved && find_choice(*stack.resolution.stack, decision.what) != nullptr;
    if (!is_there && !is_platform(decision)) add(decision);
  }
  return decisions;
}

}  // namespace mlpack
