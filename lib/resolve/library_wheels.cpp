#include "lib/resolve/library_wheels.h"

#include "lib/resolve/asked_packages.h"
#include "lib/resolve/candidates.h"
#include "lib/resolve/releases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view prefix = "nvidia-";
constexpr std::string_view toolkit_prefix = "nvidia-cuda-";
constexpr std::string_view cuda_suffix = "-cu";

// 12 of `nvidia-cudnn-cu12`. Parts of the toolkit have its version: 13 of
// `nvidia-cuda-runtime==13.0.96`.
std::optional<unsigned> cuda_major_of(std::string_view name,
                                      const std::optional<Version>& release) {
  const std::size_t suffix = name.rfind(cuda_suffix);
  const auto major = suffix == std::string_view::npos
                         ? std::nullopt
                         : Version::parse(name.substr(suffix + cuda_suffix.size()));
  if (major) return major->part(0);
  const bool says_it = release && name.starts_with(toolkit_prefix);
  return says_it ? std::optional(release->part(0)) : std::nullopt;
}

// Whether it will be there, for a CUDA major.
bool is_there_for(const LibraryWheel& wheel) {
  return wheel.by != LibraryWheel::By::lock && wheel.cuda_major.has_value();
}

// The first that the spec names for a CUDA major, where it names none for another.
const LibraryWheel* wheel_with_cuda(const Demands& demands) {
  const LibraryWheel* found = nullptr;
  for (const LibraryWheel& wheel : demands.library_wheels) {
    if (wheel.by != LibraryWheel::By::spec || !wheel.cuda_major) continue;
    if (found != nullptr && found->cuda_major != wheel.cuda_major) return nullptr;
    if (found == nullptr) found = &wheel;
  }
  return found;
}

// The wheels of PyTorch pin its release.
bool is_runtime(const LibraryWheel& wheel) {
  return wheel.by == LibraryWheel::By::spec && wheel.release && wheel.is_of("cuda-runtime");
}

std::string for_cuda(const LibraryWheel& wheel) {
  return fmt::format("{} is for CUDA {}", wheel.name, *wheel.cuda_major);
}

// What was chosen with CUDA: PyTorch, else the first.
struct CudaUser {
  std::string name;
  const Option* option = nullptr;
};

CudaUser user_of_cuda(const Problem& problem, const Assignment& answer) {
  CudaUser found;
  for (std::size_t i = 0; i < answer.options.size(); ++i) {
    if (!answer.options[i]) continue;
    const Component& component = problem.components[i];
    const Option& option = component.options[*answer.options[i]];
    const bool is_first = found.option == nullptr || component.name == component::torch;
    if (option.cuda && option.row != nullptr && is_first) found = {component.name, &option};
  }
  return found;
}

}  // namespace

std::vector<LibraryWheel> library_wheels(const std::vector<std::string>& lines,
                                         LibraryWheel::By by) {
  std::vector<LibraryWheel> wheels;
  for (const std::string& line : lines) {
    const PackageDemand package = parse_package(line, {});
    if (!package.name.starts_with(prefix)) continue;
    auto release = Version::parse(pinned_release(package.specifier));
    wheels.push_back({package.name, cuda_major_of(package.name, release), release, by});
  }
  return wheels;
}

std::optional<Problem> with_their_cuda(const Question& question, const Assignment& best) {
  // What a runtime needs is in its image.
  if (!question.demands.runtime.empty()) return std::nullopt;
  const auto& wheels = question.demands.library_wheels;
  const LibraryWheel* const named = wheel_with_cuda(question.demands);
  const auto runtime = std::find_if(wheels.begin(), wheels.end(), is_runtime);
  if (named == nullptr && runtime == wheels.end()) return std::nullopt;
  Problem problem = question.problem;
  const auto refuse = [&](Option& option, const std::string& reason) {
    const CatalogRow* const row = &question.catalog.fact_row("image.one_cuda_major");
    option.vetoes.push_back({{}, {Verdict::no, reason, {row}}});
  };
  for (Component& component : problem.components) {
    const bool has_pins = runtime != wheels.end() && component.name == component::torch;
    for (Option& option : component.options) {
      if (!option.cuda) continue;
      if (named != nullptr && !named->is_for(*option.cuda)) {
        refuse(option, for_cuda(*named));
      } else if (has_pins && !option.cuda->same_minor(*runtime->release)) {
        refuse(option, fmt::format("{}=={} is asked for", runtime->name, runtime->release->text()));
      }
    }
  }
  const auto found = best_answer(problem, all_of(question.list));
  const auto compat_of = [&](const Assignment& answer) {
    return problem.frames[answer.frame].compat;
  };
  if (!found || compat_of(*found) != compat_of(best)) return std::nullopt;
  return problem;
}

std::optional<Ruling> refusal_by_runtime(const Catalog& catalog,
                                         const Demands& demands,
                                         const Option& option) {
  for (const LibraryWheel& wheel : demands.library_wheels) {
    const bool is_same = is_runtime(wheel) && wheel.cuda_major == option.cuda->part(0);
    if (!is_same || wheel.release->same_minor(*option.cuda)) continue;
    return Ruling{Verdict::no,
                  fmt::format("{} needs {} {}, and {} is asked for",
                              option.name,
                              wheel.name,
                              option.cuda->text(),
                              wheel.release->text()),
                  {option.row, &catalog.fact_row("image.one_cuda_major")}};
  }
  return std::nullopt;
}

std::vector<Ruling> doubts_of_other_cuda(const Question& question, const Assignment& answer) {
  const auto [name, option] = user_of_cuda(question.problem, answer);
  std::vector<Ruling> doubts;
  for (const LibraryWheel& wheel : question.demands.library_wheels) {
    if (option == nullptr || !is_there_for(wheel) || wheel.is_for(*option->cuda)) continue;
    doubts.push_back({Verdict::unknown,
                      fmt::format("{}, and {} {} for CUDA {}: both would be there",
                                  for_cuda(wheel),
                                  name,
                                  option->name,
                                  option->cuda->part(0)),
                      {option->row, &question.catalog.fact_row("image.one_cuda_major")},
                      {},
                      fmt::format("leave `{}` out, or pin a release for its CUDA", wheel.name)});
  }
  return doubts;
}

}  // namespace mlpack
