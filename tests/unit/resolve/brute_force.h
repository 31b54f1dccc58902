#pragma once

#include "lib/catalog/runtimes.h"
#include "lib/resolve/solve.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack::test {

/// Every image that the catalog has for a spec, tried one by one, by the rules of
/// document_rules.h: what lib/resolve answers is held against it. Facts are those of
/// list_demands(), by their index; what is left out of them is not held.
class BruteForce {
 public:
  explicit BruteForce(const Demands& demands);

  /// Whether any image keeps `facts`.
  bool has_answer(const DemandSet& facts) const;
  /// The same of everything that is demanded.
  bool has_answer() const;
  /// The newest of what may be taken for the component `name`, whatever the rest is then; empty
  /// where nothing may.
  std::string newest(std::string_view name) const;
  /// Whether the image that `stack` describes keeps everything that is demanded.
  bool allows(const Stack& stack) const;

  /// Whether `auto` is what it has to be for the frameworks of `stack`, which `allows` takes: a
  /// slim Python, or an image with the libraries that no wheel brings.
  bool has_right_base(const Stack& stack) const;

  DemandSet facts_of(const Conflict& conflict) const;
  const std::vector<Demand>& list() const { return list_; }

 private:
  /// What may be taken for a component.
  struct Part {
    std::string name;
    std::optional<Version> cuda = std::nullopt;
    std::optional<unsigned> cudnn = std::nullopt;
    std::optional<Version> cudnn_pin = std::nullopt;    // that its wheels bring
    std::optional<Version> cudnn_floor = std::nullopt;  // it refuses an older minor version
    std::vector<Version> python = {};                   // empty: any
    // Facts that keep it out together: always, and where the image has no compat package, or one.
    std::vector<DemandSet> out = {};
    std::vector<DemandSet> out_bare = {};
    std::vector<DemandSet> out_with_compat = {};
    bool is_torch = false;
    bool is_vague = false;  // nobody knows what code it has
  };
  struct Need {
    std::string name;
    std::optional<std::size_t> fact;  // that asks for it; nullopt: always
    std::vector<Part> parts;
    std::optional<std::size_t> other_fact = {};  // that does so, too
  };
  /// What is preferred, where an image is that.
  struct Wish {
    std::optional<unsigned> cuda = {};                   // major of all parts
    std::optional<Version> torch = {};                   // CUDA of PyTorch, by its minor version
    enum class Cudnn { any, taken } cudnn = Cudnn::any;  // taken: no part refuses another's
  };
  struct Image {
    std::optional<Version> python;
    CompatInImage compat = CompatInImage::no;
    std::vector<const Part*> parts = {};
    const Part* only = nullptr;  // of its need this one alone
    Wish wish = {};
  };

  /// What the name of the base says of the runtime.
  struct Had {
    std::string release = {};  // empty: nothing
    bool is_without_gpu = false;
    bool is_with_gpu = false;
    std::optional<Version> cuda = {};
    std::string processor = {};  // that the tag names
  };

  DemandSet fact(Demand::Kind kind, std::size_t subject = 0) const;
  bool has_row(std::string_view runtime, std::string_view release) const;
  Had read_base(const ServingRuntime& runtime) const;
  void keep_release_of_base(Part& part, const RuntimeRelease& row) const;
  void add_release_of_base(Need& need) const;
  void keep_cuda_of_base(Part& part) const;
  void add_of_tag(Part& part, const Part& of_tag) const;
  void keep_machines_of_base();
  void keep_needs_of_base();
  void keep_processors_of_base();
  void keep_processor_of_tag(std::string_view processor);
  void need_runtime();
  void need_torch(std::size_t package);
  void add_unseen_torch(Need& need, const TorchRelease& release, std::size_t package) const;
  void need_framework(std::size_t package);
  bool need_vllm(std::size_t package);
  bool has_own_torch() const;
  void keep_torch_of(Part& part, const RuntimeRelease& row) const;
  void keep_cuda_of(Part& part, const RuntimeRelease& row) const;
  void need_toolkit();
  void add_nothing_known(Need& need, const DemandSet& pin) const;
  void keep_processors(Part& part) const;
  void keep_packages();
  void keep_machines();
  void keep_machines_without_gpu(std::size_t group);

  Part runtime_part(const RuntimeRelease& release) const;
  Part torch_without_gpu(const TorchRelease& release,
                         std::string_view label,
                         std::size_t package) const;
  Part torch_part(const TorchRelease& release, const TorchBuild* build, std::size_t package) const;
  /// One of a row's builds, with a CUDA version that it works with.
  struct Build {
    std::size_t index;
    Version cuda;
  };
  Part framework_part(const FrameworkRelease& row,
                      const Version& release,
                      const std::optional<Build>& build,
                      std::size_t package) const;
  void keep_cuda(Part& part, const Version& cuda) const;
  bool is_without_cuda() const;
  void keep_no_cuda(Part& part) const;
  void keep_code(Part& part, const TorchBuild& build) const;
  void keep_any_code(Part& part, const Version& torch) const;
  void keep_code_on(Part& part,
                    const TorchBuild& build,
                    std::size_t group,
                    const DemandSet& machine) const;
  bool is_for_arm_alone() const;
  void keep_drivers(Part& part, const Version& cuda) const;
  void keep_toolkit(Part& part, const Version& cuda) const;
  void keep_extra(Part& part, const PackageDemand& package) const;
  void keep_wheel(Part& part, std::string_view tags) const;

  bool is_python_kept(const std::optional<Version>& python, const DemandSet& facts) const;
  bool is_compat_kept(CompatInImage compat, const DemandSet& facts) const;
  static bool is_refused(const Part& part, const Part& other);
  bool has_other_wheel(const Part& part) const;
  bool is_wished(const Wish& wish, const Part& part) const;
  Wish wish() const;
  bool is_kept(const Image& image, const Part& part, const DemandSet& facts) const;
  bool has_image(const DemandSet& facts, const Part* only, const Wish& wish) const;
  DemandSet all_facts() const;
  bool can_fill(Image& image, std::size_t need, const DemandSet& facts) const;
  std::vector<std::optional<Version>> pythons() const;

  Demands demands_;
  Had had_;
  std::vector<Demand> list_;
  std::vector<Version> known_pythons_;
  std::vector<Need> needs_;
  std::vector<DemandSet> contradictions_;  // facts that no image keeps together
};

/// Whether `row` is about the release `wanted`: `0.30.0-0.33.0` is about all between.
bool is_about(const RuntimeRelease& row, const std::string& wanted);

/// Whether GPU and an Arm processor are one module: Grace, GB10 and Tegra.
bool is_with_arm(const Gpu& gpu);

/// Whether there is an image of `runtime` for machines without a GPU.
bool has_cpu_image(const ServingRuntime& runtime);

}  // namespace mlpack::test
