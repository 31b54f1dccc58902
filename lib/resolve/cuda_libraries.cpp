#include "lib/resolve/cuda_libraries.h"

#include "lib/resolve/base_choice.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/serving_options.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {
namespace {

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

// Wheels of PyTorch and JAX need those of the libraries; runtimes need PyTorch's.
bool needs_library_wheels(const PackageDemand& package) {
  return package.name == component::torch || package.name == "jax" ||
         is_serving_package(package.name);
}

// What has to be installed so that its libraries are, too: `tensorflow[and-cuda]`; empty where no
// extra brings them.
std::string package_with_libraries(const Option& option) {
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

// What is not known of a base it may have.
bool may_have_cudnn(const Demands& demands) {
  const auto& base = demands.base;
  if (!base) return !demands.runtime.empty();
  const bool is_known = base->cuda || base->compat == CompatInImage::no;
  const bool is_more = base->official || base->row != nullptr;
  return !is_known || is_more || base->cudnn || base->name.find("cudnn") != std::string::npos;
}

Ruling missing_libraries(const Catalog& catalog, const Taken& taken, const std::string& extras) {
  const Option& option = *taken.option;
  const unsigned cudnn = option.cudnn_major.value_or(0);
  const std::string image = cudnn_image_reference(catalog, *option.cuda, cudnn);
  std::vector<std::string> ways;
  if (!extras.empty()) ways.push_back(fmt::format("`{}`", extras));
  if (!image.empty()) ways.push_back(fmt::format("a base such as `{}`", image));
  return {Verdict::unknown,
          fmt::format("{} {} loads CUDA {}{}, which neither wheels nor the base bring{}{}",
                      taken.package->name,
                      option.name,
                      option.cuda->part(0),
                      cudnn == 0 ? "" : fmt::format(" and cuDNN {}", cudnn),
                      ways.empty() ? "" : ": take ",
                      join(ways, ", or ")),
          {option.row}};
}

}  // namespace

std::optional<Ruling> told_of_missing_libraries(const Question& question,
                                                const Assignment& answer) {
  const Demands& demands = question.demands;
  if (demands.has_cuda_wheels || may_have_cudnn(demands)) return std::nullopt;
  const std::vector<Taken> all = packages_with_cuda(question, answer);
  std::optional<Ruling> found;
  for (const Taken& taken : all) {
    if (needs_library_wheels(*taken.package)) return std::nullopt;
    const std::string extras = package_with_libraries(*taken.option);
    if (!extras.empty() && has_extras(*taken.package, extras)) return std::nullopt;
    const bool is_known = taken.option->row != nullptr;
    if (is_known && !found) found = missing_libraries(question.catalog, taken, extras);
  }
  return found;
}

}  // namespace mlpack
