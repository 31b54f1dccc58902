#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mlpack {

/// A release of Debian or Ubuntu, as a row of templates/distributions.yaml. All texts live as long
/// as the program.
struct Distribution {
  enum class Family { debian, ubuntu };

  std::string_view codename;  // `bookworm`
  std::string_view version;   // `12`
  Family family;

  // Suites: the folders below `dists/` of the archive.
  std::string_view release;   // `bookworm`
  std::string_view updates;   // `bookworm-updates`
  std::string_view security;  // `bookworm-security`; it lies in the security archive, see below

  /// Debian keeps the security suite in an archive of its own: a mirror `URL/debian` has it at
  /// `URL/debian-security`, so this is `debian-security`. Empty (Ubuntu): it lies in the main one.
  std::string_view security_archive;
  /// The last part of the main archive's path (`debian`, `ubuntu`), which security_archive
  /// replaces.
  std::string_view main_archive;

  std::span<const std::string_view> components;  // `main`
  /// Keyrings that the suites may be signed with, best first: names of files in
  /// keyring_folder(); those that are missing on a host are passed over.
  std::span<const std::string_view> keyrings;
  /// The package of the host's distribution that brings the keyrings, for hints.
  std::string_view keyring_package;
  /// Packages that are installed whether something depends on them or not.
  std::span<const std::string_view> always_installed;
  /// Packages that never are, even where something depends on them.
  std::span<const std::string_view> never_installed;
};

/// The row of `codename`; nullptr where there is none.
const Distribution* find_distribution(std::string_view codename);

/// All rows, newest first within a family.
std::span<const Distribution> distributions();

/// `/usr/share/keyrings`.
std::string_view keyring_folder();

}  // namespace mlpack
