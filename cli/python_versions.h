#pragma once

#include "cli/session.h"
#include "lib/python/index_settings.h"
#include "lib/python/tags.h"
#include "registry/python_index.h"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What there is of a package.
struct PackageVersions {
  std::map<PythonVersion, std::string> fitting;  // that have a wheel for the image, in normal form
  std::size_t others = 0;                        // files of sources, and wheels for others

  /// Three of those that fit, the nearest to `wanted` or else the newest: `1.0, 1.1, 2.0`. Empty
  /// where none does.
  std::string nearest(const std::optional<PythonVersion>& wanted) const;
};

/// The indexes and folders of wheels that settings name, asked what they have for one image.
class WheelCatalog {
 public:
  /// The session must outlive it.
  WheelCatalog(const IndexSettings& settings, const PythonTarget& target, Session& session);

  /// Callable from any thread. What does not answer has nothing; only Fault::interrupted is thrown.
  PackageVersions find(const std::string& package) const;

 private:
  SupportedTags tags_;
  std::vector<fs::path> folders_;
  RemoteContext context_;
  std::vector<std::unique_ptr<PythonIndex>> indexes_;
  std::vector<std::unique_ptr<PythonIndex>> pages_;  // of links to wheels
};

}  // namespace mlpack
