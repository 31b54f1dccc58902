#include "lib/resolve/python_file.h"

#include "lib/python/version.h"
#include "lib/resolve/asked_packages.h"
#include "lib/resolve/wheel_tags.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

// More than any minor release of Python has had.
constexpr unsigned most_patches = 40;

// Nobody knows which patch of `3.12` an image has.
bool takes(const PythonSpecifiers& specifiers, const Version& python) {
  const auto contains = [&](const std::string& text) {
    return specifiers.contains(*PythonVersion::parse(text));
  };
  if (python.size() > 2) return contains(std::string(python.text()));
  for (unsigned patch = 0; patch < most_patches; ++patch) {
    if (contains(fmt::format("{}.{}", python.text(), patch))) return true;
  }
  return false;
}

// What a lock has against Pythons.
class LockReader {
 public:
  LockReader(std::string_view name, const LockContents& lock) : name_(name), lock_(lock) {}

  std::optional<std::string> refusal(std::size_t image, const MarkerEnvironment& of) {
    const Version python = python_of(of);
    if (!takes(lock_.python, python))
      return fmt::format("{} is for Python {}", name_, lock_.python.text());
    if (!is_for(of))
      return fmt::format(
          "{} is for images with {}", name_, printable(join(lock_.environments, " or ")));
    if (is_left_out(image))
      return fmt::format("{} has nothing for Python {}", name_, python.text());
    for (const std::size_t index : lock_.installed[image]) {
      const PinnedPackage& package = lock_.packages[index];
      if (!takes(package.python, python)) {
        return fmt::format("{}, which is for Python {}", pin_of(package), package.python.text());
      }
      const WheelTagList& tags = tags_of(index, of.values.at("platform_machine"));
      if (!tags_take_python(tags, python)) {
        return fmt::format(
            "{}, whose wheels are for Python {}", pin_of(package), pythons_of_tags(tags));
      }
    }
    return std::nullopt;
  }

 private:
  bool is_for(const MarkerEnvironment& image) const {
    const auto& markers = lock_.environments;
    const auto images = with_patches(std::span(&image, 1));
    return markers.empty() ||
           std::any_of(markers.begin(), markers.end(), [&](const std::string& marker) {
             return std::any_of(images.begin(), images.end(), [&](const MarkerEnvironment& one) {
               return evaluate_marker(marker, one).value_or(true);
             });
           });
  }

  // Nothing is installed in it, and in others something is.
  bool is_left_out(std::size_t image) const {
    const auto& installed = lock_.installed;
    return installed[image].empty() &&
           std::any_of(
               installed.begin(), installed.end(), [](const auto& all) { return !all.empty(); });
  }

  std::string pin_of(const PinnedPackage& package) const {
    return fmt::format("{} pins {} {}", name_, package.name, package.version);
  }

  const WheelTagList& tags_of(std::size_t index, const std::string& machine) {
    const auto [at, is_new] = tags_.try_emplace({index, machine});
    if (is_new) at->second = tags_on_machine(lock_.packages[index].wheel_tags, machine);
    return at->second;
  }

  std::string_view name_;
  const LockContents& lock_;
  std::map<std::pair<std::size_t, std::string>, WheelTagList> tags_;
};

}  // namespace

Version python_of(const MarkerEnvironment& image) {
  return *Version::parse(image.values.at("python_full_version"));
}

PythonFile python_file(std::string_view name,
                       const LockContents& contents,
                       std::span<const MarkerEnvironment> images) {
  PythonFile file{std::string(name)};
  LockReader reader(name, contents);
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (auto refusal = reader.refusal(i, images[i]))
      file.refused.emplace(python_of(images[i]), std::move(*refusal));
  }
  return file;
}

void judge_python_file(Problem& problem, const Vetoes& vetoes) {
  const Demands& demands = vetoes.demands();
  if (!demands.python_file) return;
  const auto compare =
      [&](Kind kind, const std::optional<Version>& python, const std::string& whose) {
        const std::string* const refusal = python ? demands.python_file->refusal(*python) : nullptr;
        if (refusal == nullptr) return;
        problem.vetoes.push_back(
            {vetoes.set_of(Kind::python_file) | vetoes.set_of(kind),
             {Verdict::no, fmt::format("{}, and {} {}", *refusal, whose, python->text()), {}}});
      };
  compare(Kind::python, demands.python, "Python is");
  if (demands.base) compare(Kind::base, demands.base->python, demands.base->name + " has Python");
  const auto& file = *demands.python_file;
  if (demands.base && !demands.base->python && !demands.python && !file.refused.empty()) {
    problem.doubts.push_back(
        {Verdict::unknown,
         fmt::format("{} is not for every Python, and which one {} has is not known",
                     file.name,
                     demands.base->name),
         {},
         {},
         "name it: `python: {version: …}`"});
  }
}

}  // namespace mlpack
