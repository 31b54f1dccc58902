#include "cli/python_found.h"

#include "layers/deb_image.h"
#include "layers/image_root.h"
#include "lib/error.h"
#include "lib/resolve/plan.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view python_prefix = "python3.";
// Newer than any glibc: where nobody knows which there is, nothing is refused for it.
constexpr unsigned unknown_glibc = 99;

// 11 of `python3.11`; nullopt for other names.
std::optional<unsigned> minor_of(std::string_view name) {
  if (!name.starts_with(python_prefix)) return std::nullopt;
  const auto minor = parse_number(name.substr(python_prefix.size()), 999);
  return minor ? std::optional(static_cast<unsigned>(*minor)) : std::nullopt;
}

bool is_file_in(const RootPaths& root, const std::string& path) {
  const RecipeEntry* const entry = root.find(path);
  return entry != nullptr && (entry->kind == EntryKind::file || entry->kind == EntryKind::hardlink);
}

// The program that the name `python3` or `python3.N` in the folder leads to.
std::optional<std::string> program(const RootPaths& root, const std::string& path) {
  const std::string resolved = root.resolve(path);
  const bool is_python = minor_of(resolved.substr(resolved.rfind('/') + 1)).has_value();
  return is_python && is_file_in(root, resolved) ? std::optional(resolved) : std::nullopt;
}

std::vector<std::string> path_folders(const ImageConfig& config) {
  std::vector<std::string> folders;
  const std::string path = config.env_value("PATH").value_or(std::string(default_path));
  for (const std::string_view folder : split(path, ':')) {
    if (folder.size() > 1 && folder[0] == '/') folders.emplace_back(folder.substr(1));
  }
  return folders;
}

// Other interpreters, for a message.
std::string others_in(const RootPaths& root, const std::vector<std::string>& folders) {
  std::set<std::string> found;
  for (const std::string& folder : folders) {
    for (const RecipeEntry* entry : root.children(root.resolve(folder))) {
      const std::string name = entry->path.substr(entry->path.rfind('/') + 1);
      if (minor_of(name)) found.insert(name);
    }
  }
  return found.empty() ? "no Python" : fmt::format("{}", fmt::join(found, ", "));
}

// `3.11` of `3.11.2`.
std::string series_of(const std::string& version) {
  return version.substr(0, version.find('.', version.find('.') + 1));
}

std::string interpreter_of(const RootPaths& root,
                           const ImageConfig& config,
                           const std::string& version,
                           const std::string& base) {
  const std::vector<std::string> folders = path_folders(config);
  const std::string name = version.empty() ? "python3" : "python" + series_of(version);
  for (const std::string& folder : folders) {
    if (auto found = program(root, folder + "/" + name)) return std::move(*found);
  }
  throw Error(
      Fault::incompatible,
      fmt::format(
          "the base `{}` has no `{}` on its PATH; it has {}", base, name, others_in(root, folders)),
      version.empty() ? "take a base that has one, such as `python:3.12-slim`, or add "
                        "`system_packages: [python3]`"
                      : "take another base, or leave out `python.version`");
}

// 3.11.2 of `3.11.2-6+deb12u6`, as its authors number it.
std::string upstream_version(std::string version) {
  version = version.substr(version.find(':') + 1);
  version = version.substr(0, version.rfind('-'));
  return version.substr(0, version.find_first_of("+~"));
}

// The version of a Debian package that is installed, as its authors number it.
std::optional<std::string> package_version(const std::vector<std::string>& paragraphs,
                                           const std::string& name) {
  for (const std::string& paragraph : paragraphs) {
    std::string package;
    std::string version;
    for (const std::string_view line : split(paragraph, '\n')) {
      if (line.starts_with("Package:")) package = trim(line.substr(8));
      if (line.starts_with("Version:")) version = trim(line.substr(8));
    }
    if (package != name) continue;
    return upstream_version(version);
  }
  return std::nullopt;
}

std::vector<std::string> debian_packages(const RootPaths& root,
                                         const Platform& platform,
                                         const std::string& base) {
  try {
    return packages_of_image(root, base, platform);
  } catch (const Error& error) {
    if (error.fault() != Fault::incompatible) throw;
    return {};  // of another distribution
  }
}

// Where nothing says it, what was asked for is believed.
std::string version_of(const std::vector<std::string>& packages,
                       const ImageConfig& config,
                       const std::string& series,
                       const std::string& asked) {
  const auto fits = [&](const std::optional<std::string>& version) {
    return version && version->starts_with(series + ".") && PythonVersion::parse(*version);
  };
  // Images of Docker's library say it in their environment.
  const auto said = config.env_value("PYTHON_VERSION");
  if (fits(said)) return *said;
  for (const char* suffix : {"-minimal", ""}) {
    const auto version = package_version(packages, "python" + series + suffix);
    if (fits(version)) return *version;
  }
  return fits(asked) ? asked : series + ".0";
}

void check_release(const std::string& found, const std::string& asked, const std::string& base) {
  if (asked == series_of(asked) || asked == found) return;
  throw Error(
      Fault::incompatible,
      fmt::format("the base `{}` has Python {}, and `python.version` is {}", base, found, asked),
      fmt::format("take another base, or write `version: \"{}\"`", series_of(asked)));
}

std::optional<LibcVersion> glibc_of(const std::string& version) {
  const std::size_t dot = version.find('.');
  const auto minor = parse_number(version.substr(std::min(dot + 1, version.size())), unknown_glibc);
  if (dot == std::string::npos || !version.starts_with("2.") || !minor) return std::nullopt;
  return LibcVersion{LibcVersion::Kind::glibc, 2, static_cast<unsigned>(*minor)};
}

std::optional<LibcVersion> libc_of(const RootPaths& root,
                                   const std::vector<std::string>& packages) {
  if (auto glibc = glibc_of(package_version(packages, "libc6").value_or(""))) return glibc;
  for (const RecipeEntry* entry : root.children(root.resolve("lib"))) {
    const std::string name = entry->path.substr(entry->path.rfind('/') + 1);
    // 1.2 has been musl's series since 2020.
    if (name.starts_with("ld-musl-")) return LibcVersion{LibcVersion::Kind::musl, 1, 2};
  }
  return std::nullopt;
}

FoundPython python_at(const std::string& path,
                      const std::string& version,
                      const Platform& platform,
                      const std::optional<LibcVersion>& libc) {
  FoundPython found;
  found.interpreter = "/" + path;
  found.facts.version = version;
  found.facts.target.minor = minor_of(path.substr(path.rfind('/') + 1)).value_or(0);
  found.facts.target.machine = uname_machine(platform);
  found.facts.markers = linux_markers(found.facts.version, found.facts.target.machine);
  found.facts.target.libc = libc.value_or(LibcVersion{LibcVersion::Kind::glibc, 2, unknown_glibc});
  return found;
}

}  // namespace

std::optional<FoundPython> find_packaged_python(const LockedSystem& system,
                                                const Platform& platform,
                                                const std::string& version,
                                                const std::string& base) {
  constexpr std::string_view suffix = "-minimal";
  const auto version_of_package = [&](const std::string& name) -> std::optional<std::string> {
    for (const LockedPackage& package : system.packages) {
      if (package.name == name) return upstream_version(package.version);
    }
    return std::nullopt;
  };
  for (const LockedPackage& package : system.packages) {
    if (!package.name.ends_with(suffix)) continue;
    const std::string name = package.name.substr(0, package.name.size() - suffix.size());
    const auto minor = minor_of(name);
    if (!minor || (!version.empty() && name != "python" + series_of(version))) continue;
    const std::string release = upstream_version(package.version);
    check_release(release, version, base);
    const auto libc = glibc_of(version_of_package("libc6").value_or(""));
    return python_at("usr/bin/" + name, release, platform, libc);
  }
  return std::nullopt;
}

FoundPython find_python(const RootPaths& root,
                        const ImageConfig& config,
                        const Platform& platform,
                        const std::string& version,
                        const std::string& base) {
  const std::string path = interpreter_of(root, config, version, base);
  const std::string series = path.substr(path.rfind("python") + 6);
  const auto packages = debian_packages(root, platform, base);
  const auto libc = libc_of(root, packages);
  FoundPython found =
      python_at(path, version_of(packages, config, series, version), platform, libc);
  check_release(found.facts.version, version, base);
  if (!libc) {
    found.warnings.push_back(fmt::format(
        "nothing says which glibc the base `{}` has: whether wheels fit it was not checked", base));
  }
  return found;
}

PythonPlaces own_places(const FoundPython& python, const RootPaths& root) {
  const std::string name = fmt::format("python3.{}", python.facts.target.minor);
  const bool is_debians =
      python.interpreter == "/usr/bin/" + name && root.find("usr/lib/python3/dist-packages");
  const std::string bin = python.interpreter.substr(1, python.interpreter.rfind('/') - 1);
  const std::string prefix = is_debians ? "usr/local" : bin.substr(0, bin.rfind('/'));
  const std::string packages = is_debians ? "dist-packages" : "site-packages";
  return {fmt::format("{}/lib/{}/{}", prefix, name, packages),
          prefix + "/bin",
          prefix,
          fmt::format("{}/include/{}", prefix, name),
          python.interpreter,
          fmt::format("3.{}", python.facts.target.minor)};
}

}  // namespace mlpack
