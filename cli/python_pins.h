#pragma once

#include "lib/lock/lock.h"
#include "lib/oci/config.h"
#include "lib/python/lock.h"
#include "lib/spec/spec.h"

#include <functional>
#include <string>
#include <vector>

namespace mlpack {

/// The torch that goes with the CUDA which was decided for an image.
struct TorchWish {
  std::string build;    // `cu128`, `cpu`; empty: torch is not asked for, or the spec names indexes
  std::string release;  // `2.9.1`
  enum class From {
    index,   // PyPI's own wheel of the release is that build
    pytorch  // PyTorch's index has it
  } from = From::index;
};

/// Says it for a base with a config, which counts where the spec names a base.
using TorchWishOf = std::function<TorchWish(const ImageConfig& base)>;

/// What is known of the wheels of an image before its base was looked at.
struct PythonPins {
  /// What the spec agrees with: used as it is where the base has the Python that it was made for.
  const LockedPython* locked = nullptr;
  /// Versions that stay, where packages are chosen anew and the rest allows it.
  std::vector<LockedWheel> preferred;
  /// Names of packages that are to be the newest, where the others need not stay for that.
  std::vector<std::string> upgraded = {};
  /// Whether what was resolved for the same words before is used again.
  enum class Memo { use, ignore } memo = Memo::use;
  TorchWishOf torch;  // may be empty
};

/// Whether the wheels of `locked` are those for an image with `facts` and `torch`.
bool is_made_for(const LockedPython& locked, const PythonFacts& facts, const TorchWish& torch);

/// `glibc 2.36`, for a lock.
std::string libc_text(const LibcVersion& libc);

/// The wheels of `locked` as what is to be fetched; their place is `python` of the spec.
PythonSelection locked_selection(const LockedPython& locked, const Spec& spec);

}  // namespace mlpack
