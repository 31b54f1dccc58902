#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mlpack {

/// A hosted registry with a published limit, as a row of templates/registries.yaml.
struct Registry {
  std::string_view name;
  std::span<const std::string_view> hosts;  // `*` stands for any characters
  std::uint64_t largest_layer;              // bytes
};

/// The row whose hosts `host` (lower case) is one of; nullptr where nothing is known of it.
const Registry* find_registry(const std::string& host);

}  // namespace mlpack
