#include "lib/resolve/cudnn_floors.h"

#include "lib/resolve/candidates.h"
#include "lib/resolve/framework_options.h"
#include "lib/resolve/rules_library.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// Before it, wheels from PyTorch's own index had the libraries inside.
constexpr std::string_view first_with_wheels = "2.1.0";
// Of which it is not known that it refuses an older cuDNN.
constexpr std::string_view careless_framework = "onnxruntime";

// A package with CUDA, and what was chosen of it.
struct CudnnUser {
  std::size_t component;
  std::size_t option;
};

// The cuDNN that there will be.
struct PinnedCudnn {
  std::string text;  // `torch 2.5.1+cu124 pins 9.1.0.70`
  Version release;
  const CatalogRow* row = nullptr;
};

std::string minor_text(const Version& version) {
  return fmt::format("{}.{}", version.part(0), version.part(1));
}

class CudnnDoubts {
 public:
  CudnnDoubts(const Question& question, const Assignment& answer)
      : question_(question), answer_(answer) {
    for (std::size_t i = 0; i < answer.options.size(); ++i) {
      if (!answer.options[i] || !option(i).cuda || option(i).row == nullptr) continue;
      if (component(i).name == component::torch)
        torch_ = CudnnUser{i, *answer.options[i]};
      else if (framework_of_package(component(i).name))
        frameworks_.push_back({i, *answer.options[i]});
    }
  }

  std::vector<Ruling> found() const {
    std::vector<Ruling> found;
    const auto add = [&](std::optional<Ruling> ruling) {
      if (ruling) found.push_back(*std::move(ruling));
    };
    if (torch_) add(against_torch());
    for (const CudnnUser& framework : frameworks_) {
      auto ruling = against(framework);
      if (ruling) ruling->hint = hint_for(framework);
      add(std::move(ruling));
    }
    return found;
  }

  // The first that one of the packages has against the rest.
  std::optional<Ruling> refusal() const {
    if (auto ruling = torch_ ? against_torch() : std::nullopt) return ruling;
    for (const CudnnUser& framework : frameworks_) {
      auto ruling = against(framework);
      if (ruling && ruling->verdict == Verdict::no) return ruling;
    }
    return std::nullopt;
  }

  Assignment taken() const {
    std::optional<Assignment> best;
    for (const auto& pin : pins()) {
      Restriction restriction;
      restriction.allows = [&](const Option& option) { return goes_with(option, pin); };
      const auto found = best_answer(question_.problem, all_of(question_.list), restriction);
      if (!found || !is_same_image(*found)) continue;
      if (!best || is_better(question_.problem, *found, *best)) best = found;
    }
    return best.value_or(answer_);
  }

 private:
  bool is_same_image(const Assignment& other) const {
    const auto& frames = question_.problem.frames;
    return frames[other.frame].compat == frames[answer_.frame].compat;
  }

  // That builds of torch have, each minor version once; nullopt: not known, or there is no torch.
  std::vector<std::optional<Version>> pins() const {
    std::vector<std::optional<Version>> found{std::nullopt};
    if (!torch_ || are_seen()) return found;
    for (const Option& torch : component(torch_->component).options) {
      const auto pin = cudnn_of_torch(torch);
      const bool is_known = std::any_of(found.begin(), found.end(), [&](const auto& other) {
        return pin.has_value() == other.has_value() && (!pin || pin->same_minor(*other));
      });
      if (!is_known) found.push_back(pin);
    }
    return found;
  }

  static bool is_torch(const Option& option) {
    return option.row != nullptr && option.row->table == "torch_builds";
  }

  static std::optional<Version> cudnn_of_torch(const Option& option) {
    return option.row == nullptr ? std::nullopt : Version::parse(option.row->at("cudnn"));
  }

  // Of those that refuse others.
  static std::optional<Version> floor_of(const Option& option) {
    const bool is_framework = option.row != nullptr && option.cuda &&
                              !option.row->at("framework").empty() &&
                              option.row->at("framework") != careless_framework;
    const auto floor = is_framework ? cudnn_floor(*option.row) : std::nullopt;
    return floor && floor->size() > 1 ? floor : std::nullopt;
  }

  bool goes_with(const Option& option, const std::optional<Version>& pin) const {
    if (is_torch(option)) {
      const auto own = cudnn_of_torch(option);
      return own.has_value() == pin.has_value() && (!pin || own->same_minor(*pin)) &&
             !other_wheel_for(option);
    }
    const auto floor = floor_of(option);
    if (!floor) return true;
    if (pin) return !is_older_cudnn(*pin, *floor);
    const auto wheel = wheel_for(*option.cuda);
    const bool is_there = wheel && (are_seen() || !torch_);
    return !is_there || !is_too_old(*wheel, *floor);
  }

  std::string hint_for(const CudnnUser& framework) const {
    const auto floor = cudnn_floor(*option(framework).row);
    const auto pinned = pinned_for(*option(framework).cuda);
    return pinned->row == nullptr ? other_wheel(*pinned, *floor)
                                  : other_releases(framework, *floor);
  }

  const Component& component(std::size_t index) const {
    return question_.problem.components[index];
  }
  const Option& option(std::size_t index) const {
    return component(index).options[*answer_.options[index]];
  }
  const Option& option(const CudnnUser& part) const {
    return component(part.component).options[part.option];
  }
  std::string name_of(const CudnnUser& part) const {
    return fmt::format("{} {}", component(part.component).name, option(part).name);
  }

  bool are_seen() const {
    const auto& packages = question_.demands.packages;
    return std::any_of(packages.begin(), packages.end(), [](const PackageDemand& package) {
      return package.is_locked_together;
    });
  }

  // That will be there for `cuda`: what was locked another time says nothing.
  std::optional<PinnedCudnn> wheel_for(const Version& cuda) const {
    std::optional<PinnedCudnn> found;
    for (const LibraryWheel& wheel : question_.demands.library_wheels) {
      const bool is_it = wheel.is_of("cudnn") && wheel.by != LibraryWheel::By::lock &&
                         wheel.release && wheel.is_for(cuda);
      if (!is_it || (found && found->release >= *wheel.release)) continue;
      found = PinnedCudnn{fmt::format("{}=={}", wheel.name, wheel.release->text()), *wheel.release};
    }
    return found;
  }

  std::optional<PinnedCudnn> pin_of(const CudnnUser& torch) const {
    const auto release = cudnn_of_torch(option(torch));
    if (!release) return std::nullopt;
    return PinnedCudnn{
        fmt::format("{} pins {}", name_of(torch), release->text()), *release, option(torch).row};
  }

  // Wheels that were seen are there, whatever others say of them.
  std::optional<PinnedCudnn> pinned_for(const Version& cuda) const {
    const auto wheel = wheel_for(cuda);
    if (wheel && (are_seen() || !torch_)) return wheel;
    return torch_ ? pin_of(*torch_) : std::nullopt;
  }

  // The wheel that is asked for where `torch` pins another.
  std::optional<PinnedCudnn> other_wheel_for(const Option& torch) const {
    const auto release = Version::parse(torch.row->at("torch"));
    const bool has_wheels = release && *release >= *Version::parse(first_with_wheels);
    const auto pin = cudnn_of_torch(torch);
    if (are_seen() || !has_wheels || !pin || !torch.cuda) return std::nullopt;
    auto wheel = wheel_for(*torch.cuda);
    return wheel && wheel->release != *pin ? std::move(wheel) : std::nullopt;
  }

  std::optional<Ruling> against_torch() const {
    const Option& torch = option(*torch_);
    const auto wheel = other_wheel_for(torch);
    if (!wheel) return std::nullopt;
    const auto pin = pin_of(*torch_);
    const std::string name = wheel->text.substr(0, wheel->text.find('='));
    return Ruling{
        torch.row->is_doubtful("cudnn") ? Verdict::unknown : Verdict::no,
        fmt::format("{} of cuDNN, and {} is asked for", pin->text, wheel->text),
        {torch.row},
        {},
        fmt::format("leave `{}` out: torch brings its own, {}", name, pin->release.text())};
  }

  std::optional<Ruling> against(const CudnnUser& framework) const {
    const Option& loads = option(framework);
    const auto floor = cudnn_floor(*loads.row);
    const auto pinned = pinned_for(*loads.cuda);
    const bool is_known = floor && floor->size() > 1 && pinned;
    if (!is_known || !is_too_old(*pinned, *floor)) return std::nullopt;
    std::vector<const CatalogRow*> evidence{loads.row};
    if (pinned->row != nullptr) evidence.push_back(pinned->row);
    evidence.push_back(&question_.catalog.fact_row("cudnn.compatible"));
    return Ruling{floor_of(loads) ? Verdict::no : Verdict::unknown,
                  fmt::format("{} needs cuDNN {} or newer, and {}{}",
                              name_of(framework),
                              minor_text(*floor),
                              pinned->text,
                              pinned->row == nullptr ? " is asked for" : ""),
                  std::move(evidence)};
  }

  // A wheel of another major is none of those that the extras ask for.
  static bool is_too_old(const PinnedCudnn& pinned, const Version& floor) {
    const bool is_other = pinned.row == nullptr && pinned.release.part(0) < floor.part(0);
    return is_other || is_older_cudnn(pinned.release, floor);
  }

  static std::string other_wheel(const PinnedCudnn& wheel, const Version& floor) {
    return fmt::format("leave `{}` out, or pin one from {} on",
                       wheel.text.substr(0, wheel.text.find('=')),
                       minor_text(floor));
  }

  // `take torch 2.11.0+cu128, or jax 0.11.0`
  std::string other_releases(const CudnnUser& framework, const Version& floor) const {
    std::vector<std::string> ways;
    if (const auto torch = other_torch(floor)) ways.push_back("torch " + *torch);
    if (const auto other = older_framework(framework))
      ways.push_back(component(framework.component).name + " " + *other);
    return ways.empty() ? "run them in images of their own" : "take " + join(ways, ", or ");
  }

  // The nearest newer one, else an older one; options are those of the newest release first.
  std::optional<std::string> other_torch(const Version& floor) const {
    const auto is_it = [&](std::size_t index) {
      const auto& options = component(torch_->component).options;
      const auto release = cudnn_of_torch(options[index]);
      return release && release->part(0) == floor.part(0) && !is_older_cudnn(*release, floor) &&
             goes_with_rest({torch_->component, index});
    };
    const auto& options = component(torch_->component).options;
    for (std::size_t i = torch_->option; i-- > 0;)
      if (is_it(i)) return options[i].name;
    for (std::size_t i = torch_->option + 1; i < options.size(); ++i)
      if (is_it(i)) return options[i].name;
    return std::nullopt;
  }

  std::optional<std::string> older_framework(const CudnnUser& framework) const {
    const auto pin = pin_of(*torch_);
    const std::size_t count = component(framework.component).options.size();
    for (std::size_t i = framework.option + 1; i < count; ++i) {
      const CudnnUser part{framework.component, i};
      if (option(part).row == nullptr || !option(part).cuda) continue;
      const auto floor = cudnn_floor(*option(part).row);
      const bool is_it =
          floor && floor->part(0) == pin->release.part(0) && !is_older_cudnn(pin->release, *floor);
      if (is_it && goes_with_rest(part))
        return option(part).name.substr(0, option(part).name.find('+'));
    }
    return std::nullopt;
  }

  // Whether all else that was chosen stays as it is with `part`.
  bool goes_with_rest(const CudnnUser& part) const {
    DemandSet demands = all_of(question_.list);
    const std::size_t asks = *component(part.component).demand;
    for (std::size_t i = 0; i < question_.list.size(); ++i) {
      const Demand& demand = question_.list[i];
      const bool is_pin =
          demand.kind == Kind::package_version && demand.subject == question_.list[asks].subject;
      if (is_pin) demands.reset(i);
    }
    Restriction restriction;
    restriction.only = Restriction::Only{part.component, part.option};
    const auto found = best_answer(question_.problem, demands, restriction);
    if (!found) return false;
    for (std::size_t i = 0; i < answer_.options.size(); ++i) {
      if (i != part.component && found->options[i] != answer_.options[i]) return false;
    }
    return true;
  }

  const Question& question_;
  const Assignment& answer_;
  std::optional<CudnnUser> torch_;
  std::vector<CudnnUser> frameworks_;
};

}  // namespace

std::vector<Ruling> cudnn_doubts(const Question& question, const Assignment& answer) {
  return CudnnDoubts(question, answer).found();
}

std::optional<Ruling> cudnn_refusal(const Question& question,
                                    const Assignment& answer,
                                    std::size_t component,
                                    std::size_t option) {
  Assignment other = answer;
  other.options[component] = option;
  return CudnnDoubts(question, other).refusal();
}

Assignment with_cudnn_taken(const Question& question, const Assignment& answer) {
  const CudnnDoubts doubts(question, answer);
  return doubts.refusal() ? doubts.taken() : answer;
}

}  // namespace mlpack
