#include "lib/lock/changes.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Lines = std::vector<std::string>;

std::string counted(std::size_t count, const char* thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string arrow(std::string_view before, std::string_view now) {
  return fmt::format("{} → {}", printable(before), printable(now));
}

template <class Items>
auto find_named(const Items& items, const std::string& name) {
  return std::find_if(
      items.begin(), items.end(), [&](const auto& item) { return item.name == name; });
}

std::string whole(const LockedWeights& weights) {
  const std::string files =
      weights.files.empty() ? std::string() : ", " + counted(weights.files.size(), "file");
  return fmt::format("weights `{}`: {}{}", weights.name, printable(weights.revision), files);
}

const LockedFile* find_file(const LockedWeights& weights, const std::string& path) {
  const auto found = std::lower_bound(
      weights.files.begin(),
      weights.files.end(),
      path,
      [](const LockedFile& file, const std::string& wanted) { return file.path < wanted; });
  return found == weights.files.end() || found->path != path ? nullptr : &*found;
}

// A digest that was learnt since is not another file.
bool is_same(const LockedFile* before, const LockedFile& now) {
  return before != nullptr && before->size == now.size &&
         (before->sha256 == now.sha256 || !before->sha256 || !now.sha256);
}

// Files that came, went or became others.
std::string changed_files(const LockedWeights& before, const LockedWeights& now) {
  std::size_t count = 0;
  for (const LockedFile& file : now.files)
    if (!is_same(find_file(before, file.path), file)) ++count;
  for (const LockedFile& file : before.files)
    if (find_file(now, file.path) == nullptr) ++count;
  return count == 0 ? std::string() : counted(count, "changed file");
}

void compare(const LockedWeights& before, const LockedWeights& now, Lines& lines) {
  const auto add = [&](const std::string& text) {
    lines.push_back(fmt::format("weights `{}`: {}", now.name, text));
  };
  if (before.source != now.source) add(arrow(before.source, now.source));
  if (before.revision != now.revision) add(arrow(before.revision, now.revision));
  const std::string files = changed_files(before, now);
  if (!files.empty()) add(files);
}

void compare_weights(const Lock& before, const Lock& now, Lines& lines) {
  for (const LockedWeights& weights : now.weights) {
    const auto found = find_named(before.weights, weights.name);
    if (found == before.weights.end()) {
      lines.push_back(whole(weights));
    } else {
      compare(*found, weights, lines);
    }
  }
  for (const LockedWeights& weights : before.weights) {
    if (find_named(now.weights, weights.name) != now.weights.end()) continue;
    lines.push_back(fmt::format("weights `{}`: gone", weights.name));
  }
}

std::string identity(const LockedPackage& package) {
  return package.version + " " + package.architecture + " " + package.sha256.hex();
}

void compare_packages(const LockedSystem& before, const LockedSystem& now, Lines& lines) {
  if (before.suite != now.suite || before.snapshot != now.snapshot) {
    lines.push_back("packages of " +
                    arrow(before.suite + " " + before.snapshot, now.suite + " " + now.snapshot));
  }
  for (const LockedPackage& package : now.packages) {
    const auto found = find_named(before.packages, package.name);
    if (found == before.packages.end()) {
      lines.push_back(fmt::format("{} {} is new", package.name, package.version));
    } else if (found->version != package.version) {
      lines.push_back(fmt::format("{} {}", package.name, arrow(found->version, package.version)));
    } else if (identity(*found) != identity(package)) {
      lines.push_back(fmt::format("{} {} is another file", package.name, package.version));
    }
  }
  for (const LockedPackage& package : before.packages) {
    if (find_named(now.packages, package.name) != now.packages.end()) continue;
    lines.push_back(fmt::format("{} {} is gone", package.name, package.version));
  }
  if (before.asked != now.asked) {
    lines.push_back(fmt::format("asked for are {}", fmt::join(now.asked, ", ")));
  }
}

void compare_wheels(const LockedPython& before, const LockedPython& now, Lines& lines) {
  const auto place = [](const LockedPython& python) { return python.version + ", " + python.libc; };
  if (place(before) != place(now)) lines.push_back("Python " + arrow(place(before), place(now)));
  if (before.torch != now.torch) {
    const auto build = [](const LockedPython& python) {
      return python.torch.empty() ? std::string("the index's") : python.torch;
    };
    lines.push_back("the build of torch: " + arrow(build(before), build(now)));
  }
  for (const LockedWheel& wheel : now.wheels) {
    const auto found = find_named(before.wheels, wheel.name);
    if (found == before.wheels.end()) {
      lines.push_back(fmt::format("{} {} is new", wheel.name, wheel.version));
    } else if (found->version != wheel.version) {
      lines.push_back(fmt::format("{} {}", wheel.name, arrow(found->version, wheel.version)));
    } else if (found->sha256 != wheel.sha256) {
      lines.push_back(fmt::format("{} {} is another file", wheel.name, wheel.version));
    }
  }
  for (const LockedWheel& wheel : before.wheels) {
    if (find_named(now.wheels, wheel.name) != now.wheels.end()) continue;
    lines.push_back(fmt::format("{} {} is gone", wheel.name, wheel.version));
  }
  if (before.asked != now.asked) lines.emplace_back("`python` of the spec is another");
  for (const auto& [path, sha256] : now.files) {
    const auto found = before.files.find(path);
    if (found == before.files.end()) {
      lines.push_back(fmt::format("`{}` is new", printable(path)));
    } else if (found->second != sha256) {
      lines.push_back(fmt::format("`{}` is another", printable(path)));
    }
  }
  for (const auto& [path, sha256] : before.files) {
    if (!now.files.contains(path)) lines.push_back(fmt::format("`{}` is gone", printable(path)));
  }
}

void compare_python(const LockedPlatform& before, const LockedPlatform& now, Lines& lines) {
  if (before.python && now.python) return compare_wheels(*before.python, *now.python, lines);
  if (now.python) {
    lines.push_back(fmt::format("{} of Python {}",
                                counted(now.python->wheels.size(), "wheel"),
                                printable(now.python->version)));
  } else if (before.python) {
    lines.emplace_back("wheels: gone");
  }
}

void compare_base(const LockedPlatform& before, const LockedPlatform& now, Lines& lines) {
  if (before.base == now.base) return;
  if (!now.base) {
    lines.push_back(fmt::format("base `{}`: gone", printable(before.base->reference)));
  } else if (!before.base || before.base->reference != now.base->reference) {
    lines.push_back(
        fmt::format("base `{}`: {}", printable(now.base->reference), now.base->digest.text()));
  } else {
    lines.push_back(fmt::format("base `{}`: {}",
                                printable(now.base->reference),
                                arrow(before.base->digest.text(), now.base->digest.text())));
  }
}

void compare_decisions(const std::vector<Decision>& before,
                       const std::vector<Decision>& now,
                       Lines& lines) {
  const auto find = [](const std::vector<Decision>& all, const std::string& what) {
    return std::find_if(all.begin(), all.end(), [&](auto& one) { return one.what == what; });
  };
  for (const Decision& decision : now) {
    const auto found = find(before, decision.what);
    if (found != before.end() && found->chosen == decision.chosen) continue;
    const std::string chosen =
        found == before.end() ? printable(decision.chosen) : arrow(found->chosen, decision.chosen);
    lines.push_back(fmt::format("{}: {}", printable(decision.what), chosen));
  }
  for (const Decision& decision : before) {
    if (find(now, decision.what) != now.end()) continue;
    lines.push_back(fmt::format("{}: gone", printable(decision.what)));
  }
}

Lines compare(const LockedPlatform& before, const LockedPlatform& now) {
  Lines lines;
  compare_base(before, now, lines);
  if (before.system && now.system) {
    compare_packages(*before.system, *now.system, lines);
  } else if (now.system) {
    lines.push_back(fmt::format(
        "{} of {}", counted(now.system->packages.size(), "package"), printable(now.system->suite)));
  } else if (before.system) {
    lines.emplace_back("packages: gone");
  }
  compare_python(before, now, lines);
  compare_decisions(before.decisions, now.decisions, lines);
  return lines;
}

std::string platform_text(const std::optional<Platform>& platform) {
  return platform ? platform->text() : "what the spec says";
}

// Of specs that leave nothing open a lock says no more.
void tell_new_platforms(const Lock& before, const Lock& now, Lines& lines) {
  for (const auto& [platform, locked] : now.platforms) {
    if (before.platforms.contains(platform)) continue;
    lines.push_back(fmt::format("{}: the spec leaves nothing open", platform.text()));
  }
}

}  // namespace

std::vector<std::string> changes(const Lock& before, const Lock& now) {
  Lines lines;
  if (before.platform != now.platform) {
    lines.push_back("platform: " + (before.platform ? arrow(platform_text(before.platform),
                                                            platform_text(now.platform))
                                                    : platform_text(now.platform)));
  }
  compare_weights(before, now, lines);
  const LockedPlatform nothing;
  for (const auto& [platform, locked] : now.platforms) {
    const auto found = before.platforms.find(platform);
    for (const std::string& line :
         compare(found == before.platforms.end() ? nothing : found->second, locked)) {
      lines.push_back(fmt::format("{}: {}", platform.text(), line));
    }
  }
  for (const auto& [platform, locked] : before.platforms) {
    if (!now.platforms.contains(platform)) lines.push_back(platform.text() + ": gone");
  }
  if (lines.empty()) tell_new_platforms(before, now, lines);
  return lines;
}

}  // namespace mlpack
