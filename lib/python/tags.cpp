#include "lib/python/tags.h"

#include "lib/python/name.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view wheel_suffix = ".whl";
// More than any wheel has, and few enough for a name of 255 bytes.
constexpr std::size_t most_tags = 1000;

bool is_tag_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

// `py2.py3-none-any` is two tags (PEP 425, "Compressed Tag Sets").
std::vector<std::string> written_out(std::string_view python,
                                     std::string_view abi,
                                     std::string_view platform) {
  std::vector<std::string> tags;
  for (const std::string_view one : split(python, '.')) {
    for (const std::string_view two : split(abi, '.')) {
      for (const std::string_view three : split(platform, '.')) {
        if (tags.size() == most_tags) return {};
        tags.push_back(to_lower(fmt::format("{}-{}-{}", one, two, three)));
      }
    }
  }
  return tags;
}

// The oldest glibc that wheels may ask for, and the names that some versions had before PEP 600.
constexpr std::array<std::pair<unsigned, std::string_view>, 3> old_manylinux{
    {{17, "manylinux2014"}, {12, "manylinux2010"}, {5, "manylinux1"}}};

void add_manylinux(std::vector<std::string>& platforms, const PythonTarget& target) {
  if (target.libc.major != 2) return;
  const bool is_old = target.machine == "x86_64" || target.machine == "i686";
  const unsigned oldest = is_old ? 5 : 17;
  for (unsigned minor = target.libc.minor; minor >= oldest; --minor) {
    platforms.push_back(fmt::format("manylinux_2_{}_{}", minor, target.machine));
    for (const auto& old : old_manylinux) {
      if (old.first == minor) platforms.push_back(fmt::format("{}_{}", old.second, target.machine));
    }
  }
}

std::vector<std::string> platforms_of(const PythonTarget& target) {
  std::vector<std::string> platforms;
  if (target.libc.kind == LibcVersion::Kind::glibc) {
    add_manylinux(platforms, target);
  } else {
    for (unsigned minor = target.libc.minor + 1; minor-- > 0;) {
      platforms.push_back(
          fmt::format("musllinux_{}_{}_{}", target.libc.major, minor, target.machine));
    }
  }
  platforms.push_back("linux_" + target.machine);
  return platforms;
}

// `1_cuda` comes after `1`, and after no build at all.
std::pair<std::uint64_t, std::string> build_key(const std::string& build) {
  const std::size_t end = std::min(build.find_first_not_of("0123456789"), build.size());
  const std::uint64_t number =
      parse_number(build.substr(0, end), std::uint64_t{1} << 62).value_or(0);
  return {build.empty() ? 0 : number + 1, build.substr(end)};
}

}  // namespace

std::optional<WheelName> parse_wheel_name(std::string_view file) {
  if (!file.ends_with(wheel_suffix) || file.size() > 255) return std::nullopt;
  const auto parts = split(file.substr(0, file.size() - wheel_suffix.size()), '-');
  if (parts.size() != 5 && parts.size() != 6) return std::nullopt;
  const std::size_t tags = parts.size() - 3;
  if (!is_project_name(parts[0]) || parts[0].find("__") != std::string_view::npos) {
    return std::nullopt;
  }
  // `_` stands for `-`, which `+` and `!` do not need.
  const auto version = PythonVersion::parse(parts[1]);
  if (!version) return std::nullopt;
  WheelName name{normalized_name(parts[0]), std::string(parts[1]), *version, {}, {}};
  if (parts.size() == 6) {
    name.build = parts[2];
    if (name.build.empty() || name.build[0] < '0' || name.build[0] > '9') return std::nullopt;
  }
  const bool well_formed =
      std::all_of(parts.begin() + static_cast<std::ptrdiff_t>(tags), parts.end(), is_tag_text);
  if (!well_formed) return std::nullopt;
  name.tags = written_out(parts[tags], parts[tags + 1], parts[tags + 2]);
  return name.tags.empty() ? std::nullopt : std::optional(std::move(name));
}

SupportedTags::SupportedTags(const PythonTarget& target) {
  const std::vector<std::string> platforms = platforms_of(target);
  const std::string cpython = fmt::format("cp{}{}", target.major, target.minor);
  const auto add_all = [&](const std::string& python, std::string_view abi) {
    for (const std::string& platform : platforms)
      add(fmt::format("{}-{}-{}", python, abi, platform));
  };
  std::vector<std::string> generic{fmt::format("py{}{}", target.major, target.minor),
                                   fmt::format("py{}", target.major)};
  for (unsigned minor = target.minor; minor-- > 0;)
    generic.push_back(fmt::format("py{}{}", target.major, minor));
  add_all(cpython, cpython);
  add_all(cpython, "abi3");
  add_all(cpython, "none");
  // The stable ABI begins with 3.2 (PEP 384).
  for (unsigned minor = target.minor; minor-- > 2;)
    add_all(fmt::format("cp{}{}", target.major, minor), "abi3");
  for (const std::string& python : generic)
    add_all(python, "none");
  add(cpython + "-none-any");
  for (const std::string& python : generic)
    add(python + "-none-any");
}

void SupportedTags::add(std::string tag) {
  if (ranks_.emplace(tag, all_.size()).second) all_.push_back(std::move(tag));
}

std::optional<std::size_t> SupportedTags::rank(const std::vector<std::string>& tags) const {
  std::optional<std::size_t> best;
  for (const std::string& tag : tags) {
    const auto found = ranks_.find(tag);
    if (found != ranks_.end() && (!best || found->second < *best)) best = found->second;
  }
  return best;
}

bool is_better_wheel(const WheelName& left, const WheelName& right, const SupportedTags& tags) {
  if (left.parsed != right.parsed) return left.parsed > right.parsed;
  const auto rank_left = tags.rank(left.tags);
  const auto rank_right = tags.rank(right.tags);
  if (rank_left != rank_right) return rank_left < rank_right;
  return build_key(left.build) > build_key(right.build);
}

}  // namespace mlpack
