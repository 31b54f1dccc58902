#include "lib/resolve/cuda_libraries.h"

#include "lib/resolve/asked_packages.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/rules_library.h"
#include "lib/resolve/serving_options.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {
namespace {

constexpr std::string_view jax_package = "jax";

// A package with what was chosen of it.
struct Taken {
  const PackageDemand* package;
  const Option* option;
};

std::vector<Taken> packages_with_cuda(const Question& question, const Assignment& answer) {
  std::vector<Taken> found;
  for (std::size_t i = 0; i < question.problem.components.size(); ++i) {
    const Component& component = question.problem.components[i];
    if (!component.demand || !answer.options[i]) continue;
    const Demand& demand = question.list[*component.demand];
    const Option& option = component.options[*answer.options[i]];
    if (demand.kind != Demand::Kind::package || !option.cuda) continue;
    found.push_back({&question.demands.packages[demand.subject], &option});
  }
  return found;
}

// `jax[cuda12-local]` and `jax-cuda12-plugin` take the libraries that are there already;
// `jax[cuda12]` and `jax-cuda12-plugin[with-cuda]` need the wheels of them.
bool is_local_jax(const PackageDemand& package) {
  const auto& extras = package.extras;
  return package.name == jax_package &&
         std::none_of(extras.begin(), extras.end(), [](const auto& extra) {
           return extra == with_cuda || (extra.starts_with("cuda") && !extra.ends_with("-local"));
         });
}

// Wheels of PyTorch and JAX need those of the libraries; runtimes need PyTorch's.
bool needs_library_wheels(const PackageDemand& package) {
  return package.name == component::torch ||
         (package.name == jax_package && !is_local_jax(package)) ||
         is_serving_package(package.name);
}

// What has to be installed so that its libraries are, too: `tensorflow[and-cuda]`; empty where no
// extra brings them.
std::string package_with_libraries(const Taken& taken) {
  const Option& option = *taken.option;
  if (taken.package->name == jax_package) return fmt::format("jax[{}]", extra_of_build(option));
  const std::string_view package =
      option.row == nullptr ? std::string_view() : option.row->at("gpu_package");
  return std::string(package.ends_with(']') ? package : std::string_view());
}

bool has_extras(const PackageDemand& package, std::string_view with_libraries) {
  with_libraries.remove_suffix(1);
  const auto wanted = split(with_libraries.substr(with_libraries.find('[') + 1), ',');
  return std::all_of(wanted.begin(), wanted.end(), [&](std::string_view extra) {
    const auto& has = package.extras;
    return std::find(has.begin(), has.end(), extra) != has.end();
  });
}

// What has cuDNN, and which.
struct CudnnThere {
  std::string of;
  std::optional<Version> release = {};  // nullopt: not known
};

// Wheels of another CUDA major are of no use, and programs name the major of cuDNN.
std::optional<CudnnThere> cudnn_in_wheels(const Demands& demands,
                                          const Version& cuda,
                                          const std::optional<Version>& floor) {
  std::optional<CudnnThere> found;
  for (const LibraryWheel& wheel : demands.library_wheels) {
    if (!wheel.is_of("cudnn")) continue;
    const auto& release = wheel.release;
    const bool is_it = !floor || !release || release->part(0) == floor->part(0);
    if (!wheel.is_for(cuda) || !is_it) continue;
    if (!found) found = CudnnThere{wheel.name};
    if (release && (!found->release || *release > *found->release)) found->release = release;
  }
  return found;
}

// Its libraries are found by what is in that Python alone.
bool has_own_python(const Demands& demands) {
  return demands.base && demands.base->cuda_in == BaseDemand::CudaIn::own_python;
}

// What a runtime or a framework needs is in its image.
bool has_more(const BaseDemand& base) {
  return base.official || base.moving_cuda || base.row != nullptr;
}

// What is not known of a base it may have.
bool may_have_cudnn(const Demands& demands) {
  const auto& base = demands.base;
  if (!base) return !demands.runtime.empty();
  if (has_own_python(demands)) return false;
  const bool is_known = base->cuda || base->compat == CompatInImage::no;
  return !is_known || has_more(*base) || base->cudnn ||
         base->name.find("cudnn") != std::string::npos;
}

// Of a base that may have more than is known of it, nothing is.
std::optional<CudnnThere> cudnn_in_base(const Demands& demands) {
  const auto& base = demands.base;
  if (!may_have_cudnn(demands)) return std::nullopt;
  const bool is_known = base && base->cudnn && !has_more(*base);
  return CudnnThere{base ? base->name : std::string(),
                    is_known ? base->cudnn : std::optional<Version>()};
}

// cuDNN is not all of CUDA: what uses it loads cuFFT, too.
bool has_rest_of_cuda(const Demands& demands, const Version& cuda) {
  const auto& wheels = demands.library_wheels;
  const bool is_in_wheels = std::any_of(wheels.begin(), wheels.end(), [&](const auto& wheel) {
    return wheel.is_of("cufft") && wheel.is_for(cuda);
  });
  const auto& base = demands.base;
  if (is_in_wheels || !base) return is_in_wheels || !demands.runtime.empty();
  return !has_own_python(demands) &&
         (base->cuda || base->compat != CompatInImage::no || has_more(*base));
}

// Another major is told of the base, and patches do not matter; of `9` no minor version is known.
bool is_older(const CudnnThere& there, const Version& floor) {
  const auto& release = there.release;
  return release && release->size() > 1 && is_older_cudnn(*release, floor);
}

// JAX looks for CUPTI when it starts, which images for programs do not have.
CudnnImage::For image_for(const PackageDemand& package) {
  return package.name == jax_package ? CudnnImage::For::compilers : CudnnImage::For::programs;
}

MissingLibraries missing_of(const Taken& taken) {
  const Option& option = *taken.option;
  return {{Verdict::unknown, {}, {option.row}},
          fmt::format("{} {}", taken.package->name, option.name),
          *option.cuda,
          cudnn_floor(*option.row),
          image_for(*taken.package),
          {}};
}

// In wheels, which programs look for first, else in the base; nullopt: nowhere.
std::optional<CudnnThere> cudnn_for(const Demands& demands, const MissingLibraries& needed) {
  const auto in_wheels = cudnn_in_wheels(demands, needed.cuda, needed.cudnn);
  const bool is_enough = in_wheels && has_rest_of_cuda(demands, needed.cuda);
  return is_enough ? in_wheels : cudnn_in_base(demands);
}

// What the packages miss together.
void add(MissingLibraries& all, const MissingLibraries& one) {
  all.by += " and " + one.by;
  all.cuda = std::max(all.cuda, one.cuda);
  all.cudnn =
      all.cudnn && one.cudnn ? std::optional(std::max(*all.cudnn, *one.cudnn)) : std::nullopt;
  if (one.what == CudnnImage::For::compilers) all.what = one.what;
}

// Whether the machines of the fleet run what `image` has.
bool runs_on(const Question& question, const CudaImage& image) {
  const auto& fleet = question.demands.fleet;
  return std::all_of(fleet.begin(), fleet.end(), [&](const FleetGroup& group) {
    if (group.gpu == nullptr) return true;
    const Version& device = group.gpu->compute_capability;
    const auto is_refused = [](const Ruling& ruling) { return ruling.verdict == Verdict::no; };
    return !is_refused(toolkit_supports_gpu(question.catalog, image.cuda, device)) &&
           !is_refused(cudnn_runs(question.catalog, *image.cudnn, image.cuda, device)) &&
           !(group.driver &&
             is_refused(driver_runs_cuda(
                 question.catalog, image.cuda, *group.driver, *group.gpu, CompatInImage::no)));
  });
}

bool is_for_platforms(const Demands& demands, const CudaImage& image) {
  return std::all_of(
      demands.platforms.begin(), demands.platforms.end(), [&](const Platform& platform) {
        const auto& known = image.arch;
        return std::find(known.begin(), known.end(), platform.architecture) != known.end();
      });
}

}  // namespace

std::vector<CudnnImage> images_with(const Question& question, const MissingLibraries& missing) {
  if (!missing.cudnn) return {};
  auto images = cudnn_images(question.catalog, missing.cuda, *missing.cudnn, missing.what);
  std::erase_if(images, [&](const CudnnImage& image) {
    return !is_for_platforms(question.demands, *image.image) || !runs_on(question, *image.image);
  });
  return images;
}

namespace {

// `: take tensorflow[and-cuda], or a base such as …`
std::string ways_out(const Question& question,
                     const MissingLibraries& missing,
                     const std::vector<std::string>& extras) {
  std::vector<std::string> ways;
  if (!extras.empty()) ways.push_back(fmt::format("`{}`", join(extras, "`, `")));
  const auto images = images_with(question, missing);
  if (!images.empty()) ways.push_back(fmt::format("a base such as `{}`", images.front().name));
  return (ways.empty() ? "" : ": take ") + join(ways, ", or ");
}

void tell(MissingLibraries& missing,
          const Question& question,
          const std::vector<std::string>& extras) {
  Ruling& told = missing.told;
  told.reason = fmt::format("{} loads CUDA {}", missing.by, missing.cuda.part(0));
  if (missing.cudnn) told.reason += fmt::format(" and cuDNN {}", missing.cudnn->text());
  if (missing.older.empty()) {
    told.reason += has_own_python(question.demands)
                       ? ", which no wheel brings; what the base has of it is in the Python of its "
                         "own PyTorch"
                       : ", which neither wheels nor the base bring";
    told.hint = "name a base or wheels that bring them";
  } else {
    told.reason += fmt::format(" or newer, and {}", missing.older);
    told.evidence.push_back(&question.catalog.fact_row("cudnn.compatible"));
    told.hint = "name a base or wheels that have a newer one";
  }
  told.reason += ways_out(question, missing, extras);
}

}  // namespace

std::optional<MissingLibraries> missing_libraries(const Question& question,
                                                  const Assignment& answer) {
  std::optional<MissingLibraries> found;
  std::vector<std::string> ways;
  for (const Taken& taken : packages_with_cuda(question, answer)) {
    const std::string extras = package_with_libraries(taken);
    const bool has_wheels = !extras.empty() && has_extras(*taken.package, extras);
    // Those of one image are of one CUDA major.
    if (has_wheels || needs_library_wheels(*taken.package)) return std::nullopt;
    if (taken.option->row == nullptr) continue;
    MissingLibraries one = missing_of(taken);
    const auto there = cudnn_for(question.demands, one);
    const bool lacks = there && one.cudnn && is_older(*there, *one.cudnn);
    if (there && !lacks) continue;
    if (lacks) one.older = fmt::format("{} has {}", there->of, there->release->text());
    if (!extras.empty()) ways.push_back(extras);
    if (found)
      add(*found, one);
    else
      found = one;
  }
  if (found) tell(*found, question, ways);
  return found;
}

}  // namespace mlpack
