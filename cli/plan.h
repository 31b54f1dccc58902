#pragma once

#include "cli/build_lock.h"
#include "cli/session.h"
#include "cli/stack.h"
#include "lib/catalog/catalog.h"
#include "lib/resolve/fit.h"
#include "lib/resolve/plan.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What `plan` was asked for, as typed.
struct PlanOptions {
  std::vector<std::string> spec;
  std::vector<std::string> platforms;
  std::vector<std::string> variables;
  std::string explain;
  std::string as_of;
  bool offline = false;
};

/// A layer of an image, as far as it is known before it is made.
struct PlannedLayer {
  Role role = Role::base;
  std::string name;
  std::optional<std::uint64_t> files = {};  // nullopt: nobody looked
  std::optional<std::uint64_t> bytes = {};  // of those files
  std::optional<Digest> digest = {};
  std::optional<std::uint64_t> size = {};  // of the blob
  std::string known_by = {};  // who knows the digest: base, image, lock or store; empty: nobody
};

/// Whether a model fits into the memory of the GPUs that a row of the fleet has.
struct PlannedFit {
  std::string model;  // the name of the entry of `weights`
  FleetGroup machines;
  Fit fit;
};

/// All that is decided about the image of one platform.
struct PlannedImage {
  std::string name;
  Platform platform;
  std::string base;
  std::optional<Digest> base_digest = {};
  std::vector<Choice> decisions = {};
  Stack stack = {};
  std::string runtime = {};  // empty: none
  std::map<std::string, std::string> frameworks = {};
  std::vector<std::string> command = {};  // empty: not known
  std::string user = {};
  std::vector<std::string> ports = {};
  std::map<std::string, std::string> env = {};
  std::map<std::string, std::string> labels = {};
  std::vector<PlannedLayer> layers = {};
  std::vector<PlannedFit> fits = {};
  std::vector<Warning> warnings = {};
};

/// Facts of a spec that contradict each other, each with its place, and the ways out of that, those
/// that change least first.
struct PlanConflict {
  std::vector<Where> facts;
  std::vector<Ruling> because;
  std::vector<std::string> fixes;
  std::vector<std::string> enough = {};  // of `fixes`, those that end the others, too
};

/// All that contradicts itself in a spec.
struct PlanConflicts {
  std::vector<PlanConflict> list;
  std::vector<std::string> together = {};  // changes that end all of it if all of them are made
};

PlanConflicts plan_conflicts(const Resolution& resolution);
/// Models that do not fit the machines.
PlanConflicts plan_conflicts(const std::vector<PlannedFit>& fits);

/// What a plan is made of. Everything must outlive it.
struct PlanInputs {
  const Spec& asked;  // as it was written
  const Spec& spec;   // with the base that was chosen
  const Catalog& catalog;
  const SpecStack& found;  // without a look at the base
  const BuildLock& lock;
  Offline network;
  const std::string& as_of;
};

/// A plan, or why there is none.
struct PlanOutcome {
  std::optional<PlannedImage> image;
  Resolution resolution = {};
};

/// Plans the image for `platform`. Writes nothing, and of the base reads manifest and config; with
/// Offline::yes what the store has of it, else what its name says, and then a warning says so.
PlanOutcome plan_image_of(const PlanInputs& inputs, const Platform& platform, Session& session);

/// Base, CUDA, driver and Python with all that they rest on, beside the choices of `stack`.
std::vector<Choice> plan_decisions(const PlanInputs& inputs,
                                   const SpecStack& stack,
                                   const std::string& base,
                                   const Plan& plan);

/// Weights that are not on this disk: in the network, and as layers of other images. Entries in
/// neither were not looked at.
struct PlannedElsewhere {
  RemoteWeightsByName remote;
  ReusedWeights reused;
};

/// The layers of the image of `plan`, from the lowest.
std::vector<PlannedLayer> plan_layers(const PlanInputs& inputs,
                                      Plan plan,
                                      const FoundBase& base,
                                      const PlannedElsewhere& elsewhere,
                                      Session& session);

/// One for each model and row of the fleet with a GPU.
std::vector<PlannedFit> plan_fits(const Spec& spec,
                                  const Catalog& catalog,
                                  const RemoteWeightsByName& remote,
                                  Offline network,
                                  Session& session);

/// Tables of what is decided, what fits, and the layers.
std::string plan_text(const PlannedImage& image);
nlohmann::ordered_json plan_json(const std::vector<PlannedImage>& images);
/// Each conflict with the lines of the spec that it is about.
std::string conflicts_text(const PlanConflicts& conflicts);
/// Adds them to a result.
void add_conflicts(nlohmann::ordered_json& document, const PlanConflicts& conflicts);

/// What led to `what`: the name of a decision, `runtime`, `fit`, or a layer. Fault::usage where the
/// plan has nothing of that name.
std::string explain_text(const std::vector<PlannedImage>& images, const std::string& what);
nlohmann::ordered_json explain_json(const std::vector<PlannedImage>& images,
                                    const std::string& what);

}  // namespace mlpack
