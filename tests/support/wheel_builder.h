#pragma once

#include "lib/file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack::test {

/// A member of a wheel in the making, and how it lies.
struct WheelPart {
  std::string name;
  std::string content;
  unsigned mode = 0100644;                     // with the type of the file
  std::optional<std::string> record = {};      // its line in RECORD, else the right one
  std::optional<std::string> local_name = {};  // in its local header
  std::optional<std::uint64_t> size = {};      // that the directory says
  unsigned method = 0;                         // `content` is stored as it is
  unsigned flags = 0;
};

/// Writes wheels and what looks like them.
class WheelBuilder {
 public:
  explicit WheelBuilder(std::string file);

  WheelBuilder& add(WheelPart part);
  WheelBuilder& add(std::string name, std::string content, unsigned mode = 0100644);
  std::string wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
  std::string metadata;
  std::string record_more;  // lines behind the right ones
  enum class Parts { all, no_record, no_wheel, no_metadata } parts = Parts::all;
  std::string before;  // bytes in front of the archive
  std::string after;   // and behind it

  /// The bytes of the wheel.
  std::string bytes() const;
  /// Writes them to `folder`; gives the path.
  fs::path write(const fs::path& folder) const;
  const std::string& file() const { return file_; }
  std::string info() const;  // the folder `.dist-info`

 private:
  std::string file_;
  std::vector<WheelPart> parts_;
};

/// `path,sha256=…,size` as RECORD has it.
std::string record_of(const std::string& path, const std::string& content);

}  // namespace mlpack::test
