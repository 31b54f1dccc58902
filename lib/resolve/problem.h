#pragma once

#include "lib/catalog/version.h"
#include "lib/resolve/rules_code.h"
#include "lib/resolve/rules_driver.h"
#include "lib/resolve/rulings.h"

#include <bitset>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

// The choice of CUDA, framework, runtime, Python and base as a problem of sets: what a spec pins
// are demands, and everything that might be taken knows which demands together keep it out. Nothing
// here knows what a driver is.

inline constexpr std::size_t max_demands = 256;
/// Demands by their index.
using DemandSet = std::bitset<max_demands>;

/// Keeps something out while all of `demands` hold; none: always.
struct Veto {
  DemandSet demands;
  SharedRuling ruling;
};

/// A release of a runtime, a build of a framework, a toolkit.
struct Option {
  std::string name;                     // `2.9.1+cu128`
  std::optional<Version> cuda;          // nullopt: none, or not known
  std::optional<unsigned> cudnn_major;  // the same
  std::vector<Version> python;          // whose wheels there are; empty: any
  std::optional<GpuCode> code;          // of x86-64; nullopt: not known
  std::optional<GpuCode> arm_code;      // the same of Arm
  bool has_unknown_code = false;        // for the GPUs of the fleet
  bool takes_later_cuda = false;        // of its major
  std::vector<Veto> vetoes;
  std::vector<Veto> without_compat;  // the same where the base has no compat package
  std::vector<Veto> with_compat;
  std::vector<Ruling> doubts;       // what could not be ruled on; no: what is done without
  const CatalogRow* row = nullptr;  // nullptr: not in the catalog
};

/// Something that the image needs one of.
struct Component {
  std::string name;                              // `torch`
  std::optional<std::size_t> demand;             // that asks for it; nullopt: it is always there
  std::vector<Option> options;                   // best first
  std::optional<std::size_t> other_demand = {};  // that asks for it, too
};

/// What all components of an image share.
struct Frame {
  std::optional<unsigned> cuda_major;   // nullopt: no component has CUDA
  std::optional<unsigned> cudnn_major;  // nullopt: no two components share one
  std::optional<Version> python;
  CompatInImage compat = CompatInImage::no;
  std::vector<Veto> vetoes;
};

struct Problem {
  std::vector<Veto> vetoes;    // against every answer
  std::vector<Ruling> doubts;  // of every answer
  std::vector<Component> components;
  std::vector<Frame> frames;         // best first, of equal answers
  std::shared_ptr<Rulings> rulings;  // what was asked for it, for other problems of the catalog
};

/// One of `frames`, and an option of each component; nullopt where nothing asks for it.
struct Assignment {
  std::size_t frame = 0;
  std::vector<std::optional<std::size_t>> options;
};

/// Whether one of `demands` asks for `component`, or nothing has to.
bool is_asked(const Component& component, const DemandSet& demands);

/// The first veto of `vetoes` that holds; nullptr where none does.
const Veto* holding(const std::vector<Veto>& vetoes, const DemandSet& demands);

/// The first veto that keeps `option` out of frames with `compat`; nullptr where none does.
const Veto* veto_of(const Option& option, CompatInImage compat, const DemandSet& demands);

/// Whether `option` has what `frame` says of CUDA and Python.
bool belongs(const Option& option, const Frame& frame);

/// The best answer while `demands` hold: without a compat package if that is possible, then the
/// best options, those of the first components first, then the best frame. nullopt: there is none.
std::optional<Assignment> best_answer(const Problem& problem, const DemandSet& demands);

/// What an answer has to be besides.
struct Restriction {
  /// One option of one component.
  struct Only {
    std::size_t component;
    std::size_t option;
  };
  std::optional<Only> only;
  /// Of every option that has CUDA, or a later one that it takes; its third part does not count.
  std::optional<Version> cuda;
  std::optional<Version> python;  // of the frame; its third part does not count either
  /// A problem of the same components and frames that it is an answer to while `demands` hold.
  const Problem* also = nullptr;
  DemandSet demands;
  std::function<bool(const Option& option)> allows = {};  // empty: all
};

/// The best answer that `restriction` allows.
std::optional<Assignment> best_answer(const Problem& problem,
                                      const DemandSet& demands,
                                      const Restriction& restriction);

/// Whether `a` is the better of two answers.
bool is_better(const Problem& problem, const Assignment& a, const Assignment& b);

/// A part of `demands`, which have no answer, that has none itself but has one without any of its
/// members. Later demands are dropped first.
DemandSet minimal_conflict(const Problem& problem, DemandSet demands);

}  // namespace mlpack
