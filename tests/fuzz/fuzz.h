#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack::fuzz {

/// A reader of bytes that come from somebody else. It may refuse them by throwing Error; everything
/// else that is thrown, a crash, a hang and memory beyond libFuzzer's limit are findings.
struct Target {
  std::string_view name;
  void (*read)(std::string_view bytes);
  std::vector<std::string> (*seeds)();  // inputs that it accepts
};

std::span<const Target> image_targets();
std::span<const Target> file_targets();
std::span<const Target> registry_targets();
std::span<const Target> text_targets();

/// Stops the process where something that must always hold does not.
void require(bool holds, std::string_view what);

}  // namespace mlpack::fuzz
