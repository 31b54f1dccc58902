#pragma once

#include "lib/digest.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// What RECORD says of one file.
struct WheelRecord {
  std::optional<Digest> sha256;
  std::optional<std::uint64_t> size;
};

/// The file RECORD (binary distribution format): lines of `path,sha256=BASE64,size`, as CSV.
/// Fault::integrity, naming `wheel`, for what is none, a path twice, and hashes of other kinds.
std::map<std::string, WheelRecord> parse_record(std::string_view text, const std::string& wheel);

/// The line of a file in a RECORD; without hash and size for RECORD itself.
std::string record_line(const std::string& path);
std::string record_line(const std::string& path, const Digest& sha256, std::uint64_t size);

}  // namespace mlpack
