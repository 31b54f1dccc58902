#pragma once

#include "cli/layer_files.h"
#include "lib/digest.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What an image has of one Python package.
struct PackageState {
  std::string version;                                // several: `1.0, 2.0`; empty: it has none
  std::optional<std::uint64_t> bytes = std::nullopt;  // of its files, as RECORD has them

  bool operator==(const PackageState&) const = default;
};

struct PackageChange {
  std::string name;  // normalised
  PackageState before;
  PackageState after;
};

/// The Python packages of layers, whoever built them: each `NAME-VERSION.dist-info` that has a
/// METADATA. What only says who installed a package, and bytecode, makes no difference.
class PackageList {
 public:
  /// The files of the next layer up, with the text of their RECORDs. What its whiteouts take away
  /// is gone, also of layers that were not added.
  void add_layer(const std::vector<LayerFile>& files);

  /// What differs, by name. Layers that both images have need not be in either list.
  static std::vector<PackageChange> compare(const PackageList& before, const PackageList& after);

 private:
  struct Installed {
    std::string name;
    std::string version;
    std::optional<std::uint64_t> bytes = std::nullopt;
    std::optional<Digest> content = std::nullopt;  // of its files, but those of who installed it
  };
  struct Summary {
    PackageState state;
    std::vector<std::optional<Digest>> contents;
  };
  using ByFolder = std::map<std::string, Installed>;  // the path of its dist-info

  void take_away(const TarEntry& whiteout);
  void read_record(const LayerFile& record, Installed& package) const;
  static std::optional<Installed> package_of(const std::string& folder);
  static std::map<std::string, Summary> summaries(const PackageList& own, const PackageList& other);

  ByFolder present_;
  ByFolder removed_;  // from below
};

/// A line for each change, in columns, below a title; empty where there is none.
std::string package_table(const std::vector<PackageChange>& changes);

}  // namespace mlpack
