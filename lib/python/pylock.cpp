#include "lib/python/pylock.h"

#include "lib/python/name.h"
#include "lib/python/toml_text.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_wheel = std::uint64_t{1} << 50;

class PylockReader {
 public:
  explicit PylockReader(fs::path path) : path_(std::move(path)) {}

  Pylock read(const toml::table& root) {
    Pylock lock;
    lock.where = {path_.string(), 1, 1, {}};
    check_version(root);
    lock.requires_python = specifiers(root, "requires-python");
    lock.environments = texts(root, "environments");
    lock.extras = names(root, "extras");
    lock.groups = names(root, "dependency-groups");
    lock.default_groups = names(root, "default-groups");
    const toml::node* const packages = root.get("packages");
    const toml::array* const list = packages == nullptr ? nullptr : packages->as_array();
    if (list == nullptr) {
      problem(root, "`packages` is missing");
    } else {
      for (const toml::node& node : *list)
        read_package(node, lock.packages);
    }
    throw_problems();
    return lock;
  }

 private:
  void problem(const toml::node& node, std::string text) {
    problems_.push_back(toml_where(node, path_));
    problems_.back().message = std::move(text);
  }

  void throw_problems() {
    if (problems_.empty()) return;
    const std::string text = fmt::format("`{}` has {} problem{}",
                                         printable(path_.string()),
                                         problems_.size(),
                                         problems_.size() == 1 ? "" : "s");
    throw Error(Fault::input, text, {}, std::move(problems_));
  }

  void check_version(const toml::table& root) {
    const std::string version = text(root, "lock-version");
    const bool is_known = version == "1" || version.starts_with("1.");
    if (is_known) return;
    problem(root,
            version.empty()
                ? "`lock-version` is missing: is it a pylock.toml?"
                : fmt::format("`lock-version` is `{}`; mlpack knows 1.0", printable(version)));
    throw_problems();
  }

  // Empty where it is missing.
  std::string text(const toml::table& table, std::string_view key) {
    const toml::node* const node = table.get(key);
    if (node == nullptr) return {};
    if (const auto value = node->value_exact<std::string>()) return *value;
    problem(*node, fmt::format("`{}` must be a text", key));
    return {};
  }

  std::vector<std::string> texts(const toml::table& table, std::string_view key) {
    std::vector<std::string> result;
    const toml::node* const node = table.get(key);
    if (node == nullptr) return result;
    const toml::array* const list = node->as_array();
    if (list == nullptr) problem(*node, fmt::format("`{}` must be a list of texts", key));
    if (list == nullptr) return result;
    for (const toml::node& item : *list) {
      const auto value = item.value_exact<std::string>();
      if (!value) problem(item, fmt::format("`{}` must be a list of texts", key));
      result.push_back(value.value_or(""));
    }
    return result;
  }

  std::vector<std::string> names(const toml::table& table, std::string_view key) {
    std::vector<std::string> result = texts(table, key);
    for (std::string& name : result)
      name = normalized_name(name);
    return result;
  }

  PythonSpecifiers specifiers(const toml::table& table, std::string_view key) {
    const std::string value = text(table, key);
    const auto parsed = PythonSpecifiers::parse(value);
    if (!parsed) {
      problem(*table.get(key), fmt::format("`{}` is no condition on versions", printable(value)));
    }
    return parsed.value_or(PythonSpecifiers{});
  }

  void read_package(const toml::node& node, std::vector<PylockPackage>& packages) {
    const toml::table* const table = node.as_table();
    if (table == nullptr) return problem(node, "`packages` must be a list of tables");
    PylockPackage package;
    package.where = toml_where(node, path_);
    const std::string name = text(*table, "name");
    if (!is_project_name(name)) return problem(node, "a package has no `name`");
    package.name = normalized_name(name);
    const std::string version = text(*table, "version");
    const auto parsed = PythonVersion::parse(version);
    if (parsed) package.version = parsed->text();
    if (!parsed && !version.empty()) {
      problem(node, fmt::format("`{}` is no version", printable(version)));
    }
    package.marker = text(*table, "marker");
    const bool is_marker =
        evaluate_marker(package.marker, linux_markers("3.11.0", "x86_64")).has_value();
    if (!is_marker) problem(node, fmt::format("`{}` is no marker", printable(package.marker)));
    package.requires_python = specifiers(*table, "requires-python");
    read_wheels(*table, package);
    read_others(*table, package);
    packages.push_back(std::move(package));
  }

  void read_wheels(const toml::table& table, PylockPackage& package) {
    const toml::node* const node = table.get("wheels");
    if (node == nullptr) return;
    const toml::array* const list = node->as_array();
    if (list == nullptr) return problem(*node, "`wheels` must be a list of tables");
    const std::string index = text(table, "index");
    for (const toml::node& item : *list) {
      const toml::table* const wheel = item.as_table();
      if (wheel == nullptr) {
        problem(item, "`wheels` must be a list of tables");
        continue;
      }
      read_wheel(*wheel, package, index);
    }
  }

  // A direct reference may lead to a wheel (`archive`); what else there is has to be built.
  void read_others(const toml::table& table, PylockPackage& package) {
    const toml::node* const archive = table.get("archive");
    if (archive != nullptr && archive->as_table() != nullptr) {
      const toml::table& file = *archive->as_table();
      if (file_name(file).ends_with(".whl")) {
        read_wheel(file, package, {});
        for (PylockWheel& wheel : package.wheels)
          wheel.file.origin = PythonPackage::Origin::direct;
        return;
      }
      package.other = "an archive of sources";
    }
    if (table.contains("sdist")) package.other = "a source distribution";
    if (table.contains("vcs")) package.other = "a repository of sources";
    if (const toml::node* const folder = table.get("directory")) read_folder(*folder, package);
  }

  void read_folder(const toml::node& node, PylockPackage& package) {
    package.other = "a folder of sources";
    const toml::table* const table = node.as_table();
    if (table == nullptr) return problem(node, "`directory` must be a table");
    package.folder = (path_.parent_path() / text(*table, "path")).lexically_normal();
    if (!package.folder.has_filename()) package.folder = package.folder.parent_path();
  }

  std::string file_name(const toml::table& table) {
    const std::string name = text(table, "name");
    if (!name.empty()) return name;
    const std::string path = text(table, "path");
    return path.empty() ? file_in_url(text(table, "url")) : path.substr(path.rfind('/') + 1);
  }

  void read_wheel(const toml::table& table, PylockPackage& package, const std::string& index) {
    PylockWheel wheel{{}, {{}, {}, *PythonVersion::parse("0"), {}, {}}};
    wheel.file.file = file_name(table);
    wheel.file.name = package.name;
    wheel.file.index = index;
    wheel.file.where = toml_where(table, path_);
    wheel.file.url = text(table, "url");
    const std::string path = text(table, "path");
    if (!path.empty()) wheel.file.path = (path_.parent_path() / path).lexically_normal();
    if (const toml::node* const size = table.get("size")) {
      const auto bytes = size->value_exact<std::int64_t>().value_or(-1);
      const bool is_right = bytes >= 0 && static_cast<std::uint64_t>(bytes) <= largest_wheel;
      if (!is_right) problem(*size, "`size` must be a number of bytes");
      wheel.file.size = static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
    }
    read_hash(table, wheel.file);
    auto name = parse_wheel_name(wheel.file.file);
    if (!name) {
      return problem(table, fmt::format("`{}` is no name of a wheel", printable(wheel.file.file)));
    }
    if (name->name != package.name) {
      return problem(table, fmt::format("`{}` is no wheel of `{}`", wheel.file.file, package.name));
    }
    wheel.name = std::move(*name);
    package.wheels.push_back(std::move(wheel));
  }

  void read_hash(const toml::table& table, PythonPackage& file) {
    const toml::node* const node = table.get("hashes");
    const toml::table* const hashes = node == nullptr ? nullptr : node->as_table();
    const std::string hex = hashes == nullptr ? "" : text(*hashes, "sha256");
    const auto digest = Digest::from_hex(to_lower(hex));
    if (digest) {
      file.sha256.push_back(*digest);
    } else {
      problem(table, fmt::format("`{}` has no sha256", printable(file.file)));
    }
  }

  fs::path path_;
  std::vector<Where> problems_;
};

void add_problem_of(PythonSelection& selection, const Where& where, std::string text) {
  selection.problems.push_back(where);
  selection.problems.back().message = std::move(text);
}

// The wish in the terms of the markers; what the lock was not made for is a problem.
MarkerEnvironment wished(const Pylock& lock,
                         const PylockWish& wish,
                         const PythonFacts& facts,
                         PythonSelection& selection) {
  MarkerEnvironment environment = facts.markers;
  const auto add = [&](const auto& names, const auto& known, auto& into, const char* kind) {
    for (const std::string& name : names) {
      const std::string normal = normalized_name(name);
      if (std::find(known.begin(), known.end(), normal) == known.end()) {
        add_problem_of(
            selection,
            lock.where,
            fmt::format("the lock has no {} `{}`{}",
                        kind,
                        printable(name),
                        known.empty() ? "" : fmt::format("; it has {}", fmt::join(known, ", "))));
      }
      into.insert(normal);
    }
  };
  for (const std::string& name : lock.default_groups)
    environment.groups.insert(name);
  std::vector<std::string> groups = lock.groups;
  groups.insert(groups.end(), lock.default_groups.begin(), lock.default_groups.end());
  add(wish.extras, lock.extras, environment.extras, "extra");
  add(wish.groups, groups, environment.groups, "group");
  return environment;
}

std::string fitting(const PythonFacts& facts) {
  const LibcVersion& libc = facts.target.libc;
  return fmt::format("CPython {}.{} on {} with {} {}.{}",
                     facts.target.major,
                     facts.target.minor,
                     facts.target.machine,
                     libc.kind == LibcVersion::Kind::glibc ? "glibc" : "musl",
                     libc.major,
                     libc.minor);
}

std::string name_and_version(const PylockPackage& package) {
  const std::string version = package.version.empty() ? "" : " " + package.version;
  return fmt::format("`{}`{}", package.name, version);
}

std::string why_nothing_fits(const PylockPackage& package, const PythonFacts& facts) {
  if (package.wheels.empty()) {
    const std::string what = package.other.empty() ? "no file" : "only " + package.other;
    const std::string folder = printable(package.folder.string());
    const std::string how =
        folder.empty()
            ? "build a wheel of it with `pip wheel`, and lock that"
            : fmt::format("build a wheel of it: `pip wheel --no-deps -w {0}/dist {0}`", folder);
    return fmt::format("{} has {}: {}", name_and_version(package), what, how);
  }
  std::vector<std::string> files;
  for (const PylockWheel& wheel : package.wheels) {
    if (files.size() == 5) break;
    files.push_back(wheel.file.file);
  }
  const bool more = package.wheels.size() > files.size();
  return fmt::format("no wheel of {} fits {}; the lock has {}{}",
                     name_and_version(package),
                     fitting(facts),
                     join(files, ", "),
                     more ? fmt::format(" and {} more", package.wheels.size() - files.size()) : "");
}

const PylockWheel* best_wheel(const PylockPackage& package, const SupportedTags& tags) {
  const PylockWheel* best = nullptr;
  for (const PylockWheel& wheel : package.wheels) {
    if (!tags.rank(wheel.name.tags)) continue;
    if (best == nullptr || is_better_wheel(wheel.name, best->name, tags)) best = &wheel;
  }
  return best;
}

void check_environment(const Pylock& lock,
                       const MarkerEnvironment& environment,
                       const PythonFacts& facts,
                       PythonSelection& selection) {
  const auto python = PythonVersion::parse(facts.version);
  if (python && !lock.requires_python.contains(*python)) {
    add_problem_of(selection,
                   lock.where,
                   fmt::format("the lock is for another Python than {}: see its "
                               "`requires-python`",
                               facts.version));
  }
  const bool fits = std::any_of(
      lock.environments.begin(), lock.environments.end(), [&](const std::string& marker) {
        return evaluate_marker(marker, environment).value_or(false);
      });
  if (lock.environments.empty() || fits) return;
  add_problem_of(selection,
                 lock.where,
                 fmt::format("none of the lock's `environments` is {}", fitting(facts)));
}

}  // namespace

Pylock parse_pylock(std::string_view text, const fs::path& path) {
  return PylockReader(path).read(parse_toml(text, path));
}

PythonSelection select_pylock(const Pylock& lock,
                              const PylockWish& wish,
                              const PythonFacts& facts) {
  PythonSelection selection;
  const MarkerEnvironment environment = wished(lock, wish, facts, selection);
  check_environment(lock, environment, facts, selection);
  const SupportedTags tags(facts.target);
  const auto python = PythonVersion::parse(facts.version);
  for (const PylockPackage& package : lock.packages) {
    if (!evaluate_marker(package.marker, environment).value_or(false)) continue;
    if (python && !package.requires_python.contains(*python)) {
      add_problem_of(
          selection,
          package.where,
          fmt::format(
              "`{}` {} is not for Python {}", package.name, package.version, facts.version));
      continue;
    }
    const PylockWheel* const best = best_wheel(package, tags);
    if (best == nullptr) {
      selection.unfit.push_back({package.name, package.version, selection.problems.size()});
      add_problem_of(selection, package.where, why_nothing_fits(package, facts));
      continue;
    }
    selection.packages.push_back(best->file);
    PythonPackage& chosen = selection.packages.back();
    chosen.version = package.version.empty() ? best->name.parsed.text() : package.version;
    chosen.name = package.name;
  }
  auto& all = selection.packages;
  std::stable_sort(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].name != all[i - 1].name) continue;
    add_problem_of(selection,
                   all[i].where,
                   fmt::format("two versions of `{}` are wanted at once", all[i].name));
  }
  return selection;
}

}  // namespace mlpack
