#include "lib/check/check.h"
#include "lib/resolve/solve.h"
#include "tests/unit/resolve/brute_force.h"
#include "tests/unit/resolve/document_rules.h"
#include "tests/unit/resolve/facts_alone.h"
#include "tests/unit/resolve/random_demands.h"
#include "tests/unit/resolve/rules_support.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>

using namespace mlpack;
using namespace mlpack::test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int random_specs = 500;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr int random_specs = 500;
#else
constexpr int random_specs = 10000;
#endif
#else
constexpr int random_specs = 10000;
#endif

// What is asked for, for messages.
std::string text_of(const Demands& demands) {
  std::vector<std::string> texts;
  for (const Demand& demand : list_demands(demands))
    texts.push_back(demand.text);
  return join(texts, " + ");
}

void check_conflict(const Conflict& conflict, const Demands& demands, const BruteForce& brute) {
  const DemandSet facts = brute.facts_of(conflict);
  CHECK_MESSAGE(facts.count() == conflict.facts.size(), text_of(demands));
  CHECK_MESSAGE(!brute.has_answer(facts), text_of(demands), ": ", answer_text(conflict));
  for (std::size_t i = 0; i < brute.list().size(); ++i) {
    if (!facts.test(i)) continue;
    DemandSet others = facts;
    CHECK_MESSAGE(brute.has_answer(others.reset(i)),
                  text_of(demands),
                  ": ",
                  answer_text(conflict),
                  " without ",
                  brute.list()[i].text);
  }
  CHECK_MESSAGE(!conflict.because.empty(), answer_text(conflict));
}

void check_end(const Fix& fix, const Demands& demands) {
  CHECK_MESSAGE(solve(catalog(), fix.demands).stack, fix.text, ": ", text_of(demands));
  CHECK_MESSAGE(BruteForce(fix.demands).has_answer(), fix.text, ": ", text_of(demands));
}

// Of several conflicts each says which are left, and what ends them together does so.
void check_fixes(const Resolution& resolution, const Demands& demands) {
  const bool is_one = resolution.conflicts.size() == 1;
  const bool are_few = are_compared(resolution.conflicts.size(), demands.fleet.size());
  for (const Conflict& conflict : resolution.conflicts) {
    CHECK(conflict.fixes.size() <= 3);
    for (const Fix& fix : conflict.fixes) {
      CHECK((fix.ends == Fix::Ends::all || !is_one));
      if (fix.ends == Fix::Ends::all)
        check_end(fix, demands);
      else if (are_few)
        CHECK_MESSAGE(!solve_first(catalog(), fix.demands).stack, fix.text, ": ", text_of(demands));
    }
  }
  CHECK(resolution.together.size() != 1);
  CHECK((resolution.together.empty() || !is_one));
  if (!resolution.together.empty()) check_end(resolution.together.back(), demands);
}

// What an image with `stack` says against the machines of `fleet` to the container toolkit.
Findings refusals(const Stack& stack, const Demands& demands, std::vector<CheckMachine> fleet) {
  const ImageFiles none;
  ImageConfig config;
  config.set_env("NVIDIA_REQUIRE_CUDA", cuda_requirement(catalog(), stack, demands));
  return check_requirements({catalog(), config, none, std::move(fleet)});
}

bool is_refused(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.level == Finding::Level::error;
  });
}

// Each machine that was promised can start the image.
void check_requirement(const Stack& stack, const Demands& demands) {
  std::vector<CheckMachine> fleet;
  for (const FleetGroup& group : demands.fleet)
    fleet.push_back({group.gpu, group.count, group.driver});
  CHECK_MESSAGE(!is_refused(refusals(stack, demands, fleet)),
                text_of(demands),
                ": ",
                cuda_requirement(catalog(), stack, demands));
}

// A host with `driver`, which is too old for the CUDA inside, cannot.
void check_old_driver(const Stack& stack, const Demands& demands, const Version& driver) {
  for (const FleetGroup& group : demands.fleet) {
    if (!stack.cuda || group.gpu == nullptr || stack.compat == CompatInImage::yes) continue;
    const bool is_too_old = may_drive(driver, *group.gpu) &&
                            !may_run_cuda(*stack.cuda, driver, *group.gpu, CompatInImage::no);
    if (!is_too_old) continue;
    CHECK_MESSAGE(is_refused(refusals(stack, demands, {{group.gpu, group.count, driver}})),
                  text_of(demands),
                  ": ",
                  driver.text());
  }
}

// The best of some attempts, as others use the machine too.
double milliseconds_to_solve(const Demands& demands) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = Clock::now();
    const Resolution resolution = solve(catalog(), demands);
    const std::chrono::duration<double, std::milli> taken = Clock::now() - start;
    best = std::min(best, taken.count());
  }
  return best;
}

}  // namespace

TEST_CASE("answers keep every rule, conflicts are minimal and fixes resolve") {
  RandomDemands random(4);
  int conflicts = 0;
  for (int i = 0; i < random_specs; ++i) {
    const Demands demands = random.make();
    const Resolution resolution = solve(catalog(), demands);
    const BruteForce brute(demands);
    CHECK_MESSAGE(resolution.stack.has_value() == brute.has_answer(), text_of(demands));
    CHECK(resolution.stack.has_value() == resolution.conflicts.empty());
    if (resolution.stack) {
      CHECK_MESSAGE(
          brute.allows(*resolution.stack), text_of(demands), ": ", answer_text(resolution));
      CHECK_MESSAGE(brute.has_right_base(*resolution.stack),
                    text_of(demands),
                    ": ",
                    answer_text(resolution),
                    " on ",
                    resolution.stack->base);
      check_requirement(*resolution.stack, demands);
      check_old_driver(*resolution.stack, demands, random.any_driver());
    }
    for (const Conflict& conflict : resolution.conflicts) {
      check_conflict(conflict, demands, brute);
      CHECK_MESSAGE(
          contradict_alone(conflict.facts, demands), text_of(demands), ": ", answer_text(conflict));
    }
    conflicts += resolution.stack ? 0 : 1;
    if (!resolution.stack) check_fixes(resolution, demands);
  }
  CHECK(conflicts > random_specs / 10);
}

TEST_CASE("a search through everything finds the same newest release") {
  RandomDemands random(7);
  for (int i = 0; i < random_specs / 5; ++i) {
    Demands demands = random.make();
    // Where it makes a difference, an older release without a compat package is preferred.
    if (demands.base && !demands.base->compat) demands.base.reset();
    if (!demands.runtime.empty() || demands.packages.empty()) continue;
    const Resolution resolution = solve(catalog(), demands);
    const Stack* const stack = resolution.stack ? &*resolution.stack : nullptr;
    const std::string name =
        stack ? stack->choices.front().what : std::string(demands.packages.front().name);
    CHECK_MESSAGE((stack ? stack->choices.front().chosen : "") == BruteForce(demands).newest(name),
                  text_of(demands));
  }
}

// Says how long it takes: unit_resolve --no-skip -tc="how long*"
TEST_CASE("how long an answer takes" * doctest::skip()) {
  RandomDemands random(11);
  std::vector<std::pair<double, std::string>> times;
  for (int i = 0; i < 500; ++i) {
    const Demands demands = random.make();
    times.emplace_back(milliseconds_to_solve(demands), text_of(demands));
  }
  std::sort(times.begin(), times.end());
  MESSAGE("median ", times[times.size() / 2].first, " ms");
  MESSAGE("longest ", times.back().first, " ms: ", times.back().second);
}
