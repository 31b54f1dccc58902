#pragma once

#include "layers/wheel_listing.h"
#include "lib/digest.h"
#include "lib/oci/recipe.h"
#include "lib/sink.h"
#include "lib/store/store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlpack {

/// The version of the rules by which wheels become layers; a lock of other rules is of no use.
inline constexpr unsigned wheel_format = 1;

/// Where an interpreter's packages go. Folders are relative to the root; the packages' files lie
/// below them.
struct PythonPlaces {
  std::string packages;     // `opt/venv/lib/python3.11/site-packages`
  std::string scripts;      // `opt/venv/bin`
  std::string data;         // `opt/venv`
  std::string headers;      // `opt/venv/include/site/python3.11`
  std::string interpreter;  // for scripts: `/opt/venv/bin/python`
  std::string version;      // `3.11`
};

/// A virtual environment of an interpreter of the base.
struct VirtualEnvironment {
  std::string folder;       // `opt/venv`
  std::string interpreter;  // of the base: `/usr/bin/python3.11`
  std::string version;      // `3.11.2`
  unsigned major = 3;
  unsigned minor = 0;
};
PythonPlaces places_of(const VirtualEnvironment& environment);

/// The layer that makes the folder one (PEP 405): pyvenv.cfg, bin with its links to the
/// interpreter, site-packages, lib64.
LayerRecipe environment_recipe(const VirtualEnvironment& environment);

/// A wheel in the store's cache.
struct CachedWheel {
  std::string file;  // its name
  Digest sha256;
  std::uint64_t size = 0;
  std::string direct_url;  // of a direct reference (PEP 610), without credentials; else empty
};

/// A wheel that was looked at.
struct ListedWheel {
  CachedWheel wheel;
  WheelListing listing;
};

/// The listing of each wheel, in parallel. One is read once ever: its listing is kept in the store
/// by its digest.
std::vector<ListedWheel> list_wheels(const std::vector<CachedWheel>& wheels,
                                     Store& store,
                                     std::size_t jobs);

/// The files of an installed wheel: its own at their places, scripts with the interpreter, those of
/// entry points, and RECORD, INSTALLER (`mlpack`), REQUESTED and direct_url.json. Sorted by path;
/// no folders. Fault::integrity where two of them have one path.
std::vector<RecipeEntry> install_wheel(const ListedWheel& wheel, const PythonPlaces& places);

/// The name of the layer that a wheel of `size` bytes goes to.
std::string wheel_layer_name(const std::string& package, std::uint64_t size);

/// Layers of wheels, the lowest first, and lines for the user.
struct WheelLayers {
  std::vector<LayerRecipe> layers;
  std::vector<std::string> warnings;
};

/// What is below the wheels' layers.
struct WheelGround {
  std::vector<std::string> folders;  // that are there: they are not brought again
  std::vector<std::string> taken;    // files that no wheel may replace
};

/// One layer for each wheel of more than 32 MiB, by name; those of more than 1 MiB in at most eight
/// layers by a hash of their name; all others in one. So a wheel moves no bytes but those of its
/// own layer, and a layer depends on the wheels in it and `places` alone. A layer that would grow
/// past `max_size` is cut between files.
///
/// Where two wheels have one file of different contents, the uppermost layer's is what the image
/// has, in one layer the last by name, and a warning says so. Fault::incompatible where one has a
/// file where the other has a folder, Fault::integrity where one has a file of `ground.taken`. Uses
/// at most `jobs` threads.
WheelLayers wheel_layers(const std::vector<ListedWheel>& wheels,
                         const PythonPlaces& places,
                         const WheelGround& ground,
                         std::uint64_t max_size,
                         std::size_t jobs);

/// Opens members of wheels in the store's cache, whatever the order, and compares each with its
/// sha256 before its last bytes are given: Fault::integrity. Not thread-safe: one for each stream.
std::function<std::unique_ptr<Source>(const WheelMember&)> wheel_member_opener(const Store& store);

}  // namespace mlpack
