#pragma once

#include "lib/digest.h"
#include "lib/oci/descriptor.h"
#include "lib/sink.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mlpack {

/// Gives the bytes of `source` on, and the last of them only after size and digest were found to be
/// those of the descriptor: whoever reads them never has a whole blob that is wrong.
/// Fault::integrity else, saying that it is `what`.
class VerifyingSource : public Source {
 public:
  /// `what` begins the message: "the bytes of …".
  VerifyingSource(std::unique_ptr<Source> source, const Descriptor& expected, std::string what);
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  void check_end();

  std::unique_ptr<Source> source_;
  Digest digest_;
  std::uint64_t size_;
  std::string what_;
  Hasher hasher_;
  bool checked_ = false;
};

/// Tells `moved` how many bytes went by in each read.
class CountingSource : public Source {
 public:
  CountingSource(Source& source, std::function<void(std::size_t)> moved)
      : source_(source), moved_(std::move(moved)) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  Source& source_;
  std::function<void(std::size_t)> moved_;
};

}  // namespace mlpack
