#pragma once

#include "lib/catalog/catalog.h"
#include "lib/lock/lock.h"
#include "lib/oci/config.h"
#include "lib/resolve/spec_demands.h"
#include "lib/spec/spec.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What a spec says of Python packages, as requirements (PEP 508) without comments and options.
struct AskedLines {
  std::vector<std::string> requirements;
  std::vector<std::string> constraints = {};  // of `-c`
  std::string index_url = {};                 // of `--index-url`
  std::vector<std::string> extra_index_urls = {};
  /// Any where indexes of others than PyTorch, or folders of wheels, are named.
  PackageDemand::Builds builds = PackageDemand::Builds::published;
  /// Seen where a lock pins them.
  DemandSources::Wheels wheels = DemandSources::Wheels::asked;
  std::vector<std::string> hashed = {};  // names of packages whose lines have hashes
  std::optional<PythonFile> python_file = {};
};

/// `packages` of `spec`, the lines of its requirements, or what its lock pins for the images that
/// it may become, on a base with the config `base` where that was read. Of a pyproject.toml there
/// are none but for its Pythons: what it comes to is known once it is locked. Fault::input for
/// files that cannot be read.
AskedLines asked_lines(const Catalog& catalog,
                       const Spec& spec,
                       const std::optional<ImageConfig>& base);

/// The wheels that mlpack.lock has for any platform, as such lines, whether or not it is still
/// right for `spec`.
std::vector<std::string> locked_lines(const Spec& spec);

/// `asked` with the wheels that are installed in the place of what they are wheels of, and with
/// all others. On machines with GPUs those without code for them count for nothing.
std::vector<std::string> installed_lines(const Spec& spec,
                                         const LockedPython& wheels,
                                         const std::vector<std::string>& asked);

}  // namespace mlpack
