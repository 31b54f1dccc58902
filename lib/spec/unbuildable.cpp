#include "lib/spec/spec.h"

#include <fmt/format.h>

#include <map>

namespace mlpack {
namespace {

// Where the keys are that cannot be built, in the order of the file.
std::map<Place, std::string> unbuildable_keys(const Spec& spec) {
  std::map<Place, std::string> keys;
  if (spec.runtime) keys.emplace(spec.runtime->place, "`runtime`");
  return keys;
}

}  // namespace

void refuse_unbuildable(const Spec& spec) {
  std::vector<Where> where;
  std::vector<std::string> keys;
  for (const auto& [place, key] : unbuildable_keys(spec)) {
    where.push_back(spec.where(place));
    where.back().message = fmt::format("{} cannot be built yet", key);
    keys.push_back(key);
  }
  if (where.empty()) return;
  throw Error(Fault::usage,
              fmt::format("`{}` is right, but this version of mlpack cannot build {}",
                          spec.file.string(),
                          fmt::join(keys, ", ")),
              "`mlpack plan` shows what it resolves to",
              where);
}

}  // namespace mlpack
