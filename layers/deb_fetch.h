#pragma once

#include "layers/debs.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mlpack {

/// A file whose content is known before it is fetched.
struct WantedFile {
  std::string name;               // for messages
  std::vector<std::string> urls;  // the same content at each; the first that exists is taken
  std::uint64_t size = 0;
  Digest sha256;
};

/// Puts those of `files` that the store's cache lacks into it, in parallel, under one line of
/// progress with `label`. Fault::integrity where a size or digest differs, Fault::refused where no
/// URL exists, Fault::input offline.
void fetch_files(const std::vector<WantedFile>& files,
                 const std::string& label,
                 const DebianContext& context);

[[noreturn]] void fail_offline(const std::string& name);

}  // namespace mlpack
