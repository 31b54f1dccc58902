#pragma once

#include "lib/digest.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/python/marker.h"
#include "lib/python/tags.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The Python that an image has, which decides what is installed in it.
struct PythonFacts {
  std::string version;  // `3.11.2`; of what is not known of it: `3.11.0`
  PythonTarget target;
  MarkerEnvironment markers;
};

/// A package that a lock names, to be installed in one image. Of its files some are known.
struct PythonPackage {
  std::string name;            // normalised
  std::string version;         // normal form; empty: as the file says
  std::string file;            // of the wheel; empty: to be found by its hash
  std::vector<Digest> sha256;  // one of which the wheel has; never empty
  std::optional<std::uint64_t> size = {};
  std::string url = {};    // of the wheel; empty where it is found by name
  fs::path path = {};      // of a wheel on disk; else empty
  std::string index = {};  // that the lock names; may be empty
  enum class Origin { index, direct } origin = Origin::index;  // direct: a URL was asked for
  Where where = {};                                            // in the lock
};

/// A package without a wheel for the image.
struct UnfitPackage {
  std::string name;
  std::string version;      // normal form; may be empty
  std::size_t problem = 0;  // where it is told
};

/// What a lock says for one image.
struct PythonSelection {
  std::vector<PythonPackage> packages;   // by name, each once
  std::vector<Where> problems;           // what keeps it from being installed, all at once
  std::vector<UnfitPackage> unfit = {};  // of whose problems other versions are a way out
};

}  // namespace mlpack
