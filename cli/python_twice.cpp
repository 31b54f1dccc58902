#include "cli/python_twice.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t shown_libraries = 4;
constexpr std::string_view cuda_repository = "nvidia/cuda:";

using Sizes = std::map<std::string, std::uint64_t>;

bool is_of_nvidia(std::string_view package) {
  return package.starts_with("nvidia-");
}

// The name of a library with its major version, which is its soname: `libcublas.so.12`.
bool is_soname(std::string_view name) {
  const std::size_t at = name.find(".so.");
  return name.starts_with("lib") && at != std::string_view::npos && at + 4 < name.size();
}

Sizes libraries_of(const std::vector<ListedWheel>& wheels) {
  Sizes sizes;
  for (const ListedWheel& wheel : wheels) {
    if (!is_of_nvidia(wheel.listing.name)) continue;
    for (const WheelFile& file : wheel.listing.files) {
      const std::string name = file.path.substr(file.path.rfind('/') + 1);
      if (is_soname(name)) sizes.insert_or_assign(name, file.size);
    }
  }
  return sizes;
}

std::uint64_t total(const Sizes& sizes) {
  std::uint64_t bytes = 0;
  for (const auto& [name, size] : sizes)
    bytes += size;
  return bytes;
}

// The largest of them, and how many more there are.
std::string largest_of(const Sizes& sizes) {
  std::vector<std::pair<std::uint64_t, std::string>> sorted;
  for (const auto& [name, size] : sizes)
    sorted.emplace_back(size, name);
  std::sort(sorted.rbegin(), sorted.rend());
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), shown_libraries); ++i) {
    text += fmt::format("{}`{}` ({})",
                        i == 0 ? "" : ", ",
                        printable(sorted[i].second),
                        human_size(sorted[i].first));
  }
  if (sorted.size() > shown_libraries) {
    text += fmt::format(" and {} more", sorted.size() - shown_libraries);
  }
  return text;
}

// The parts of `nvidia/cuda:CUDA-FLAVOUR-DISTRO`, without a digest; empty for other names.
std::vector<std::string> parts_of_tag(const std::string& base) {
  const std::size_t at = base.find(cuda_repository);
  if (at == std::string::npos || (at > 0 && base[at - 1] != '/')) return {};
  std::string tag = base.substr(at + cuda_repository.size());
  tag.resize(std::min(tag.find('@'), tag.size()));
  std::vector<std::string> parts;
  for (const std::string_view part : split(tag, '-'))
    parts.emplace_back(part);
  return parts.size() < 3 || parts[1] == "base" ? std::vector<std::string>{} : parts;
}

std::string smaller_base(const std::string& base, unsigned minor) {
  const auto parts = parts_of_tag(base);
  if (parts.empty()) return fmt::format("python:3.{}-slim", minor);
  const std::size_t tag = base.find(cuda_repository) + cuda_repository.size();
  return fmt::format("{}{}-base-{}", base.substr(0, tag), parts.front(), parts.back());
}

std::string fix_of(const std::string& base, unsigned minor) {
  return fmt::format("take a base without them, such as `{}`: the wheels need none of the base's",
                     smaller_base(base, minor));
}

// Of what is in CUDA's images for running programs, `cudnn` where the flavour says so.
bool is_in_flavour(std::string_view package, std::string_view flavour) {
  constexpr std::array<std::string_view, 10> runtime{"cublas",
                                                     "cuda-nvrtc",
                                                     "cuda-runtime",
                                                     "cufft",
                                                     "curand",
                                                     "cusolver",
                                                     "cusparse",
                                                     "nccl",
                                                     "npp",
                                                     "nvjitlink"};
  if (!is_of_nvidia(package)) return false;
  package.remove_prefix(std::string_view("nvidia-").size());
  const std::size_t suffix = package.rfind("-cu1");
  const std::string_view name = package.substr(0, suffix);
  return (flavour.starts_with("cudnn") && name == "cudnn") ||
         std::find(runtime.begin(), runtime.end(), name) != runtime.end();
}

}  // namespace

std::optional<Warning> libraries_twice(const std::vector<ListedWheel>& wheels,
                                       const RootPaths& base,
                                       const std::string& name,
                                       unsigned minor) {
  Sizes sizes = libraries_of(wheels);
  std::set<std::string, std::less<>> sonames;
  for (const auto& item : sizes)
    sonames.insert(item.first);
  const auto there = base.names_among(sonames);
  std::erase_if(sizes, [&](const auto& item) { return !there.contains(item.first); });
  if (sizes.empty()) return std::nullopt;
  return Warning{fmt::format("`{}` holds {} librar{} of NVIDIA that wheels bring too, {}",
                             name,
                             sizes.size(),
                             sizes.size() == 1 ? "y" : "ies",
                             human_size(total(sizes))),
                 largest_of(sizes),
                 fix_of(name, minor)};
}

std::optional<Warning> libraries_twice(const LockedPython& python, const std::string& name) {
  const auto parts = parts_of_tag(name);
  if (parts.empty()) return std::nullopt;
  Sizes sizes;
  for (const LockedWheel& wheel : python.wheels) {
    if (is_in_flavour(wheel.name, parts[1])) sizes.emplace(wheel.name, wheel.size);
  }
  if (sizes.empty()) return std::nullopt;
  return Warning{fmt::format("`{}` holds libraries of NVIDIA that {} wheel{} bring{} too, {}",
                             name,
                             sizes.size(),
                             sizes.size() == 1 ? "" : "s",
                             sizes.size() == 1 ? "s" : "",
                             human_size(total(sizes))),
                 largest_of(sizes),
                 fix_of(name, 0)};
}

}  // namespace mlpack
