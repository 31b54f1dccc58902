#include "lib/python/excluded_wheels.h"

#include "lib/python/name.h"
#include "lib/text.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view nothing = ":none:";
constexpr std::string_view all = ":all:";

std::string package_in(std::string_view name) {
  return name == all ? std::string(all) : normalized_name(name);
}

bool is_same_line(const Where& a, const Where& b) {
  return a.file == b.file && a.line == b.line;
}

}  // namespace

void ExcludedWheels::add(std::string_view names, const Where& where) {
  for (const std::string_view name : split(names, ',')) {
    if (trim(name) == nothing)
      lines_.clear();
    else
      lines_.try_emplace(package_in(trim(name)), where);
  }
}

void ExcludedWheels::take_back(std::string_view names) {
  for (const std::string_view name : split(names, ',')) {
    if (trim(name) == all)
      lines_.clear();
    else
      lines_.erase(package_in(trim(name)));
  }
}

void ExcludedWheels::tell(std::vector<Where>& problems) const {
  std::vector<Where> places;
  for (const auto& line : lines_) {
    const Where& where = line.second;
    const auto is_it = [&](const Where& other) { return is_same_line(other, where); };
    if (std::none_of(places.begin(), places.end(), is_it)) places.push_back(where);
  }
  for (Where& place : places) {
    place.message =
        "`--no-binary` wants sources, and wheels alone are installed: take it out, and name a "
        "wheel that was built";
    const auto after = std::find_if(problems.begin(), problems.end(), [&](const Where& other) {
      return other.file == place.file && other.line > place.line;
    });
    problems.insert(after, std::move(place));
  }
}

}  // namespace mlpack
