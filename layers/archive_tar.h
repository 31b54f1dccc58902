#pragma once

#include "lib/sink.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mlpack {

/// Writes regular files as tar to `out`, all of mode 0644, owner 0:0 and time 0; `out` must outlive
/// it.
class TarFiles {
 public:
  explicit TarFiles(Sink& out) : out_(out) {}

  void add(const std::string& path, std::string_view text);
  /// `size` bytes of `source`; another number is Fault::integrity. `each` as in copy().
  void add(const std::string& path,
           std::uint64_t size,
           Source& source,
           const std::function<void(std::size_t)>& each = {});
  /// The end of the archive.
  void finish();

 private:
  void begin(const std::string& path, std::uint64_t size);
  void zeros(std::uint64_t count);

  Sink& out_;
  std::uint64_t offset_ = 0;
};

}  // namespace mlpack
