#include "lib/resolve/stack_image.h"

#include "lib/resolve/base_release.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/rules_platform.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::string_view try_there = "try the image on one of these machines first";
constexpr std::string_view try_it = "try the image first";

// Groups with older drivers that run it all the same, with the compat package most often, are asked
// for by their branch.
std::vector<std::string> older_branches(const Stack& stack, const Demands& demands) {
  std::vector<std::string> found;
  for (const FleetGroup& group : demands.fleet) {
    if (group.gpu == nullptr || !group.driver) continue;
    if (is_older_driver(*group.driver, *stack.min_driver) != true) continue;
    const unsigned branch = group.driver->part(0);
    std::string text = fmt::format("driver>={},driver<{}", branch, branch + 1);
    if (std::find(found.begin(), found.end(), text) == found.end()) found.push_back(text);
  }
  return found;
}

// The container toolkit takes no numbers with zeros in front: 580.65.06 is 580.65.6 for it.
std::string semantic_text(const Version& version) {
  std::string text = std::to_string(version.part(0));
  for (std::size_t i = 1; i < version.size(); ++i)
    text += fmt::format(".{}", version.part(i));
  return text;
}

std::string gpus_text(const Demands& demands) {
  std::vector<std::string> texts;
  for (const FleetGroup& group : demands.fleet) {
    if (group.gpu == nullptr) continue;
    texts.push_back(group.count > 1 ? fmt::format("{}:{}", group.gpu->name, group.count)
                                    : std::string(group.gpu->name));
  }
  return join(texts, ",");
}

std::string capabilities_text(std::span<const Version> capabilities) {
  std::vector<std::string> texts;
  for (const Version& capability : capabilities)
    texts.emplace_back(capability.text());
  return join(texts, ",");
}

void add_environment(const Catalog& catalog,
                     const Stack& stack,
                     const Demands& demands,
                     ImageConfig& config) {
  std::erase_if(config.env,
                [](const auto& variable) { return variable.first == "NVIDIA_VISIBLE_DEVICES"; });
  config.set_env("NVIDIA_DRIVER_CAPABILITIES", "compute,utility");
  const std::string requirement =
      is_guessed_release(demands) ? "" : cuda_requirement(catalog, stack, demands);
  if (!requirement.empty()) config.set_env("NVIDIA_REQUIRE_CUDA", requirement);
}

void add_labels(const Stack& stack, const Demands& demands, ImageConfig& config) {
  const bool is_arm = config.platform.architecture == "arm64";
  const auto& code = is_arm ? stack.arm_code : stack.code;
  const auto set = [&](std::string_view key, std::string value) {
    if (!value.empty()) config.labels[std::string(key)] = std::move(value);
  };
  set(label::gpus, gpus_text(demands));
  if (is_guessed_release(demands)) return;
  if (stack.cuda) set(label::cuda, std::string(stack.cuda->text()));
  if (code) set(label::sm, capabilities_text(code->sm));
  if (code) set(label::ptx, capabilities_text(code->ptx));
  if (stack.min_driver) set(label::driver, std::string(stack.min_driver->text()));
  for (const Choice& choice : stack.choices) {
    if (choice.what == demands.runtime) set(label::runtime_version, choice.chosen);
  }
}

void add_decision(Plan& plan, const Choice& choice) {
  Decision decision{choice.what, choice.chosen, {}};
  for (const Ruling& ruling : choice.because)
    decision.because.push_back(ruling.reason);
  plan.decisions.push_back(std::move(decision));
}

// Of a runtime without packages it may not be known what CUDA it has.
void warn_of_idle_cuda(const Stack& stack, const Demands& demands, Plan& plan) {
  if (!demands.cuda || stack.cuda) return;
  const auto& packages = demands.packages;
  const bool are_for_processors =
      demands.runtime.empty() && !packages.empty() &&
      std::all_of(packages.begin(), packages.end(), [](const PackageDemand& package) {
        return package.torch_build() == "cpu" || is_for_processors(package);
      });
  if (has_gpus(demands) && !are_for_processors) return;
  plan.warnings.push_back(
      {"`cuda` changes nothing",
       has_gpus(demands)
           ? "what is in `python` is built for processors, and has no CUDA"
           : "no machine with a GPU is in `fleet`, and builds for others have no CUDA",
       has_gpus(demands) ? "name builds that have CUDA, or leave `cuda` out"
                         : "name the machines in `fleet`, or leave `cuda` out"});
}

std::string conflict_text(const Conflict& conflict) {
  std::vector<std::string> facts;
  for (const Demand& fact : conflict.facts)
    facts.push_back(fact.text);
  std::string text = facts.size() == 1 ? facts.front() + " cannot be had"
                                       : join(facts, " + ") + " do not go together";
  if (!conflict.because.empty()) text += ": " + conflict.because.front().reason;
  return text;
}

// One change that ends all conflicts, or all that it takes.
std::string way_out_text(const Resolution& resolution) {
  std::vector<std::string> enough;
  for (const Conflict& conflict : resolution.conflicts) {
    for (const Fix& fix : conflict.fixes) {
      const bool is_known = std::find(enough.begin(), enough.end(), fix.text) != enough.end();
      if (fix.ends == Fix::Ends::all && !is_known) enough.push_back(fix.text);
    }
  }
  if (!enough.empty()) return join(enough, ", or ");
  std::vector<std::string> steps;
  for (const Fix& fix : resolution.together)
    steps.push_back(fix.text);
  return steps.empty() ? "`mlpack plan` says more" : join(steps, ", and ");
}

bool is_about_machines(const std::vector<Conflict>& conflicts) {
  const auto is_machine = [](const Demand& fact) {
    return fact.kind == Demand::Kind::gpu || fact.kind == Demand::Kind::no_gpu;
  };
  return std::any_of(conflicts.begin(), conflicts.end(), [&](const Conflict& conflict) {
    return std::any_of(conflict.facts.begin(), conflict.facts.end(), is_machine);
  });
}

// A package and its version stand in one place.
std::vector<Where> places_of(const Conflict& conflict) {
  std::vector<Where> places;
  for (const Demand& fact : conflict.facts) {
    if (fact.where.line == 0) continue;
    const auto same = std::find_if(places.begin(), places.end(), [&](const Where& where) {
      return where.line == fact.where.line && where.column == fact.where.column;
    });
    if (same != places.end()) {
      same->message += ", " + fact.text;
    } else {
      places.push_back(fact.where);
      places.back().message = fact.text;
    }
  }
  return places;
}

}  // namespace

std::string ruling_text(const Ruling& ruling) {
  std::vector<std::string> rows;
  for (const CatalogRow* row : ruling.evidence)
    rows.push_back(fmt::format("{} {}", row->table, row->name));
  return rows.empty() ? ruling.reason : fmt::format("{} ({})", ruling.reason, join(rows, "; "));
}

std::string cuda_requirement(const Catalog& catalog, const Stack& stack, const Demands& demands) {
  if (!stack.min_driver) return {};
  const auto native = native_cuda(catalog, *stack.min_driver);
  std::string text = native ? fmt::format("cuda>={},", native->text()) : std::string();
  text += fmt::format("driver>={}", semantic_text(*stack.min_driver));
  for (const std::string& alternative : older_branches(stack, demands))
    text += " " + alternative;
  return text;
}

void apply_stack(const Catalog& catalog, const Stack& stack, const Demands& demands, Plan& plan) {
  for (const Choice& choice : stack.choices)
    add_decision(plan, choice);
  for (const Ruling& doubt : stack.doubts) {
    const bool is_of_others =
        !doubt.architecture.empty() && doubt.architecture != plan.platform.architecture;
    if (is_of_others) continue;
    if (doubt.verdict == Verdict::no) {
      const bool is_whole = !doubt.hint.empty();
      plan.warnings.push_back({is_whole ? "it will hardly run on the whole fleet"
                                        : "a part of it does not run on the whole fleet",
                               doubt.reason,
                               is_whole ? doubt.hint
                                        : "turn that part off in the program, or take these "
                                          "machines out of `fleet`"});
      continue;
    }
    plan.warnings.push_back(
        {"not everything could be compared",
         doubt.reason,
         doubt.hint.empty() ? std::string(has_gpus(demands) ? try_there : try_it) : doubt.hint});
  }
  warn_of_idle_cuda(stack, demands, plan);
  if (has_gpus(demands)) add_environment(catalog, stack, demands, plan.config);
  add_labels(stack, demands, plan.config);
}

void warn_of_left_out(const Catalog& catalog, const Spec& spec, Plan& plan) {
  const auto& platforms = spec.platforms;
  const bool is_typed = !platforms.empty() && platforms.front().place.line == 0;
  for (const auto& [row, place] : spec.fleet) {
    const auto match = is_typed && !row.is_cpu() ? catalog.find_gpu(row.gpu) : std::nullopt;
    const auto runs = [&](const auto& platform) {
      return platform_runs_gpu(catalog, platform.value, *match->gpu).verdict != Verdict::no;
    };
    if (!match || std::any_of(platforms.begin(), platforms.end(), runs)) continue;
    const GpuProcessor* const known = catalog.find_gpu_processor(match->gpu->name);
    plan.warnings.push_back(
        {fmt::format("no image is built for {}", match->gpu->name),
         known == nullptr
             ? driver_is_for(catalog, platforms.front().value).reason
             : fmt::format(
                   "it is one module with its processor, {}, and `--platform` names another",
                   known->processor),
         fmt::format("build one with `--platform linux/{}`, too",
                     known == nullptr ? "amd64" : known->architecture)});
  }
}

Error conflict_error(const Resolution& resolution) {
  const auto& conflicts = resolution.conflicts;
  std::vector<std::string> messages;
  std::vector<Where> where;
  for (const Conflict& conflict : conflicts) {
    messages.push_back(conflict_text(conflict));
    for (Where& place : places_of(conflict))
      where.push_back(std::move(place));
  }
  const char* const what = is_about_machines(conflicts) ? "nothing runs on the whole fleet: "
                                                        : "nothing is as the spec wants it: ";
  return Error(Fault::incompatible,
               what + join(messages, "; and "),
               way_out_text(resolution),
               std::move(where));
}

}  // namespace mlpack
