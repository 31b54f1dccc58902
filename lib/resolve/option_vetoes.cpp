#include "lib/resolve/option_vetoes.h"

#include "lib/resolve/rules_image.h"
#include "lib/resolve/rules_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// The runtime whose engines are TensorRT's; others have it as one of several.
constexpr std::string_view tensorrt_runtime = "tensorrt_llm";

}  // namespace

Veto not_taken(const DemandSet& set, const Option& option, const std::string& wanted) {
  return {set,
          {Verdict::no,
           fmt::format("{} is asked for, and this is {}", wanted, option.name),
           option.row == nullptr ? std::vector<const CatalogRow*>()
                                 : std::vector<const CatalogRow*>{option.row}}};
}

Vetoes::Vetoes(const Catalog& catalog,
               const Demands& demands,
               const std::vector<Demand>& list,
               const Given* given)
    : catalog_(catalog),
      demands_(demands),
      given_(given),
      rulings_(given != nullptr && given->rulings != nullptr ? given->rulings
                                                             : std::make_shared<Rulings>()) {
  for (const PackageDemand& package : demands.packages)
    specifiers_.emplace_back(package.specifier);
  for (std::size_t i = 0; i < list.size(); ++i)
    indexes_.try_emplace({list[i].kind, list[i].subject}, i);
  for (const FleetGroup& group : demands.fleet)
    arm_.push_back(group.gpu == nullptr ? ArmMachine::no
                                        : arm_machine(catalog, demands, *group.gpu));
}

bool Vetoes::takes(std::size_t index, const Version& release) const {
  return specifiers_[index].takes(release);
}

bool Vetoes::takes(std::size_t index, std::string_view release) const {
  return specifiers_[index].takes(release);
}

bool Vetoes::is_settled(const Option& option) const {
  if (given_ == nullptr) return false;
  const auto& rows = given_->rows;
  return holding(option.vetoes, given_->demands) != nullptr ||
         std::binary_search(rows.begin(), rows.end(), option.row, std::less<>());
}

std::optional<std::size_t> Vetoes::index_of(Kind kind, std::size_t subject) const {
  const auto found = indexes_.find({kind, subject});
  return found == indexes_.end() ? std::nullopt : std::optional(found->second);
}

DemandSet Vetoes::set_of(Kind kind, std::size_t subject) const {
  DemandSet set;
  if (const auto index = index_of(kind, subject)) set.set(*index);
  return set;
}

void Vetoes::judge(Option& option,
                   const DemandSet& set,
                   const SharedRuling& ruling,
                   std::vector<Veto>& vetoes) const {
  if (ruling->verdict == Verdict::no)
    vetoes.push_back({set, ruling});
  else if (ruling->verdict == Verdict::unknown)
    option.doubts.push_back(*ruling);
}

const Vetoes::DriverRulings& Vetoes::rulings_of_drivers(const Version& cuda) const {
  const auto known = drivers_.find(cuda.text());
  if (known != drivers_.end()) return known->second;
  Option option;
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const FleetGroup& group = demands_.fleet[i];
    if (group.gpu == nullptr || !group.driver) continue;
    const DemandSet set = set_of(Kind::gpu, i) | set_of(Kind::driver, i);
    const auto runs = [&](CompatInImage compat) {
      const auto asked =
          Rulings::Asked(compat == CompatInImage::yes ? "driver with compat" : "driver")
              .about(cuda.text())
              .about(group.driver->text())
              .about(group.gpu->name);
      return rulings_->get(asked, [&] {
        return driver_runs_cuda(catalog_, cuda, *group.driver, *group.gpu, compat);
      });
    };
    judge(option, set, runs(CompatInImage::no), option.without_compat);
    const SharedRuling with = runs(CompatInImage::yes);
    if (with->verdict == Verdict::no) option.with_compat.push_back({set, with});
  }
  DriverRulings rulings{
      std::move(option.without_compat), std::move(option.with_compat), std::move(option.doubts)};
  return drivers_.emplace(cuda.text(), std::move(rulings)).first->second;
}

void Vetoes::drivers(Option& option, const Version& cuda) const {
  const DriverRulings& rulings = rulings_of_drivers(cuda);
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(option.without_compat, rulings.without_compat);
  append(option.with_compat, rulings.with_compat);
  append(option.doubts, rulings.doubts);
}

SharedRuling Vetoes::supports(const Version& cuda, const Version& device) const {
  return rulings_->get(Rulings::Asked("toolkit").about(cuda.text()).about(device.text()),
                       [&] { return toolkit_supports_gpu(catalog_, cuda, device); });
}

void Vetoes::toolkit(Option& option, const Version& cuda) const {
  ByCapability supported([&](const Version& device) { return supports(cuda, device); });
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu == nullptr) continue;
    judge(option, set_of(Kind::gpu, i), supported.of(gpu->compute_capability), option.vetoes);
  }
}

void Vetoes::jetson(Option& option, const GpuCode& code, std::size_t group) const {
  const Gpu& gpu = *demands_.fleet[group].gpu;
  const SharedRuling compiles = supports(code.made_by, gpu.compute_capability);
  if (compiles->verdict == Verdict::no) {
    option.vetoes.push_back({set_of(Kind::gpu, group), compiles});
    return;
  }
  option.doubts.push_back(own_builds(gpu));
}

Ruling Vetoes::own_builds(const Gpu& gpu) const {
  return {Verdict::unknown,
          fmt::format("{} may need builds of its own", gpu.name),
          {&catalog_.fact_row("torch.thor_orin")}};
}

void Vetoes::unknown_jetson_code(Option& option) const {
  for (const FleetGroup& group : demands_.fleet) {
    const bool is_jetson = group.gpu != nullptr && group.gpu->kind == Gpu::Kind::jetson;
    if (is_jetson) option.doubts.push_back(own_builds(*group.gpu));
  }
}

void Vetoes::code_on(Option& option,
                     const NamedCode& named,
                     std::size_t index,
                     const DemandSet& set) const {
  const GpuCode& code = named.code;
  const FleetGroup& group = demands_.fleet[index];
  const Version& device = group.gpu->compute_capability;
  const SharedRuling best = rulings_->get(Rulings::Asked(named.name).about(device.text()), [&] {
    return code_runs(catalog_, code, device, code.made_by);
  });
  const bool runs_somewhere = best->verdict == Verdict::yes;
  judge(option, set, best, option.vetoes);
  if (!runs_somewhere || !group.driver || has_binary_code(code, device)) return;
  for (const CompatInImage compat : {CompatInImage::no, CompatInImage::yes}) {
    const bool is_with = compat == CompatInImage::yes;
    const auto package = is_with ? std::optional(code.made_by) : std::nullopt;
    Ruling ruling = code_runs(
        catalog_, code, device, ptx_compiler(catalog_, *group.driver, *group.gpu, package));
    if (ruling.verdict != Verdict::no) continue;
    auto& vetoes = is_with ? option.with_compat : option.without_compat;
    vetoes.push_back({set | set_of(Kind::driver, index), std::move(ruling)});
  }
}

void Vetoes::unknown_code(Option& option, const TorchBuild& build) const {
  toolkit(option, build.cuda);
  unknown_jetson_code(option);
  if (!has_gpus(demands_)) return;
  option.doubts.push_back(
      {Verdict::unknown,
       fmt::format("nothing is known of the GPU code in torch {}", build.row->name),
       {build.row}});
}

void Vetoes::code(Option& option, const TorchBuild& build) const {
  const GpuCode code = code_of(build);
  const auto arm = arm_code_of(build);
  option.arm_code = arm;
  const NamedCode named{fmt::format("code in torch {}", build.row->name), code};
  const bool is_known = !code.sm.empty() || !code.ptx.empty();
  if (is_known)
    option.code = code;
  else
    unknown_code(option, build);
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu == nullptr) continue;
    const bool is_jetson = gpu->kind == Gpu::Kind::jetson;
    if (is_jetson && is_known) jetson(option, code, i);
    if (is_jetson) continue;
    const DemandSet machine = set_of(Kind::gpu, i);
    const ArmMachine processor = arm_[i];
    // What a card does not run on x86-64, it runs nowhere.
    const bool has_own = processor == ArmMachine::always && arm;
    if (is_known && !has_own) code_on(option, named, i, machine);
    if (processor == ArmMachine::no) continue;
    if (arm) {
      const bool is_chosen = processor == ArmMachine::by_platform;
      code_on(option,
              {named.name + " for Arm", *arm},
              i,
              is_chosen ? machine | set_of(Kind::platform) : machine);
    } else {
      option.doubts.push_back(
          {Verdict::unknown,
           fmt::format("of torch {} the catalog knows the code that is in the wheel for x86-64; "
                       "that for arm64, where there is one, was not compared",
                       build.row->name),
           {build.row},
           arm_processor});
    }
  }
}

void Vetoes::runtime(Option& option, const RuntimeRelease& release) const {
  ByCapability runs([&](const Version& device) { return runtime_runs(catalog_, release, device); });
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu != nullptr)
      judge(option, set_of(Kind::gpu, i), runs.of(gpu->compute_capability), option.vetoes);
  }
}

void Vetoes::cudnn(Option& option, const Version& cudnn, const Version& cuda) const {
  option.cudnn_major = cudnn.part(0);
  ByCapability runs([&](const Version& device) {
    return rulings_->get(
        Rulings::Asked("cuDNN").about(cudnn.text()).about(cuda.text()).about(device.text()),
        [&] { return cudnn_runs(catalog_, cudnn, cuda, device); });
  });
  for (const FleetGroup& group : demands_.fleet) {
    if (group.gpu == nullptr) continue;
    const SharedRuling& ruling = runs.of(group.gpu->compute_capability);
    if (ruling->verdict == Verdict::no) option.doubts.push_back(*ruling);
  }
}

// Both are found by names of their own major: which one a program loads depends on the order of
// folders, and is no contradiction.
void Vetoes::base_cudnn(Option& option, Cudnn of_option) const {
  const auto& base = demands_.base;
  if (!base || !base->cudnn || !option.cudnn_major) return;
  if (base->cuda_in == BaseDemand::CudaIn::own_python) return;
  Ruling one =
      one_library_major(catalog_, "cuDNN", std::vector{base->cudnn->part(0), *option.cudnn_major});
  if (one.verdict != Verdict::no) return;
  one.verdict = Verdict::unknown;
  const bool is_brought = of_option == Cudnn::brought;
  one.reason = fmt::format("{} has cuDNN {}, and {} {} cuDNN {}{}",
                           base->name,
                           base->cudnn->text(),
                           option.name,
                           is_brought ? "brings" : "loads",
                           *option.cudnn_major,
                           is_brought ? ": a program may load both" : "");
  option.doubts.push_back(std::move(one));
}

void Vetoes::tensorrt(Option& option, const RuntimeRelease& release) const {
  const auto version = Version::parse(release.row->at("tensorrt"));
  if (!version || release.runtime != tensorrt_runtime) return;
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu == nullptr) continue;
    Ruling runs = tensorrt_runs(catalog_, *version, gpu->compute_capability);
    if (runs.verdict == Verdict::no) option.vetoes.push_back({set_of(Kind::gpu, i), runs});
  }
}

void Vetoes::framework(Option& option, const FrameworkRelease& release, std::size_t build) const {
  ByCapability runs([&](const Version& device) {
    const auto asked = Rulings::Asked(release.framework)
                           .about(release.release)
                           .about(release.builds[build].text())
                           .about(device.text());
    return rulings_->get(asked, [&] { return framework_runs(catalog_, release, build, device); });
  });
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu != nullptr)
      judge(option, set_of(Kind::gpu, i), runs.of(gpu->compute_capability), option.vetoes);
  }
  framework_on_arm(option, release);
}

void Vetoes::oldest_driver(Option& option, const RuntimeRelease& release) const {
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const FleetGroup& group = demands_.fleet[i];
    if (group.gpu == nullptr || !group.driver) continue;
    judge(option,
          set_of(Kind::gpu, i) | set_of(Kind::driver, i),
          runtime_takes_driver(release, *group.driver, group.gpu->compute_capability),
          option.vetoes);
  }
}

void Vetoes::cuda(Option& option, const Version& cuda) const {
  const std::vector<const CatalogRow*> evidence =
      option.row == nullptr ? std::vector<const CatalogRow*>() : std::vector{option.row};
  if (demands_.cuda && !demands_.cuda->same_minor(cuda)) {
    option.vetoes.push_back(
        {set_of(Kind::cuda),
         {Verdict::no, fmt::format("{} is for CUDA {}", option.name, cuda.text()), evidence}});
  }
  cuda_of_base(option, cuda);
}

void Vetoes::cuda_of_base(Option& option, const Version& cuda) const {
  const auto& base = demands_.base;
  if (!base || !base->cuda) return;
  Ruling one = one_cuda_major(catalog_, std::vector{*base->cuda, cuda});
  if (one.verdict != Verdict::no) return;
  if (base->cuda_in == BaseDemand::CudaIn::toolkit) {
    option.vetoes.push_back({set_of(Kind::base), std::move(one)});
    return;
  }
  option.doubts.push_back(
      {Verdict::unknown,
       fmt::format("{} has CUDA {} in the Python of its own PyTorch, and {} is for CUDA {}: the "
                   "image has both",
                   base->name,
                   base->cuda->text(),
                   option.name,
                   cuda.text()),
       {&catalog_.fact_row("torch.images")},
       {},
       "name another base if nothing needs the PyTorch of this one"});
}

void Vetoes::wheel(Option& option, std::string_view tags) const {
  if (tags.empty() || !demands_.base || demands_.base->distro == nullptr) return;
  judge(option,
        set_of(Kind::base),
        wheel_fits(catalog_, tags, *demands_.base->distro),
        option.vetoes);
}

}  // namespace mlpack
