#pragma once

#include "lib/digest.h"
#include "lib/file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A file of a wheel, with what its RECORD says of it.
struct WheelFile {
  enum class Rights { plain, executable };
  std::string path;  // in the archive
  Rights rights = Rights::plain;
  std::uint64_t size = 0;
  Digest sha256;
  std::string script;  // of one in `.data/scripts` that begins with `#!python`: what follows
                       // its first line
  enum class Kind { file, python_script } kind = Kind::file;
  bool operator==(const WheelFile&) const = default;
};

/// `name = module:function` of entry_points.txt.
struct WheelEntryPoint {
  std::string name;
  std::string module;
  std::string function;  // `a.b`
  bool operator==(const WheelEntryPoint&) const = default;
};

/// All that is needed of a wheel to make layers of it, but for the content of its files.
struct WheelListing {
  std::string name;                       // normalised
  std::string version;                    // as its METADATA has it
  std::string dist_info;                  // the folder
  std::string requires_python;            // may be empty
  std::vector<std::string> dependencies;  // `Requires-Dist`, as written
  std::vector<WheelFile> files;           // by path; without RECORD and what the installer writes
  std::string data;                       // the folder `NAME-VERSION.data`; empty: none
  std::vector<WheelEntryPoint> scripts;   // console and GUI, by name
  bool operator==(const WheelListing&) const = default;
};

/// Reads the names, WHEEL, METADATA, RECORD, entry points and scripts of the wheel at `path`;
/// `file` is its name. The contents are compared with RECORD when they are read.
///
/// Fault::integrity for what ZipFile refuses; a wheel without exactly one folder `.dist-info` of
/// its name; a METADATA that is of another package or version; files that RECORD does not have,
/// has without a sha256, twice or with another size, and those that are in RECORD alone; entry
/// points that name no function; a `.data` folder that is not known. Fault::incompatible for
/// another major version of the wheel format.
WheelListing list_wheel(const fs::path& path, const std::string& file);

/// The listing as text that `parse_wheel_listing` reads back to an equal value.
std::string write_wheel_listing(const WheelListing& listing);
/// nullopt where `text` is not a listing of this version.
std::optional<WheelListing> parse_wheel_listing(std::string_view text);

}  // namespace mlpack
