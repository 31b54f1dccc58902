#include "lib/lock/agree.h"

#include "lib/text.h"
#include "lib/url_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view system_name = "system_packages";
constexpr std::string_view base_name = "base";
constexpr std::string_view python_name = "python";

bool is_remote(const Weights& weights) {
  return weights.kind != SourceKind::path;
}

const LockedWeights* find_weights(const Lock& lock, const std::string& name) {
  const auto found = std::find_if(lock.weights.begin(), lock.weights.end(), [&](const auto& entry) {
    return entry.name == name;
  });
  return found == lock.weights.end() ? nullptr : &*found;
}

// The digest that a URL of the spec ends in.
std::optional<Digest> digest_in(const std::string& source) {
  constexpr std::string_view mark = "#sha256=";
  const std::size_t at = source.find(mark);
  return at == std::string::npos ? std::nullopt : Digest::from_hex(source.substr(at + mark.size()));
}

std::string weights_problem(const Weights& wish, const LockedWeights* locked) {
  if (locked == nullptr) return "is not in the lock";
  const std::string source = lock_source(wish);
  if (locked->source != source) {
    return fmt::format("the spec says `{}`, the lock `{}`", source, printable(locked->source));
  }
  if (locked->include != wish.include || locked->exclude != wish.exclude) {
    return "`include` or `exclude` is another than in the lock";
  }
  const auto digest = wish.kind == SourceKind::https ? digest_in(wish.source) : std::nullopt;
  if (digest && !locked->files.empty() && locked->files.front().sha256 != digest) {
    return "the spec says another sha256 than the lock";
  }
  return {};
}

std::string in_ticks(const std::vector<std::string>& names) {
  return fmt::format("`{}`", fmt::join(names, "`, `"));
}

std::string difference(const std::vector<std::string>& wanted,
                       const std::vector<std::string>& locked) {
  std::vector<std::string> fresh;
  std::vector<std::string> gone;
  std::set_difference(
      wanted.begin(), wanted.end(), locked.begin(), locked.end(), std::back_inserter(fresh));
  std::set_difference(
      locked.begin(), locked.end(), wanted.begin(), wanted.end(), std::back_inserter(gone));
  std::vector<std::string> texts;
  if (!fresh.empty()) texts.push_back(fmt::format("the lock is without {}", in_ticks(fresh)));
  if (!gone.empty()) texts.push_back(fmt::format("the spec is without {}", in_ticks(gone)));
  return join(texts, "; ");
}

// The runtime's own image, which its release and the machines decide.
bool has_official_base(const Spec& spec) {
  return spec.runtime && std::holds_alternative<BaseAuto>(spec.base.value);
}

std::string base_problem(const Spec& spec, const LockedPlatform& locked) {
  if (has_official_base(spec)) return locked.base ? "" : "the runtime's image is not in the lock";
  const std::string wanted = lock_base(spec);
  const std::string has = locked.base ? locked.base->reference : std::string();
  if (wanted == has) return {};
  if (has.empty()) return fmt::format("`{}` is not in the lock", wanted);
  if (wanted.empty()) return fmt::format("the lock has `{}`, the spec no image", printable(has));
  return fmt::format("the spec says `{}`, the lock `{}`", wanted, printable(has));
}

std::string system_problem(const Spec& spec, const LockedPlatform& locked) {
  if (!has_system(spec)) {
    return locked.system ? "the lock has packages, the spec none" : std::string();
  }
  if (!locked.system) return "the packages are not in the lock";
  const auto* debian = std::get_if<BaseDebian>(&spec.base.value);
  if (debian != nullptr && debian->codename != locked.system->suite) {
    return fmt::format(
        "the spec says `{}`, the lock `{}`", debian->codename, printable(locked.system->suite));
  }
  const std::string snapshot = debian == nullptr ? std::string() : debian->snapshot;
  if (snapshot != locked.system->snapshot) return "another `snapshot` than in the lock";
  return difference(lock_packages(spec), locked.system->asked);
}

// A registry may have what was made of a wheel that is no more in a folder of wheels.
bool may_be_gone(const LockedPython& locked, const std::string& path) {
  return path.ends_with(".whl") &&
         std::none_of(locked.wheels.begin(), locked.wheels.end(), [&](const LockedWheel& wheel) {
           return wheel.path == path;
         });
}

std::vector<std::string> file_problems(const LockSubject& subject, const LockedPython& locked) {
  std::vector<std::string> texts;
  for (const auto& [path, sha256] : subject.python_files) {
    const auto found = locked.files.find(path);
    if (found == locked.files.end()) {
      texts.push_back(fmt::format("`{}` is new", path));
    } else if (found->second != sha256) {
      texts.push_back(fmt::format("`{}` is another than was locked", path));
    }
  }
  for (const auto& [path, sha256] : locked.files) {
    if (subject.python_files.contains(path)) continue;
    const auto found = subject.other_files.find(path);
    if (found == subject.other_files.end()) {
      if (!may_be_gone(locked, path)) texts.push_back(fmt::format("`{}` is gone", printable(path)));
    } else if (found->second != sha256) {
      texts.push_back(fmt::format("`{}` is another than was locked", printable(path)));
    }
  }
  return texts;
}

std::string python_problem(const LockSubject& subject, const LockedPlatform& locked) {
  if (!subject.spec.python) {
    return locked.python ? "the lock has packages, the spec none" : std::string();
  }
  if (!locked.python) return "the packages are not in the lock";
  std::vector<std::string> texts;
  const std::string words = difference(lock_python(subject.spec), locked.python->asked);
  if (!words.empty()) texts.push_back(words);
  for (std::string& text : file_problems(subject, *locked.python))
    texts.push_back(std::move(text));
  return join(texts, "; ");
}

bool has_platforms_of_its_own(const Spec& spec) {
  return spec.platforms.empty() || spec.platforms.front().place.line != 0;
}

std::string platform_problem(const Spec& spec, const Lock& lock) {
  if (spec.platforms.empty() && !lock.platform) return "neither the spec nor the lock names one";
  if (!spec.platforms.empty() && lock.platform && has_platforms_of_its_own(spec)) {
    const bool is_of_fleet = spec.platforms_from == Spec::PlatformsFrom::fleet;
    return fmt::format("the lock chose {}, and {}",
                       lock.platform->text(),
                       is_of_fleet ? "the GPUs of `fleet` decide" : "the spec names its own");
  }
  return {};
}

void keep_agreeing(LockedPlatform& locked, const LockSubject& subject) {
  const Spec& spec = subject.spec;
  if (!spec.python || !python_problem(subject, locked).empty()) locked.python.reset();
  const bool same_base = base_problem(spec, locked).empty();
  if (!same_base || !has_system(spec) || !system_problem(spec, locked).empty()) {
    locked.system.reset();
  }
  const bool has_image = !lock_base(spec).empty() || has_official_base(spec);
  if (!same_base || !has_image) locked.base.reset();
}

void add(std::vector<std::string>& lines, const std::string& what, const std::string& problem) {
  if (!problem.empty()) lines.push_back(fmt::format("{}: {}", what, problem));
}

}  // namespace

fs::path lock_path(const Spec& spec) {
  fs::path path = spec.file;
  return path.replace_extension(".lock");
}

std::string lock_source(const Weights& weights) {
  const bool is_url = weights.kind == SourceKind::https;
  return is_url ? url_without_secrets(weights.source) : weights.source;
}

std::string lock_base(const Spec& spec) {
  if (const auto* image = std::get_if<BaseReference>(&spec.base.value)) return image->reference;
  const auto* layout = std::get_if<BaseLayout>(&spec.base.value);
  if (layout == nullptr) return {};
  const fs::path below = layout->path.lexically_relative(spec.folder);
  const std::string path = (below.empty() ? layout->path : below).string();
  return "oci:" + path + (layout->tag.empty() ? "" : ":" + layout->tag);
}

std::vector<std::string> lock_packages(const Spec& spec) {
  std::set<std::string> names;
  for (const auto& [name, place] : spec.system_packages)
    names.insert(name);
  // The interpreter, and what wheels of machine code may rely on (PEP 600) beside its libraries.
  const bool brings_python = spec.python && std::holds_alternative<BaseDebian>(spec.base.value);
  if (brings_python) names.insert({"python3", "libstdc++6"});
  return {names.begin(), names.end()};
}

std::vector<std::string> lock_python(const Spec& spec) {
  std::set<std::string> lines;
  if (!spec.python) return {};
  const Python& python = spec.python->value;
  const auto from_folder = [&](const fs::path& path) {
    const fs::path below = path.lexically_relative(spec.folder);
    return (below.empty() ? path : below).string();
  };
  const auto add_all = [&](const char* kind, const auto& words) {
    for (const auto& word : words)
      lines.insert(fmt::format("{} {}", kind, word));
  };
  std::vector<std::string> folders;
  for (const fs::path& folder : python.find_links)
    folders.push_back(from_folder(folder));
  std::vector<std::string> indexes{python.index_url};
  indexes.insert(indexes.end(), python.extra_index_urls.begin(), python.extra_index_urls.end());
  std::erase(indexes, "");
  for (std::string& index : indexes)
    index = url_without_secrets(index);
  if (!python.version.empty()) add_all("version", std::vector{python.version});
  if (python.requirements) add_all("requirements", std::vector{from_folder(*python.requirements)});
  if (python.lock) add_all("lock", std::vector{from_folder(*python.lock)});
  std::vector<std::string> packages = python.packages;
  for (std::string& package : packages)
    package = without_url_secrets(package);
  add_all("package", packages);
  add_all("extra", python.extras);
  add_all("group", python.groups);
  add_all("index", indexes);
  add_all("find_links", folders);
  if (python.install == Python::Install::base) add_all("install", std::vector{"base"});
  return {lines.begin(), lines.end()};
}

bool has_system(const Spec& spec) {
  return std::holds_alternative<BaseDebian>(spec.base.value) || !spec.system_packages.empty();
}

std::vector<std::string> disagreements(const Lock& lock,
                                       const LockSubject& subject,
                                       const std::vector<Platform>& platforms) {
  const Spec& spec = subject.spec;
  std::vector<std::string> lines;
  add(lines, "platform", platform_problem(spec, lock));
  for (const auto& item : spec.weights) {
    if (!is_remote(item.value)) continue;
    const std::string& name = item.value.name;
    add(lines,
        fmt::format("weights `{}`", name),
        weights_problem(item.value, find_weights(lock, name)));
  }
  for (const LockedWeights& locked : lock.weights) {
    const bool is_wanted = std::any_of(spec.weights.begin(), spec.weights.end(), [&](auto& item) {
      return is_remote(item.value) && item.value.name == locked.name;
    });
    if (!is_wanted) lines.push_back(fmt::format("weights `{}`: not in the spec", locked.name));
  }
  for (const Platform& platform : platforms) {
    const auto found = lock.platforms.find(platform);
    if (found == lock.platforms.end()) {
      lines.push_back(fmt::format("{}: nothing in the lock is for it", platform.text()));
      continue;
    }
    const LockedPlatform& locked = found->second;
    add(lines, fmt::format("{}: base", platform.text()), base_problem(spec, locked));
    add(lines, fmt::format("{}: system_packages", platform.text()), system_problem(spec, locked));
    add(lines, fmt::format("{}: python", platform.text()), python_problem(subject, locked));
  }
  return lines;
}

Lock agreeing_part(const Lock& lock,
                   const LockSubject& subject,
                   const std::vector<Platform>& platforms) {
  const Spec& spec = subject.spec;
  Lock agreed = lock;
  if (!spec.platforms.empty() && has_platforms_of_its_own(spec)) agreed.platform.reset();
  agreed.weights.clear();
  for (const auto& item : spec.weights) {
    const LockedWeights* locked = find_weights(lock, item.value.name);
    const bool agrees = is_remote(item.value) && weights_problem(item.value, locked).empty();
    if (agrees) agreed.weights.push_back(*locked);
  }
  for (const Platform& platform : platforms) {
    const auto found = agreed.platforms.find(platform);
    if (found != agreed.platforms.end()) keep_agreeing(found->second, subject);
  }
  return agreed;
}

void keep_platforms(Lock& lock, const Spec& spec, const std::vector<Platform>& platforms) {
  if (!has_platforms_of_its_own(spec)) return;
  std::erase_if(lock.platforms, [&](const auto& entry) {
    return std::find(platforms.begin(), platforms.end(), entry.first) == platforms.end();
  });
}

std::vector<std::string> upgradable_names(const Spec& spec, const Lock& lock) {
  std::vector<std::string> names;
  const bool has_image = !lock_base(spec).empty() || has_official_base(spec);
  if (has_image || has_system(spec)) names.emplace_back(base_name);
  if (has_system(spec)) names.emplace_back(system_name);
  for (const auto& item : spec.weights) {
    if (is_remote(item.value)) names.push_back(item.value.name);
  }
  if (!spec.python) return names;
  names.emplace_back(python_name);
  std::set<std::string> packages;
  for (const auto& [platform, locked] : lock.platforms) {
    if (!locked.python) continue;
    for (const LockedWheel& wheel : locked.python->wheels)
      packages.insert(wheel.name);
  }
  names.insert(names.end(), packages.begin(), packages.end());
  return names;
}

void forget_pins(Lock& lock, const std::vector<std::string>& names) {
  if (names.empty()) {
    lock = Lock();
    return;
  }
  const auto is_named = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto has_named_wheel = [&](const LockedPython& python) {
    return std::any_of(python.wheels.begin(), python.wheels.end(), [&](const LockedWheel& wheel) {
      return is_named(wheel.name);
    });
  };
  std::erase_if(lock.weights, [&](const auto& weights) { return is_named(weights.name); });
  for (auto& [platform, locked] : lock.platforms) {
    // What was added to a base is right for that base alone.
    if (is_named(base_name) || is_named(system_name)) locked.system.reset();
    if (is_named(base_name)) locked.base.reset();
    const bool is_python =
        is_named(python_name) || (locked.python && has_named_wheel(*locked.python));
    if (is_python) locked.python.reset();
  }
}

}  // namespace mlpack
