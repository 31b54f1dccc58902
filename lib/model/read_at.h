#pragma once

#include "lib/file.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlpack {

/// Bytes of which any part can be had: a file, a range of one, or what a server gives by ranges.
class ReadAt {
 public:
  virtual ~ReadAt() = default;
  virtual std::uint64_t size() const = 0;
  /// Fills all of `buffer` with the bytes from `offset`; the caller stays within size(). Throws an
  /// Error where they cannot be had.
  virtual void read_at(std::uint64_t offset, std::span<std::byte> buffer) const = 0;
};

using OpenReadAt = std::function<std::unique_ptr<ReadAt>()>;

/// `length` bytes of a file from `offset`. Fault::input naming it: it is missing, no regular file,
/// shorter than that, or, where `expected` is given, no longer the one it was.
class FileReadAt : public ReadAt {
 public:
  FileReadAt(fs::path path,
             std::uint64_t offset,
             std::uint64_t length,
             const std::optional<FileIdentity>& expected = std::nullopt);
  std::uint64_t size() const override { return length_; }
  void read_at(std::uint64_t offset, std::span<std::byte> buffer) const override;

 private:
  fs::path path_;
  Fd fd_;
  std::uint64_t offset_;
  std::uint64_t length_;
};

/// Bytes that it owns.
class TextReadAt : public ReadAt {
 public:
  explicit TextReadAt(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const override { return text_.size(); }
  void read_at(std::uint64_t offset, std::span<std::byte> buffer) const override;

 private:
  std::string text_;
};

/// Parts one after the other, of which one is open at a time.
class PartsReadAt : public ReadAt {
 public:
  struct Part {
    std::uint64_t size = 0;
    OpenReadAt open;
  };
  explicit PartsReadAt(std::vector<Part> parts);
  std::uint64_t size() const override { return ends_.empty() ? 0 : ends_.back(); }
  void read_at(std::uint64_t offset, std::span<std::byte> buffer) const override;

 private:
  const ReadAt& part(std::size_t index) const;

  std::vector<Part> parts_;
  std::vector<std::uint64_t> ends_;  // of each part, in the whole
  mutable std::size_t opened_ = 0;
  mutable std::unique_ptr<ReadAt> open_;  // the part `opened_`
};

}  // namespace mlpack
