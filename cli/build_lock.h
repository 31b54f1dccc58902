#pragma once

#include "cli/base.h"
#include "cli/lock_file.h"
#include "cli/locked_layers.h"
#include "cli/python_pins.h"
#include "cli/remote_weights.h"
#include "cli/reused_weights.h"
#include "layers/pack.h"
#include "lib/lock/agree.h"
#include "lib/lock/lock.h"
#include "lib/resolve/plan.h"
#include "lib/spec/spec.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// The lock of one spec, from what it says before a build to what it says after it.
class BuildLock {
 public:
  /// `locked`: nothing may differ from the lock, and nothing is written.
  enum class Use { update, locked };
  /// Reads the lock. With Use::locked Fault::lock where it and the spec disagree, before anybody is
  /// asked anything. `spec` must outlive it.
  BuildLock(const Spec& spec, Use use, World& world);

  const std::vector<Platform>& platforms() const { return platforms_; }
  /// What the lock says and the spec agrees with.
  const Lock& pins() const { return pins_; }
  /// Takes what `names` name (nothing: everything) out of the pins, to be chosen anew.
  void forget(const std::vector<std::string>& names);
  /// Takes out what is locked for platforms that the spec does not name.
  void drop_other_platforms();
  const LockedPlatform* pins(const Platform& platform) const;
  /// What there is to know of wheels before a base is looked at.
  PythonPins python(const Platform& platform, TorchWishOf torch) const;
  /// The layers that were made for `platform`; none where the lock knows of none.
  const std::vector<LockedLayer>& layers(const Platform& platform) const;
  /// The entries of remote weights whose layers `registry` has, for all platforms.
  std::set<std::string> made_weights(LockedLayers& registry) const;

  void note(const RemoteWeightsByName& weights);
  void note(const ReusedWeights& weights);
  void note(const Platform& platform, const FoundBase& base, const Plan& plan);
  /// What the jobs became, so that it need not be made again.
  void note_layers(const Platform& platform,
                   const std::vector<PackJob>& jobs,
                   const std::vector<Layer>& packed,
                   const Store& store);
  /// Where the layers of packages lie, for those who do not look into them.
  void note_root(const Platform& platform, const RootView& root, const Plan& plan);

  /// What the lock should say.
  Lock result() const;
  /// With Use::locked Fault::lock where the result pins something else; else the file is written
  /// where it says something else, and the terminal told what.
  void finish(Session& session) const;
  const LockFile& file() const { return file_; }

 private:
  void keep_weights(LockedWeights weights);
  void keep_python(const Platform& platform, std::optional<LockedPython> python);

  const Spec& spec_;
  Use use_;
  LockFile file_;
  LockSubject subject_;
  PythonPins::Memo memo_ = PythonPins::Memo::use;
  std::optional<std::vector<std::string>> upgraded_;  // names; empty: all
  std::vector<Platform> platforms_;
  Lock pins_;
  Lock now_;
};

}  // namespace mlpack
