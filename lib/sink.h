#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mlpack {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Takes bytes in order. After an exception the sink is unusable.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(Bytes bytes) = 0;
};

/// Gives bytes in order.
class Source {
 public:
  virtual ~Source() = default;
  /// Fills the front of `buffer` and returns how many bytes it wrote; 0 means the end (`buffer` is
  /// never empty).
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
};

/// Opens the same bytes again from the start at every call; callable from any thread.
using OpenSource = std::function<std::unique_ptr<Source>()>;

/// A Sink that keeps what it is given, and throws Fault::input when it would grow past `limit`
/// bytes.
class StringSink : public Sink {
 public:
  explicit StringSink(std::size_t limit) : limit_(limit) {}
  void write(Bytes bytes) override;
  std::string text;

 private:
  std::size_t limit_;
};

/// A Source over bytes it owns.
class StringSource : public Source {
 public:
  explicit StringSource(std::string text) : text_(std::move(text)) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  std::string text_;
  std::size_t position_ = 0;
};

/// The bytes of a source that outlives it.
class BorrowedSource : public Source {
 public:
  explicit BorrowedSource(Source& from) : from_(from) {}
  std::size_t read(std::span<std::byte> buffer) override { return from_.read(buffer); }

 private:
  Source& from_;
};

/// A Sink made of a function.
class FunctionSink : public Sink {
 public:
  explicit FunctionSink(std::function<void(Bytes)> function) : function_(std::move(function)) {}
  void write(Bytes bytes) override { function_(bytes); }

 private:
  std::function<void(Bytes)> function_;
};

/// Writes the same bytes to two sinks, `first` first. Both must outlive it.
class Tee : public Sink {
 public:
  Tee(Sink& first, Sink& second) : first_(first), second_(second) {}
  void write(Bytes bytes) override;

 private:
  Sink& first_;
  Sink& second_;
};

/// Moves everything from `source` to `sink` through one buffer of 1 MiB; returns the number of
/// bytes. `each` is called after every buffer with the bytes it held and may throw to stop.
std::uint64_t copy(Source& source, Sink& sink, const std::function<void(std::size_t)>& each = {});

}  // namespace mlpack
