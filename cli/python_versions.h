#pragma once

#include "cli/session.h"
#include "lib/python/index_settings.h"
#include "lib/python/lock.h"
#include "lib/python/tags.h"
#include "registry/python_index.h"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// What there is of a package.
struct PackageVersions {
  std::map<PythonVersion, std::string> fitting;  // that have a wheel for the image, in normal form
  std::size_t sources = 0;                       // files
  std::set<std::string> other_tags;              // of wheels for others: `cp39-win_amd64`
  std::set<std::string> other_pythons;           // what wheels want that would fit: `>=3.12`
  std::shared_ptr<const Error> trouble;          // of one that did not answer; nullptr: none

  bool is_known() const {
    return !fitting.empty() || sources > 0 || !other_tags.empty() || !other_pythons.empty();
  }

  /// Three of those that fit, the nearest to `wanted` or else the newest: `1.0, 1.1, 2.0`. Empty
  /// where none does.
  std::string nearest(const std::optional<PythonVersion>& wanted) const;
};

/// The indexes and folders of wheels that settings name, asked what they have for one image.
class WheelCatalog {
 public:
  /// The session must outlive it.
  WheelCatalog(const IndexSettings& settings, const PythonFacts& facts, Session& session);

  /// Callable from any thread. Only Fault::interrupted is thrown.
  PackageVersions find(const std::string& package) const;

 private:
  struct ListedFile {
    std::string name;
    std::string requires_python;
  };
  void note_file(const ListedFile& file,
                 const std::string& package,
                 PackageVersions& versions) const;

  SupportedTags tags_;
  std::optional<PythonVersion> python_;
  std::vector<fs::path> folders_;
  RemoteContext context_;
  std::vector<std::unique_ptr<PythonIndex>> indexes_;
  std::vector<std::unique_ptr<PythonIndex>> pages_;  // of links to wheels
};

}  // namespace mlpack
