#include "lib/resolve/package_vetoes.h"

#include "lib/resolve/asked_packages.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// Of one package there are several demands where no release is both.
void judge_pair(Problem& problem, const Vetoes& vetoes, std::size_t i, std::size_t j) {
  const auto& packages = vetoes.demands().packages;
  if (packages[i].name != packages[j].name) return;
  problem.vetoes.push_back(
      {vetoes.set_of(Kind::package_version, i) | vetoes.set_of(Kind::package_version, j),
       {Verdict::no,
        fmt::format(
            "{} and {} are asked for, and nothing is both", packages[i].text(), packages[j].text()),
        {}}});
}

void judge_specifier(Problem& problem, const Vetoes& vetoes, std::size_t index) {
  const PackageDemand& package = vetoes.demands().packages[index];
  if (can_hold(package.specifier)) return;
  problem.vetoes.push_back({vetoes.set_of(Kind::package_version, index),
                            {Verdict::no, fmt::format("no release is {}", package.text()), {}}});
}

}  // namespace

void judge_packages(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  for (std::size_t i = 0; i < demands.packages.size(); ++i) {
    judge_specifier(problem, vetoes, i);
    for (std::size_t j = 0; j < i; ++j)
      judge_pair(problem, vetoes, j, i);
  }
  for (const std::string& line : demands.undecided) {
    problem.doubts.push_back(
        {Verdict::unknown,
         fmt::format("whether `{}` counts depends on the image: what it needs was not compared",
                     printable(line)),
         {}});
  }
}

}  // namespace mlpack
