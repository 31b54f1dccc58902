#include "lib/resolve/frames.h"

#include "lib/resolve/wheel_tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

std::vector<Veto> python_vetoes(const Version& python, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  std::vector<Veto> found;
  const auto refuse = [&](Kind kind, const Version& other) {
    if (other.same_minor(python)) return;
    found.push_back(
        {vetoes.set_of(kind),
         {Verdict::no, fmt::format("Python is {}, not {}", other.text(), python.text()), {}}});
  };
  if (demands.python) refuse(Kind::python, *demands.python);
  if (demands.base && demands.base->python && demands.needs_python) {
    refuse(Kind::base, *demands.base->python);
  }
  const std::string* const refusal =
      demands.python_file ? demands.python_file->refusal(python) : nullptr;
  if (refusal != nullptr)
    found.push_back({vetoes.set_of(Kind::python_file), {Verdict::no, *refusal, {}}});
  for (std::size_t i = 0; i < demands.packages.size(); ++i) {
    const PackageDemand& package = demands.packages[i];
    if (tags_take_python(package.wheel_tags, python)) continue;
    found.push_back(
        {vetoes.set_of(Kind::package_version, i),
         {Verdict::no,
          fmt::format("{} is a wheel: {}", package.text(), wanted_python(package.wheel_tags)),
          {}}});
  }
  return found;
}

// Pythons that the image might have: none where nothing needs one.
std::vector<std::optional<Version>> frame_pythons(std::vector<Version> pythons,
                                                  const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  if (!demands.needs_python) return {std::nullopt};
  for (const auto& pinned :
       {demands.python, demands.base ? demands.base->python : std::optional<Version>()}) {
    const auto is_it = [&](const Version& known) { return pinned && known.same_minor(*pinned); };
    if (pinned && std::none_of(pythons.begin(), pythons.end(), is_it)) pythons.push_back(*pinned);
  }
  return {pythons.begin(), pythons.end()};
}

std::vector<std::optional<unsigned>> frame_majors(const std::vector<Component>& components) {
  std::set<unsigned, std::greater<>> majors;
  for (const Component& component : components) {
    for (const Option& option : component.options) {
      if (option.cuda) majors.insert(option.cuda->part(0));
    }
  }
  if (majors.empty()) return {std::nullopt};
  return {majors.begin(), majors.end()};
}

// Components that bring cuDNN share one: it makes a difference where there are two.
std::vector<std::optional<unsigned>> frame_cudnns(const std::vector<Component>& components) {
  std::set<unsigned, std::greater<>> majors;
  std::size_t users = 0;
  for (const Component& component : components) {
    bool has_any = false;
    for (const Option& option : component.options) {
      if (!option.cudnn_major) continue;
      majors.insert(*option.cudnn_major);
      has_any = true;
    }
    users += has_any ? 1 : 0;
  }
  if (users < 2) return {std::nullopt};
  return {majors.begin(), majors.end()};
}

// A base of mlpack's choice has a compat package where it is an official image with CUDA, but a
// slim Python has none; one that the spec names is as it is.
std::vector<Veto> compat_vetoes(CompatInImage compat, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  if (!demands.base) {
    const bool is_slim = demands.needs_python && demands.runtime.empty();
    if (compat == CompatInImage::no || !is_slim) return {};
    return {{{}, {Verdict::no, "a slim Python base has no CUDA compat package", {}}}};
  }
  if (!demands.base->compat || *demands.base->compat == compat) return {};
  return {{vetoes.set_of(Kind::base),
           {Verdict::no,
            fmt::format("{} {} a CUDA compat package",
                        demands.base->name,
                        compat == CompatInImage::yes ? "has not" : "has"),
            {}}}};
}

}  // namespace

std::vector<Frame> make_frames(const std::vector<Component>& components,
                               const std::vector<Version>& pythons,
                               const Vetoes& vetoes) {
  std::vector<Frame> frames;
  const auto cudnns = frame_cudnns(components);
  for (const auto& python : frame_pythons(pythons, vetoes)) {
    for (const auto& major : frame_majors(components)) {
      for (const CompatInImage compat : {CompatInImage::no, CompatInImage::yes}) {
        std::vector<Veto> against = compat_vetoes(compat, vetoes);
        if (python) {
          for (Veto& veto : python_vetoes(*python, vetoes))
            against.push_back(std::move(veto));
        }
        for (const auto& cudnn : cudnns)
          frames.push_back({major, cudnn, python, compat, against});
      }
    }
  }
  return frames;
}

}  // namespace mlpack
