#pragma once

#include "lib/digest.h"
#include "lib/oci/descriptor.h"
#include "lib/sink.h"

#include <cstdint>
#include <memory>
#include <string>

namespace mlpack {

/// Gives the bytes of `source` on, and the last of them only after size and digest were found to be
/// those of the descriptor: whoever reads them never has a whole blob that is wrong.
/// Fault::integrity else, saying that it is `what`, with `hint`.
class VerifyingSource : public Source {
 public:
  /// `what` begins the message: "the bytes of …".
  VerifyingSource(std::unique_ptr<Source> source,
                  const Descriptor& expected,
                  std::string what,
                  std::string hint = "");
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  void check_end();
  [[noreturn]] void refuse(const std::string& what) const;

  std::unique_ptr<Source> source_;
  Digest digest_;
  std::uint64_t size_;
  std::string what_;
  std::string hint_;
  Hasher hasher_;
  bool checked_ = false;
};

}  // namespace mlpack
