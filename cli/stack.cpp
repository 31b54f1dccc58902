#include "cli/stack.h"

#include "cli/lock_file.h"
#include "lib/model/model.h"
#include "lib/python/pylock.h"
#include "lib/resolve/stack_image.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <map>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_requirements = std::uint64_t{4} << 20;
constexpr std::uint64_t largest_pylock = std::uint64_t{64} << 20;

// Lines of a requirements file: comments, options and what is continued taken care of.
std::vector<std::string> requirement_lines(const fs::path& path) {
  std::vector<std::string> lines;
  std::string whole;
  const std::string text = read_file(path, largest_requirements);
  for (std::string_view line : split(text, '\n')) {
    const bool continues = trim(line).ends_with('\\');
    line = trim(line);
    if (continues) line.remove_suffix(1);
    whole += std::string(line.substr(0, line.starts_with('#') ? 0 : line.find(" #"))) + " ";
    if (continues) continue;
    const std::string_view requirement = trim(whole);
    if (!requirement.empty() && !requirement.starts_with('-')) {
      lines.emplace_back(requirement.substr(0, requirement.find(" --")));
    }
    whole.clear();
  }
  return lines;
}

// Of a pylock.toml: a line for each package that it has in one version.
std::vector<std::string> pylock_lines(const fs::path& path) {
  const Pylock lock = parse_pylock(read_file(path, largest_pylock), path);
  std::map<std::string, std::vector<std::string>> versions;
  for (const PylockPackage& package : lock.packages)
    versions[package.name].push_back(package.version);
  std::vector<std::string> lines;
  for (const auto& [name, found] : versions) {
    if (found.size() == 1 && !found.front().empty()) lines.push_back(name + "==" + found.front());
  }
  return lines;
}

bool is_pylock(const fs::path& path) {
  return path.filename() != "uv.lock";
}

// What mlpack.lock says of the wheels of any platform.
std::vector<std::string> locked_lines(const Spec& spec) {
  std::vector<std::string> lines;
  if (!spec.python) return lines;
  for (const auto& [platform, locked] : read_lock_file(spec).lock.platforms) {
    if (!locked.python || !lines.empty()) continue;
    for (const LockedWheel& wheel : locked.python->wheels)
      lines.push_back(wheel.name + "==" + wheel.version);
  }
  return lines;
}

std::vector<std::string> requirements_of(const Spec& spec) {
  if (!spec.python) return {};
  const Python& python = spec.python->value;
  if (python.lock && is_pylock(*python.lock)) return pylock_lines(*python.lock);
  if (!python.requirements) return python.packages;
  return requirement_lines(*python.requirements);
}

// The quantisation that the model's own configuration names, as far as the catalog knows it.
std::string quantisation_of(const Catalog& catalog, const Spec& spec) {
  constexpr std::array names{
      "config.json", "quantize_config.json", "quant_config.json", "hf_quant_config.json"};
  for (const auto& [weights, place] : spec.weights) {
    if (weights.kind != SourceKind::path) continue;
    std::vector<ModelFile> files;
    for (const char* const name : names) {
      const fs::path path = fs::path(weights.source) / name;
      std::error_code failed;
      if (!fs::is_regular_file(path, failed)) continue;
      const std::uint64_t size = fs::file_size(path, failed);
      if (!failed) files.push_back(model_file(name, path, size));
    }
    const auto quantisation = read_model(files).summary.quantisation;
    if (quantisation && catalog.find_quantisation(quantisation->method) != nullptr) {
      return quantisation->method;
    }
  }
  return {};
}

}  // namespace

SpecStack find_stack(const Catalog& catalog,
                     const Spec& spec,
                     const std::optional<ImageConfig>& base,
                     const std::string& as_of) {
  SpecStack found;
  found.demands = demands_of(
      catalog,
      spec,
      {requirements_of(spec), locked_lines(spec), base, quantisation_of(catalog, spec), as_of});
  found.resolution = solve(catalog, found.demands);
  return found;
}

const Stack& require_stack(const SpecStack& found) {
  if (!found.resolution.stack) throw conflict_error(found.resolution.conflicts);
  return *found.resolution.stack;
}

bool needs_stack(const Spec& spec) {
  return spec.cuda || spec.runtime || spec.python || !spec.fleet.empty();
}

bool names_base(const Spec& spec) {
  return !std::holds_alternative<BaseAuto>(spec.base.value);
}

Spec with_base(Spec spec, const Stack& stack) {
  if (!names_base(spec) && !stack.base.empty()) {
    spec.base.value = BaseReference{stack.base};
  }
  return spec;
}

}  // namespace mlpack
