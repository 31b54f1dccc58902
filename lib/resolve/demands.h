#pragma once

#include "lib/catalog/catalog.h"
#include "lib/catalog/compat.h"
#include "lib/catalog/gpus.h"
#include "lib/oci/platform.h"
#include "lib/resolve/problem.h"
#include "lib/spec/spec.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Machines that the image must run on. gpu nullptr: without a GPU.
struct FleetGroup {
  const Gpu* gpu = nullptr;
  unsigned count = 1;
  std::optional<Version> driver;  // nullopt: no promise is made
  Where where;
};

/// A Python package that brings CUDA code or needs it: `torch==2.9.0`.
struct PackageDemand {
  std::string name;       // normalised (PEP 503)
  std::string specifier;  // `==2.9.0`, `>=2.5,<2.8`; empty: any release
  Where where;
  /// That an extra names: `cuda12` of `jax[cuda12]`, `cuda` of any for CUDA, `cpu`; empty: none
  /// does.
  std::string build;
  /// Of its wheels, by what is pinned beside it, by its own local label or by a lock; nullopt: not
  /// known.
  std::optional<Version> cuda = {};
  std::optional<Version> cudnn = {};
  /// What a lock by another tool, or lines with hashes, pin beside it, which rules out other builds
  /// of the same release. mlpack's own rules out none: it is what was taken the last time.
  std::optional<Version> pinned_cuda = {};
  /// Whether it was locked together with what is pinned beside it: another release has others.
  bool is_locked_together = false;
  /// Of PyTorch's index that is named, which has that build alone: `cu118`, `cpu`; empty: none is.
  std::string index = {};
  /// The same of those that are named beside it, or beside the index that everybody has: in their
  /// order, which is what uv goes by. The local label makes a build the higher version.
  std::vector<std::string> extra_indexes = {};
  /// Whether its builds are those that PyTorch publishes; any: there may be others.
  enum class Builds { published, any } builds = Builds::published;
  /// pinned: hashes, or a lock, say which it is of those with that version; indexed: the index that
  /// the spec names does, of torch.
  enum class Wheel { open, pinned, indexed } wheel = Wheel::open;
  /// Where indexes of PyTorch's do not decide it, what does: pypi, which has one build of a
  /// release.
  enum class Default { open, pypi } default_index = Default::open;
  /// Of PyTorch's index that is named, which has builds for GPUs of others: `rocm6.4`, `xpu`.
  std::string other_index = {};
  std::vector<std::string> other_extra_indexes = {};  // the same of those that are named beside it
  std::vector<std::string> extras = {};               // all that are named, normalised
  /// Of a wheel that is named, `cp311-cp311-linux_x86_64`; none: it is looked for.
  std::vector<std::string> wheel_tags = {};

  /// `jax[cuda12]==0.9.0`
  std::string text() const;
  /// The build of torch that its label asks for, or its index has; empty: any.
  std::string_view torch_build() const;
  /// The builds of the indexes of PyTorch's that are named, in the order in which uv looks at them.
  std::vector<std::string> named_indexes() const;
  /// `whl/cu126, whl/cu130`: the same; `PyPI` where it is named, too.
  std::string indexes_text() const;
};

/// The official image of a release of a serving runtime.
struct BaseRelease {
  /// without_gpu: it is a build for machines without a GPU.
  enum class Machines { any, without_gpu };
  std::string_view runtime;
  std::string release;                  // as the tag has it
  const RuntimeRelease* row = nullptr;  // nullptr: not in the catalog
  Machines machines = Machines::any;
  std::optional<Version> cuda = {};  // as the tag has it; nullopt: that of the row
  std::string_view processor = {};   // that the tag names, `arm64`; empty: it names none
};

/// What is known of a base that the spec names, from the catalog or from its own config.
struct BaseDemand {
  std::string name;
  const Distro* distro = nullptr;
  std::optional<Version> python;  // of its interpreter
  std::optional<Version> cuda;
  std::optional<Version> cudnn = {};
  std::optional<Version> torch = {};  // that it brings itself
  /// own_python: in the Python of its own PyTorch, where other programs do not look.
  enum class CudaIn { toolkit, own_python } cuda_in = CudaIn::toolkit;
  std::optional<CompatInImage> compat;
  Where where;
  /// CUDA in the tag of a runtime's image that names no release: `nightly-cu130`.
  std::optional<Version> moving_cuda = {};
  std::optional<BaseRelease> official = {};  // that it is by its name
  const CatalogRow* row = nullptr;           // that says what it has; nullptr: none does
  /// Of the package `python3` of its distribution, which is not in the image itself.
  std::optional<Version> packaged_python = {};
};

/// A wheel with a library of CUDA: `nvidia-cudnn-cu12==9.3.0.75`.
struct LibraryWheel {
  std::string name;
  std::optional<unsigned> cuda_major;  // nullopt: its name does not say it
  std::optional<Version> release;      // nullopt: not pinned
  /// seen: a lock by another tool has it, or it is installed; lock: it was locked by mlpack, for
  /// what was asked then.
  enum class By { spec, seen, lock } by = By::spec;

  /// Whether it has `library`: `cudnn`.
  bool is_of(std::string_view library) const;
  /// Whether it may be of the same CUDA major as `cuda`.
  bool is_for(const Version& cuda) const;
};

/// A lock of others, or a pyproject.toml, which says for which Pythons it is.
struct PythonFile {
  std::string name;                             // `uv.lock`
  std::map<Version, std::string> refused = {};  // of those that were compared; why it is not
  Where where = {};

  /// Why it is not for `python`; nullptr: nothing says so.
  const std::string* refusal(const Version& python) const;
};

/// The name of a base that has nothing.
inline constexpr std::string_view scratch_base = "scratch";

/// Everything that bears on the choice of CUDA, driver, framework, runtime, Python and base.
struct Demands {
  std::vector<FleetGroup> fleet;  // groups that say the same are there once
  std::optional<Version> cuda;
  Where cuda_where;
  std::string runtime;          // empty: none
  std::string runtime_version;  // empty: the newest that fits
  Where runtime_where;
  std::vector<PackageDemand> packages;
  bool needs_python = false;      // there is a `python` section, or an application of one's own
  std::optional<Version> python;  // pinned
  Where python_where;
  std::optional<PythonFile> python_file;
  std::optional<BaseDemand> base;  // nullopt: `auto`
  /// slim: what `auto` takes for a Python was decided before.
  enum class Auto { open, slim } auto_base = Auto::open;
  std::vector<Platform> platforms;  // that the file names; empty: it does not
  Where platforms_where;
  std::string quantisation;  // of the model, as the catalog calls it; empty: none, or not known
  enum class QuantisedBy { files, args } quantised_by = QuantisedBy::files;
  Where quantisation_where;
  std::string bfloat16;  // what asks for it, of a runtime that needs a GPU with it; empty: nothing
  Where bfloat16_where;
  std::uint64_t weight_bytes = 0;  // of the largest model that is served; 0: not known
  std::string as_of;  // nothing that was released later is chosen; empty: everything is
  /// Lines of packages that count in some of the images that may come of it, by their markers: what
  /// they need is not compared.
  std::vector<std::string> undecided = {};
  /// Packages of which the catalog does not know what they need of CUDA.
  std::vector<std::string> uncompared = {};
  std::vector<LibraryWheel> library_wheels = {};  // that are named, or locked
  /// Packages that are built for processors alone, where what uses GPUs has another name: they ask
  /// for nothing. Of wheels that were seen, where nothing else uses GPUs.
  std::vector<PackageDemand> for_processors = {};
  /// The same, beside what is called so for GPUs: both have the same files.
  std::vector<PackageDemand> overwritten = {};
};

/// One fact of a spec which may contradict others.
struct Demand {
  enum class Kind {
    runtime,
    package,
    gpu,
    no_gpu,
    quantisation,
    bfloat16,
    base,
    platform,
    python_file,
    python,
    cuda,
    runtime_version,
    package_version,
    driver
  };
  Kind kind;
  std::string text;         // `driver 470.256.02`, `cuda 12.6`
  std::size_t subject = 0;  // index of the group in `fleet`, or of the package
  Where where;
};

/// Whether any machine of the fleet has a GPU.
bool has_gpus(const Demands& demands);

/// Whether machines with a GPU have an Arm processor: it is one module with it, or the platforms
/// that are named leave no other.
enum class ArmMachine { no, always, by_platform };
ArmMachine arm_machine(const Catalog& catalog, const Demands& demands, const Gpu& gpu);

/// `linux/amd64, linux/arm64`
std::string platforms_text(const std::vector<Platform>& platforms);

/// Whether what was released on `released` (empty: not known) may be chosen.
bool is_out(const Demands& demands, std::string_view released);

/// The demands one by one. What is dropped first from a conflict comes last: so a conflict names
/// what is asked for rather than how.
std::vector<Demand> list_demands(const Demands& demands);

/// The same without `demand`, one of list_demands(demands); a GPU goes with its driver, a runtime
/// and a package with their versions.
Demands without(Demands demands, const Demand& demand);

}  // namespace mlpack
