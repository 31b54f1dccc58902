#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mlpack {

/// How a blob is sent: in one PUT, in one PATCH, or in PATCHes that say which bytes they are.
enum class UploadForm { put, patch, chunks };

/// Whether the Range of an answer to a PATCH says what the registry has.
enum class UploadRanges { exact, ignored };

/// A registry, as a row of templates/registries.yaml.
struct Registry {
  std::string_view name;
  std::span<const std::string_view> hosts;  // `*` stands for any characters
  std::uint64_t largest_layer;              // bytes; the largest number where none is published
  std::span<const UploadForm> forms;        // that work, the best first
  std::uint64_t largest_body;               // bytes that a request may have; 0: no limit is known
  std::uint64_t chunk;                      // most bytes of a PATCH of `chunks`
  UploadRanges ranges;
};

/// The row whose hosts `host` (lower case) is one of; nullptr where nothing is known of it.
const Registry* find_registry(const std::string& host);

}  // namespace mlpack
