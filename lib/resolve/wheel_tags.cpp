#include "lib/resolve/wheel_tags.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

constexpr std::string_view cpython_tag = "cp";
constexpr std::string_view generic_tag = "py";
constexpr std::string_view stable_abi = "abi3";
constexpr std::string_view no_abi = "none";
constexpr std::string_view any_platform = "any";

// `cp311-cp311-manylinux_2_28_x86_64`
struct WheelTag {
  explicit WheelTag(std::string_view tag) {
    const auto parts = split(tag, '-');
    if (parts.size() != 3) return;
    python = parts[0];
    abi = parts[1];
    platform = parts[2];
  }

  std::string_view python;
  std::string_view abi;
  std::string_view platform;
};

// 3.11 of `cp311`, 3 of `py3`; nullopt of another interpreter.
std::optional<Version> version_of(std::string_view python) {
  if (!python.starts_with(cpython_tag) && !python.starts_with(generic_tag)) return std::nullopt;
  python.remove_prefix(cpython_tag.size());
  if (python.empty()) return std::nullopt;
  const std::string_view minor = python.substr(1);
  return Version::parse(fmt::format("{}.{}", python.substr(0, 1), minor.empty() ? "0" : minor));
}

// The Pythons of one tag: `first`, and later ones of its major too.
struct TagPythons {
  Version first;
  enum class Reach { one, later, without_lock } reach = Reach::one;
};

std::optional<TagPythons> pythons_of_tag(const WheelTag& tag) {
  const auto first = version_of(tag.python);
  if (!first) return std::nullopt;
  using Reach = TagPythons::Reach;
  const bool is_generic = tag.python.starts_with(generic_tag);
  if (is_generic || tag.abi == stable_abi) return TagPythons{*first, Reach::later};
  if (tag.abi != no_abi && tag.abi.ends_with('t')) return TagPythons{*first, Reach::without_lock};
  return TagPythons{*first, Reach::one};
}

std::string pythons_text(const TagPythons& pythons) {
  const std::string_view version = pythons.first.text();
  switch (pythons.reach) {
    case TagPythons::Reach::one:
      return std::string(version);
    case TagPythons::Reach::later:
      return fmt::format("{} or newer", version);
    case TagPythons::Reach::without_lock:
      break;
  }
  return fmt::format("{} without its global lock, which no image has", version);
}

bool takes(const TagPythons& pythons, const Version& python) {
  if (pythons.reach == TagPythons::Reach::without_lock) return false;
  if (pythons.first.same_minor(python)) return true;
  return pythons.reach == TagPythons::Reach::later && pythons.first.part(0) == python.part(0) &&
         pythons.first.part(1) <= python.part(1);
}

bool is_linux(std::string_view platform) {
  return platform == any_platform || platform.starts_with("linux_") ||
         platform.starts_with("manylinux") || platform.starts_with("musllinux");
}

void add_once(std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

std::string tags_text(const std::vector<std::string>& tags) {
  return fmt::format("its tag{} {}", tags.size() == 1 ? "" : "s", join(tags, ", "));
}

// `cp313`, `cp313t`, `cp39-abi3`: what says for which Pythons it is.
std::string short_tag(const WheelTag& tag) {
  if (tag.abi == stable_abi) return fmt::format("{}-{}", tag.python, tag.abi);
  const bool is_longer = tag.abi.starts_with(tag.python);
  return std::string(is_longer ? tag.abi : tag.python);
}

// `its tag win_amd64 is`
std::string platform_tags(const WheelTagList& tags) {
  std::vector<std::string> texts;
  for (const std::string& tag : tags)
    add_once(texts, std::string(WheelTag(tag).platform));
  return tags_text(texts) + (texts.size() == 1 ? " is" : " are");
}

// What one wheel has against what else is asked for.
class NamedWheel {
 public:
  NamedWheel(Problem& problem, const Vetoes& vetoes, std::size_t package)
      : problem_(problem),
        demands_(vetoes.demands()),
        vetoes_(vetoes),
        package_(demands_.packages[package]),
        set_(vetoes.set_of(Kind::package_version, package)) {}

  void judge_python() {
    const auto& base = demands_.base;
    if (demands_.python) compare(Kind::python, *demands_.python, "Python is ");
    if (base && base->python) compare(Kind::base, *base->python, base->name + " has Python ");
  }

  void judge_platforms() {
    const bool is_for_linux = std::any_of(tags().begin(), tags().end(), [](const std::string& tag) {
      return is_linux(WheelTag(tag).platform);
    });
    if (!is_for_linux) return refuse({}, platform_tags(tags()) + " for no image");
    for (const Platform& platform : demands_.platforms)
      refuse_on(platform, vetoes_.set_of(Kind::platform));
    if (demands_.platforms.empty()) judge_machines();
  }

 private:
  const WheelTagList& tags() const { return package_.wheel_tags; }

  void refuse(const DemandSet& also, const std::string& reason) {
    problem_.vetoes.push_back(
        {set_ | also,
         {Verdict::no, fmt::format("{} is a wheel: {}", package_.text(), reason), {}}});
  }

  void compare(Kind kind, const Version& python, std::string_view what) {
    if (tags_take_python(tags(), python)) return;
    refuse(vetoes_.set_of(kind),
           fmt::format("{}, and {}{}", wanted_python(tags()), what, python.text()));
  }

  std::string not_for(const Platform& platform) const {
    return fmt::format("{} not for {}", platform_tags(tags()), platform.text());
  }

  void refuse_on(const Platform& platform, const DemandSet& also) {
    if (!tags_take_platform(tags(), platform)) refuse(also, not_for(platform));
  }

  // Where no platform is named, it is what a GPU needs, else that of the host.
  void judge_machines() {
    bool is_needed = false;
    for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
      const Gpu* const gpu = demands_.fleet[i].gpu;
      if (gpu == nullptr) continue;
      if (arm_machine(vetoes_.catalog(), demands_, *gpu) != ArmMachine::always) continue;
      is_needed = true;
      refuse_on(*Platform::parse("linux/arm64"), vetoes_.set_of(Kind::gpu, i));
    }
    for (const DemandSet& machines : vetoes_.beside_arm())
      refuse_on(*Platform::parse("linux/amd64"), machines);
    if (is_needed || tags_take_platform(tags(), Platform::host())) return;
    problem_.doubts.push_back({Verdict::unknown,
                               fmt::format("{} is a wheel: {}, which images made here are for",
                                           package_.text(),
                                           not_for(Platform::host())),
                               {},
                               {},
                               "name the platform of the machines: `platform`"});
  }

  Problem& problem_;
  const Demands& demands_;
  const Vetoes& vetoes_;
  const PackageDemand& package_;
  DemandSet set_;
};

}  // namespace

bool tags_take_python(const WheelTagList& tags, const Version& python) {
  return tags.empty() || std::any_of(tags.begin(), tags.end(), [&](const std::string& tag) {
           const auto pythons = pythons_of_tag(WheelTag(tag));
           return pythons && takes(*pythons, python);
         });
}

WheelTagList tags_on_machine(const WheelTagList& tags, std::string_view machine) {
  const std::string suffix = fmt::format("_{}", machine);
  WheelTagList found;
  std::copy_if(tags.begin(), tags.end(), std::back_inserter(found), [&](const std::string& text) {
    const std::string_view tag = WheelTag(text).platform;
    return tag == any_platform || (is_linux(tag) && tag.ends_with(suffix));
  });
  return found;
}

bool tags_take_platform(const WheelTagList& tags, const Platform& platform) {
  return tags.empty() || !tags_on_machine(tags, uname_machine(platform)).empty();
}

std::string pythons_of_tags(const WheelTagList& tags) {
  std::vector<std::string> pythons;
  for (const std::string& tag : tags) {
    if (const auto wanted = pythons_of_tag(WheelTag(tag))) add_once(pythons, pythons_text(*wanted));
  }
  return pythons.empty() ? "of another kind" : join(pythons, ", ");
}

std::string wanted_python(const WheelTagList& tags) {
  std::vector<std::string> texts;
  for (const std::string& tag : tags)
    add_once(texts, short_tag(WheelTag(tag)));
  return fmt::format("{} {} Python {}",
                     tags_text(texts),
                     texts.size() == 1 ? "wants" : "want",
                     pythons_of_tags(tags));
}

void judge_wheel_tags(Problem& problem, const Vetoes& vetoes, std::size_t package) {
  if (vetoes.demands().packages[package].wheel_tags.empty()) return;
  NamedWheel wheel(problem, vetoes, package);
  wheel.judge_python();
  wheel.judge_platforms();
}

}  // namespace mlpack
