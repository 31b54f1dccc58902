#include "lib/resolve/demands.h"

#include "lib/resolve/releases.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

std::string package_text(const PackageDemand& package) {
  const std::string indexes = package.indexes_text();
  return package.name + (indexes.empty() ? "" : " from " + indexes);
}

std::string group_text(const FleetGroup& group) {
  if (group.gpu == nullptr) return "a machine without a GPU";
  return std::string(group.gpu->name);
}

}  // namespace

// Not `nvidia-cudnn-frontend`, which has releases of its own.
bool LibraryWheel::is_of(std::string_view library) const {
  const std::string of = fmt::format("nvidia-{}", library);
  return name == of || name.starts_with(of + "-cu");
}

bool LibraryWheel::is_for(const Version& cuda) const {
  return !cuda_major || *cuda_major == cuda.part(0);
}

const std::string* PythonFile::refusal(const Version& python) const {
  auto found = refused.find(python);
  if (found == refused.end()) {
    found = refused.find(*Version::parse(fmt::format("{}.{}", python.part(0), python.part(1))));
  }
  return found == refused.end() ? nullptr : &found->second;
}

std::string PackageDemand::text() const {
  const auto names_build = [&](const std::string& extra) { return extra.starts_with(build + "-"); };
  const bool is_whole = std::find(extras.begin(), extras.end(), build) != extras.end();
  const auto longer = std::find_if(extras.begin(), extras.end(), names_build);
  const std::string& extra = is_whole || longer == extras.end() ? build : *longer;
  return name + (build.empty() ? "" : "[" + extra + "]") + specifier;
}

std::string_view PackageDemand::torch_build() const {
  const std::string_view label = local_label(specifier);
  return label.empty() ? std::string_view(index) : label;
}

std::vector<std::string> PackageDemand::named_indexes() const {
  std::vector<std::string> named = extra_indexes;
  if (!index.empty()) named.push_back(index);
  return named;
}

std::string PackageDemand::indexes_text() const {
  std::vector<std::string> texts;
  for (const std::string& named : named_indexes())
    texts.push_back("whl/" + named);
  if (default_index == Default::pypi) texts.emplace_back("PyPI");
  return join(texts, ", ");
}

bool has_gpus(const Demands& demands) {
  return std::any_of(demands.fleet.begin(), demands.fleet.end(), [](const FleetGroup& group) {
    return group.gpu != nullptr;
  });
}

ArmMachine arm_machine(const Catalog& catalog, const Demands& demands, const Gpu& gpu) {
  const auto has = [&](std::string_view architecture) {
    return std::any_of(
        demands.platforms.begin(), demands.platforms.end(), [&](const Platform& platform) {
          return platform.architecture == architecture;
        });
  };
  const GpuProcessor* const known = catalog.find_gpu_processor(gpu.name);
  if (known != nullptr) return known->architecture == "arm64" ? ArmMachine::always : ArmMachine::no;
  return has("arm64") && !has("amd64") ? ArmMachine::by_platform : ArmMachine::no;
}

bool is_out(const Demands& demands, std::string_view released) {
  return demands.as_of.empty() || released.empty() || released <= demands.as_of;
}

std::string platforms_text(const std::vector<Platform>& platforms) {
  std::vector<std::string> texts;
  for (const Platform& platform : platforms)
    texts.push_back(platform.text());
  return join(texts, ", ");
}

std::vector<Demand> list_demands(const Demands& demands) {
  std::vector<Demand> list;
  const auto add = [&](Kind kind, std::string text, const Where& where, std::size_t subject = 0) {
    list.push_back({kind, std::move(text), subject, where});
  };
  const auto& fleet = demands.fleet;
  if (!demands.runtime.empty()) add(Kind::runtime, demands.runtime, demands.runtime_where);
  for (std::size_t i = 0; i < demands.packages.size(); ++i)
    add(Kind::package, package_text(demands.packages[i]), demands.packages[i].where, i);
  for (std::size_t i = 0; i < fleet.size(); ++i)
    add(fleet[i].gpu ? Kind::gpu : Kind::no_gpu, group_text(fleet[i]), fleet[i].where, i);
  if (!demands.quantisation.empty()) {
    const bool is_said = demands.quantised_by == Demands::QuantisedBy::args;
    add(Kind::quantisation,
        is_said ? "quantisation " + demands.quantisation : demands.quantisation + " weights",
        demands.quantisation_where);
  }
  if (!demands.bfloat16.empty()) add(Kind::bfloat16, demands.bfloat16, demands.bfloat16_where);
  if (demands.base) add(Kind::base, "base " + demands.base->name, demands.base->where);
  if (!demands.platforms.empty()) {
    add(Kind::platform, "platform " + platforms_text(demands.platforms), demands.platforms_where);
  }
  if (demands.python_file)
    add(Kind::python_file, demands.python_file->name, demands.python_file->where);
  if (demands.python) {
    add(Kind::python, fmt::format("Python {}", demands.python->text()), demands.python_where);
  }
  if (demands.cuda)
    add(Kind::cuda, fmt::format("CUDA {}", demands.cuda->text()), demands.cuda_where);
  if (!demands.runtime_version.empty()) {
    add(Kind::runtime_version,
        demands.runtime + " " + demands.runtime_version,
        demands.runtime_where);
  }
  for (std::size_t i = 0; i < demands.packages.size(); ++i) {
    const PackageDemand& package = demands.packages[i];
    if (package.specifier.empty() && package.build.empty()) continue;
    add(Kind::package_version, package.text(), package.where, i);
  }
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    if (!fleet[i].driver) continue;
    add(Kind::driver,
        fmt::format("driver {} of {}", fleet[i].driver->text(), fleet[i].gpu->name),
        fleet[i].where,
        i);
  }
  return list;
}

Demands without(Demands demands, const Demand& demand) {
  const auto index = static_cast<std::ptrdiff_t>(demand.subject);
  switch (demand.kind) {
    case Kind::runtime:
      demands.runtime.clear();
      [[fallthrough]];
    case Kind::runtime_version:
      demands.runtime_version.clear();
      break;
    case Kind::package:
      demands.packages.erase(demands.packages.begin() + index);
      break;
    case Kind::package_version:
      demands.packages[demand.subject].specifier.clear();
      demands.packages[demand.subject].build.clear();
      demands.packages[demand.subject].wheel_tags.clear();
      break;
    case Kind::gpu:
    case Kind::no_gpu:
      demands.fleet.erase(demands.fleet.begin() + index);
      break;
    case Kind::driver:
      demands.fleet[demand.subject].driver.reset();
      break;
    case Kind::quantisation:
      demands.quantisation.clear();
      break;
    case Kind::bfloat16:
      demands.bfloat16.clear();
      break;
    case Kind::base:
      demands.base.reset();
      break;
    case Kind::platform:
      demands.platforms.clear();
      break;
    case Kind::python_file:
      demands.python_file.reset();
      break;
    case Kind::python:
      demands.python.reset();
      break;
    case Kind::cuda:
      demands.cuda.reset();
      break;
  }
  return demands;
}

}  // namespace mlpack
