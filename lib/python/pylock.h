#pragma once

#include "lib/python/lock.h"
#include "lib/python/specifier.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A wheel of a package in pylock.toml.
struct PylockWheel {
  PythonPackage file;  // everything but the version
  WheelName name;
};

struct PylockPackage {
  std::string name;     // normalised
  std::string version;  // normal form; may be empty
  std::string marker;   // a marker; may be empty
  PythonSpecifiers requires_python;
  std::vector<PylockWheel> wheels;
  /// What it has instead of wheels, for messages: `a source distribution`, `a folder`; may be empty
  std::string other;
  fs::path folder;  // of sources; may be empty
  Where where;
};

/// pylock.toml (PEP 751, version 1.x).
struct Pylock {
  PythonSpecifiers requires_python;
  std::vector<std::string> environments;  // markers, of which one must hold; none: any
  std::vector<std::string> extras;        // that it was made for; normalised
  std::vector<std::string> groups;
  std::vector<std::string> default_groups;
  std::vector<PylockPackage> packages;
  Where where;
};

/// Reads the file's text. Relative paths are relative to its folder. Throws one Error(Fault::input)
/// for what is no TOML, or whose where() lists every problem: keys that are missing or of the wrong
/// type, a version that is not known, a wheel without a sha256.
Pylock parse_pylock(std::string_view text, const fs::path& path);

/// What is wanted of a lock for several uses.
struct PylockWish {
  std::vector<std::string> extras;
  std::vector<std::string> groups;
};

/// What of the lock is installed in an image with the Python `facts`: of each package whose marker
/// holds the wheel that fits best. Problems: another Python, extras and groups that the lock does
/// not have, packages without a wheel that fits.
PythonSelection select_pylock(const Pylock& lock, const PylockWish& wish, const PythonFacts& facts);

}  // namespace mlpack
