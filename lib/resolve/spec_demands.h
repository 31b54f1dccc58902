#pragma once

#include "lib/oci/config.h"
#include "lib/resolve/demands.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What is known beside the spec.
struct DemandSources {
  /// Lines of requirements (PEP 508) that the spec names, comments and options left out. Those
  /// whose markers do not hold do not count.
  std::vector<std::string> requirements;
  /// What a lock beside the spec pins, as such lines: `torch==2.9.1`.
  std::vector<std::string> locked = {};
  /// Of the base, where it was read; nullopt: what the catalog says of its name.
  std::optional<ImageConfig> base_config;
  std::string quantisation;  // of the model, as the catalog calls it
  std::string as_of;
  /// Lines that bind what is asked for, and ask for nothing themselves.
  std::vector<std::string> constraints = {};
  /// Of the requirements (`--index-url`), where the spec names none.
  std::string index_url = {};
  /// Any where the requirements name indexes of others.
  PackageDemand::Builds builds = PackageDemand::Builds::published;
  /// Whether the lines are of wheels that somebody saw: then there are such.
  enum class Wheels { asked, seen } wheels = Wheels::asked;
  /// Packages whose lines have hashes, normalised.
  std::vector<std::string> hashed = {};
  /// Of the image, for markers, where neither the spec nor the base says it.
  std::optional<Version> python = {};
  std::string dtype = {};          // of the model that is served, such as `bfloat16`
  std::uint64_t weight_bytes = 0;  // of its files; 0: not known
  /// Of the requirements (`--extra-index-url`), beside those that the spec names.
  std::vector<std::string> extra_index_urls = {};
  std::optional<PythonFile> python_file = {};
};

/// What of `spec` bears on CUDA, drivers, frameworks and the base. Fault::usage for more groups of
/// machines or packages than can be compared.
Demands demands_of(const Catalog& catalog, const Spec& spec, const DemandSources& sources);

/// A base by what its name says, and its config where that is known.
BaseDemand base_demand(const Catalog& catalog,
                       const Base& base,
                       const std::optional<ImageConfig>& config);

/// `demands` on the image of a distribution, with its `python3`; nullopt where there is none, or
/// not the one that is asked for.
std::optional<Demands> on_image(const Catalog& catalog, Demands demands, const std::string& image);

}  // namespace mlpack
