#pragma once

#include "lib/resolve/demands.h"
#include "lib/resolve/problem.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/rules_code.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// What is beyond question when a problem is made: of what it keeps out no more has to be said.
struct Given {
  DemandSet demands;                    // that hold whatever is asked
  std::vector<const CatalogRow*> rows;  // whose options are all out already; in the order of <
  std::shared_ptr<Rulings> rulings;     // of another problem
};

inline constexpr std::string_view arm_processor = "arm64";

/// `option` is not what the demands `set` ask for, which is `wanted`.
Veto not_taken(const DemandSet& set, const Option& option, const std::string& wanted);

/// Writes what the demands of a spec have against options.
class Vetoes {
 public:
  /// `given` may be nullptr.
  Vetoes(const Catalog& catalog,
         const Demands& demands,
         const std::vector<Demand>& list,
         const Given* given = nullptr);

  /// The demand of `kind` about `subject`, alone in a set; empty where there is none.
  DemandSet set_of(Demand::Kind kind, std::size_t subject = 0) const;
  std::optional<std::size_t> index_of(Demand::Kind kind, std::size_t subject = 0) const;

  /// Whether the specifier of the package `index` takes `release`.
  bool takes(std::size_t index, const Version& release) const;
  bool takes(std::size_t index, std::string_view release) const;
  /// Whether no more has to be said of `option`.
  bool is_settled(const Option& option) const;

  /// The drivers of the fleet run programs of `cuda`.
  void drivers(Option& option, const Version& cuda) const;
  /// The GPUs of the fleet run the code of `build` for their processors; where nothing is known of
  /// it, the toolkit has code for them. That for Arm is a doubt where it is not known.
  void code(Option& option, const TorchBuild& build) const;
  void toolkit(Option& option, const Version& cuda) const;
  /// Jetsons may need builds of their own of a torch of whose code nothing is known.
  void unknown_jetson_code(Option& option) const;
  /// The official image of a runtime's release, where `base: auto` takes it, is for the processors
  /// of the machines with GPUs, and for the platforms that are named.
  void processors(Option& option, std::string_view release) const;
  /// The official image that the base is, whatever is started in it: the same.
  void processors(Problem& problem, const BaseRelease& base) const;
  /// Pairs of groups of which one is always Arm, and the other is not: where no platform is named,
  /// the image is for both.
  std::vector<DemandSet> beside_arm() const;
  void runtime(Option& option, const RuntimeRelease& release) const;
  /// cuDNN of a package for `cuda` supports the GPUs of the fleet. Where it does not, that is among
  /// the doubts, with its verdict: a framework with code for a GPU of its own does without in part.
  void cudnn(Option& option, const Version& cudnn, const Version& cuda) const;
  /// What is known of the cuDNN that the base has beside that of `option`. loaded: its wheels may
  /// not have it.
  enum class Cudnn { brought, loaded };
  void base_cudnn(Option& option, Cudnn of_option) const;
  /// The same of the TensorRT that is the engine of a release.
  void tensorrt(Option& option, const RuntimeRelease& release) const;
  void framework(Option& option, const FrameworkRelease& release, std::size_t build) const;
  /// The drivers of the fleet are what a release says it needs, where its CUDA is not known.
  void oldest_driver(Option& option, const RuntimeRelease& release) const;
  /// It is for the pinned CUDA version, and the CUDA major that the base has.
  void cuda(Option& option, const Version& cuda) const;
  void wheel(Option& option, std::string_view tags) const;

  const Catalog& catalog() const { return catalog_; }
  const Demands& demands() const { return demands_; }
  const std::shared_ptr<Rulings>& rulings() const { return rulings_; }

 private:
  // In one process CUDA of two majors does not work; in two Pythons of an image it does.
  void cuda_of_base(Option& option, const Version& cuda) const;
  // `ruling` says whether an image is for Arm; it stands against machines while `also` holds.
  void processor_of_tag(Problem& problem, const BaseRelease& base) const;
  void refuse_arm(const Ruling& ruling, const DemandSet& also, std::vector<Veto>& vetoes) const;
  struct NamedCode {
    std::string name;
    GpuCode code;
  };
  // Whether a group runs `code` while `set` holds.
  void code_on(Option& option,
               const NamedCode& code,
               std::size_t group,
               const DemandSet& set) const;
  SharedRuling supports(const Version& cuda, const Version& device) const;
  // What documents say of wheels for Arm.
  void framework_on_arm(Option& option, const FrameworkRelease& release) const;
  void unknown_code(Option& option, const TorchBuild& build) const;
  void jetson(Option& option, const GpuCode& code, std::size_t group) const;
  Ruling own_builds(const Gpu& gpu) const;
  // What drivers say of a CUDA version is the same for all that is built with it.
  struct DriverRulings {
    std::vector<Veto> without_compat;
    std::vector<Veto> with_compat;
    std::vector<Ruling> doubts;
  };
  const DriverRulings& rulings_of_drivers(const Version& cuda) const;
  void judge(Option& option,
             const DemandSet& set,
             const SharedRuling& ruling,
             std::vector<Veto>& vetoes) const;

  const Catalog& catalog_;
  const Demands& demands_;
  std::map<std::pair<Demand::Kind, std::size_t>, std::size_t> indexes_;  // by kind and subject
  std::vector<ArmMachine> arm_;                                          // of the fleet
  const Given* given_;
  std::shared_ptr<Rulings> rulings_;
  std::vector<ReleaseSpecifier> specifiers_;                           // of the packages
  mutable std::map<std::string, DriverRulings, std::less<>> drivers_;  // by the CUDA version
};

}  // namespace mlpack
