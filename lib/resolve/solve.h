#pragma once

#include "lib/resolve/candidates.h"
#include "lib/resolve/demands.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// One thing that was decided: `torch` is `2.9.1+cu128`.
struct Choice {
  std::string what;
  std::string chosen;
  std::vector<Ruling> because;  // what made it this one; the verdicts do not matter
};

/// What an image is made of so that everything in it fits.
struct Stack {
  /// Runtime, frameworks, CUDA, Python, in this order.
  std::vector<Choice> choices;
  std::optional<Version> cuda;        // of the runtime, else of the first framework
  std::size_t cuda_from = 0;          // the choice that it is of
  std::optional<GpuCode> code;        // the same, of x86-64
  std::optional<GpuCode> arm_code;    // the same, of Arm
  std::optional<Version> min_driver;  // the oldest that runs it on a GPU of the fleet
  std::optional<Version> python;
  CompatInImage compat = CompatInImage::no;  // whether it takes a CUDA compat package to run
  /// Of drivers older than `min_driver` that run it with that package, those of the fleet;
  /// ascending.
  std::vector<unsigned> compat_branches = {};
  std::string base;  // that `auto` means; empty: the spec names one
  /// Of the distribution of `base`, that it lacks; empty: it has all.
  std::vector<std::string> base_packages = {};
  std::vector<Ruling> base_because = {};  // of a base that is more than the smallest
  /// missing: a package loads libraries of CUDA that nothing brings; a doubt says so.
  enum class Libraries { there, missing } libraries = Libraries::there;
  std::vector<Ruling> doubts;  // what could not be ruled on
};

/// Whether of so many conflicts, of so many machines, it is looked at which others a change ends: a
/// plan is made in the time of a few starts.
constexpr bool are_compared(std::size_t conflicts, std::size_t machines) {
  return conflicts <= 4 && conflicts * machines <= 64;
}

/// A change of the spec that ends a conflict, in words: `raise the driver of L4 to 525.60.13`.
struct Fix {
  /// Whether what is left has an answer, or has another conflict, or where it was not looked at
  /// (are_compared) may have one.
  enum class Ends { all, this_conflict };
  std::string text;
  unsigned cost = 0;    // how much it changes; small is little
  Demands demands;      // of the spec after it
  std::string of = {};  // the text of the demand that it changes
  Ends ends = Ends::all;
};

/// Facts that contradict each other: without any of them, the others do not.
struct Conflict {
  std::vector<Demand> facts;
  std::vector<Ruling> because;
  std::vector<Fix> fixes;  // at most three: those that end all conflicts first, then by cost
};

/// A stack, or why there is none.
struct Resolution {
  std::optional<Stack> stack;
  std::vector<Conflict> conflicts;  // empty with a stack
  /// Changes that end all conflicts if they are made one after the other, where none does so alone.
  std::vector<Fix> together = {};
};

/// Chooses the newest runtime, frameworks and CUDA that run on every group of the fleet within what
/// is pinned, or says what contradicts. Deterministic and pure.
Resolution solve(const Catalog& catalog, const Demands& demands);

/// The same with the first conflict alone, where there are several, and no changes that have to be
/// made together. `rulings` are those of another problem of the catalog; nullptr: none are known.
Resolution solve_first(const Catalog& catalog,
                       const Demands& demands,
                       const std::shared_ptr<Rulings>& rulings = nullptr);

/// How many conflicts there are that do not go away with each other.
std::size_t count_conflicts(const Catalog& catalog,
                            const Demands& demands,
                            const std::shared_ptr<Rulings>& rulings);

}  // namespace mlpack
