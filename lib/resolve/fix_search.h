#pragma once

#include "lib/resolve/fixes.h"

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// How much a change asks of its users.
namespace fix_cost {
inline constexpr unsigned argument = 5;
inline constexpr unsigned version = 10;           // and a step for each release between
inline constexpr unsigned brought = version + 1;  // the version that another package brings
inline constexpr unsigned platform = 12;
inline constexpr unsigned same_branch = 15;
inline constexpr unsigned python = 25;
inline constexpr unsigned cuda_version = 26;
inline constexpr unsigned python_file = 28;
inline constexpr unsigned base = 30;
inline constexpr unsigned branch = 35;  // of all drivers of a group
inline constexpr unsigned other_platform = 40;
inline constexpr unsigned weights = 50;
inline constexpr unsigned without_cpu_group = 59;
inline constexpr unsigned without_group = 60;
inline constexpr unsigned other_gpu = 70;
inline constexpr std::size_t most_steps = 14;
}  // namespace fix_cost

/// The search for ways out of one conflict: what is held on to, and what was found.
class FixSearch {
 public:
  FixSearch(const Question& question, const DemandSet& conflict, const DemandSet& others)
      : question_(question), conflict_(conflict), held_(conflict | others) {}

  const Question& question() const { return question_; }
  const Demand& demand(std::size_t index) const { return question_.list[index]; }
  const DemandSet& held() const { return held_; }
  bool is_in_conflict(std::size_t demand) const { return conflict_.test(demand); }
  std::size_t count() const { return fixes_.size(); }

  /// What is held but for `demand`.
  DemandSet rest(std::size_t demand) const;
  /// Whether there is an answer without `demand` that `restriction` allows.
  bool has_answer_without(std::size_t demand, const Restriction& restriction = {}) const;
  /// Whether the spec `changed` has an answer while what is held of this one is, and all that is
  /// new in it. Its groups and packages are those of this one.
  bool resolves(const Demands& changed) const { return resolves(changed, nullptr); }
  /// The same, and whether the best answer `is_enough` (may be nullptr).
  using IsEnough = std::function<bool(const Question& changed, const Assignment& answer)>;
  bool resolves(const Demands& changed, const IsEnough& is_enough) const;

  /// Adds a change of `demand` that leads to the spec `changed`, and says so, if that resolves.
  bool add(std::size_t demand, std::string text, unsigned cost, Demands changed);
  /// Adds one that is known to resolve.
  void take(std::size_t demand, std::string text, unsigned cost, Demands changed);
  /// Adds the spec without `demand`, if that has an answer.
  void drop(std::size_t demand, std::string text, unsigned cost);

  /// What was found, what changes least first.
  std::vector<Fix> found();

 private:
  const Question& question_;
  DemandSet conflict_;
  DemandSet held_;
  std::vector<Fix> fixes_;
};

/// Others than `pinned`, by how many are between; the newer of two first.
std::vector<Version> nearest(const std::set<Version>& versions, const Version& pinned);

// Of machines (fix_machines.cpp).

void raise_driver(FixSearch& search, std::size_t demand);
/// Leaves out the machines `demand`, or gives those without a GPU one.
void change_group(FixSearch& search, std::size_t demand);
/// The platforms that the machines need, in place of those that `demand` names or beside them.
void change_platform(FixSearch& search, std::size_t demand);
/// The GPU with the next higher or lower compute capability, and the nearest memory, that runs it.
void change_gpu(FixSearch& search, std::size_t demand);

// Of the base (fix_bases.cpp).

/// An official image with a CUDA compat package, in which the machines of the driver `demand` run
/// what they do not run on a slim Python.
void name_compat_base(FixSearch& search, std::size_t demand);

// Of releases (fix_releases.cpp).

/// Another release, or another build of it, of the component `name`, which `demand` pins.
void change_release(FixSearch& search, std::size_t demand, std::string_view name);

}  // namespace mlpack
