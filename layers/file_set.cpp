#include "layers/file_set.h"

#include "layers/name_fold.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <map>
#include <unordered_map>

namespace mlpack {
namespace {

void check_part(std::string_view part, const std::string& target, const std::string& what) {
  const auto refuse = [&](std::string_view rule) {
    fail(Fault::usage, "{} `{}` {}", what, printable(target), rule);
  };
  if (part == "..") refuse("holds `..`");
  if (part.starts_with(".wh.")) refuse("holds a name that begins with `.wh.`, a deletion mark");
  if (part.find('\n') != std::string_view::npos) refuse("holds a newline");
  if (part.find('\0') != std::string_view::npos) refuse("holds a NUL byte");
}

}  // namespace

std::string parse_target(const std::string& target, const std::string& what) {
  if (!target.starts_with('/')) {
    throw Error(Fault::usage,
                fmt::format("{} `{}` is not an absolute path", what, printable(target)),
                fmt::format("write `/{}`", printable(target)));
  }
  std::string path;
  for (const std::string_view part : split(target, '/')) {
    if (part.empty() || part == ".") continue;
    check_part(part, target, what);
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

std::vector<std::string> case_collisions(const std::vector<RecipeEntry>& entries) {
  std::unordered_map<std::string, std::string_view> first;
  std::map<std::string, std::vector<std::string_view>> groups;
  first.reserve(entries.size());
  for (const RecipeEntry& entry : entries) {
    std::string folded = fold_name(entry.path);
    const auto [found, is_new] = first.try_emplace(folded, entry.path);
    if (is_new || found->second == entry.path) continue;
    auto& group = groups[std::move(folded)];
    if (group.empty()) group.push_back(found->second);
    group.push_back(entry.path);
  }
  std::vector<std::string> lines;
  for (const auto& [folded, paths] : groups) {
    std::vector<std::string> quoted;
    for (const std::string_view path : paths) {
      quoted.push_back(fmt::format("`/{}`", printable(path)));
    }
    lines.push_back(join(quoted, " and ") +
                    " are one file on systems that ignore case or the form of accents");
  }
  return lines;
}

}  // namespace mlpack
