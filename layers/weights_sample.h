#pragma once

#include "lib/model/read_at.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace mlpack {

/// Whether a file of that name and size is one of weights that is worth to be compared.
bool is_sampled(std::string_view path, std::uint64_t size);

/// Takes the bytes of a file of weights in order, and keeps those of a few places, which are the
/// same ones for every file of that size. Tensors that differ do so everywhere, so that files of
/// one size with equal samples are equal for all that one can know without reading them.
class WeightsSample {
 public:
  explicit WeightsSample(std::uint64_t size) : size_(size) {}
  void add(std::string_view bytes);
  /// The digest of what was kept.
  std::string finish() const;

 private:
  std::uint64_t size_;
  std::uint64_t at_ = 0;
  std::string kept_;
};

/// The sample of a file that can be looked at anywhere.
std::string weights_sample(const ReadAt& file);

}  // namespace mlpack
