#pragma once

#include "lib/digest.h"
#include "lib/sink.h"

#include <cstdint>
#include <optional>
#include <string>

namespace mlpack {

/// Fetches files by URL (distribution mirrors, wheel indexes, hubs). An interface because layers/
/// must not know the network; registry/ implements it on its transport, tests over a map.
class Downloader {
 public:
  virtual ~Downloader() = default;
  /// Writes the body of `url` to `sink`. False where the server says it does not exist (404, 410).
  /// Retries inside; a body larger than `limit` bytes is Fault::integrity, no answer
  /// Fault::network, any other status Fault::refused. The sink gets each byte once, in order.
  virtual bool get(const std::string& url, std::uint64_t limit, Sink& sink) = 0;
};

}  // namespace mlpack
