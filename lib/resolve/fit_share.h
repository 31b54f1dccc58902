#pragma once

#include "lib/resolve/fit.h"

#include <cstdint>
#include <optional>

namespace mlpack {

/// Ten-thousandths of a byte: percents of percents stay whole.
using FineBytes = std::int64_t;
inline constexpr FineBytes fine_bytes = 10'000;
inline constexpr std::uint64_t most_fit_bytes = std::uint64_t{1} << 49;  // that fit in FineBytes

/// No more than `most_fit_bytes`.
std::uint64_t capped_product(std::uint64_t a, std::uint64_t b);

/// The memory of one of the GPUs that a model is divided over; it refers to what it is made of.
class FitShare {
 public:
  FitShare(const ModelShape& shape, const FitQuestion& question, const MemoryOverhead& rules)
      : shape_(shape), question_(question), rules_(rules) {}

  std::uint64_t gpus = 1;
  std::uint64_t memory = 0;

  FineBytes budget() const;
  FineBytes weights() const;
  FineBytes overhead(std::uint64_t context) const;
  /// Keys and values of all sequences.
  std::uint64_t cache(std::uint64_t context) const;
  /// What is left for them; negative: nothing is.
  std::int64_t available(std::uint64_t context) const;
  /// What is taken for them, however many there are, as a command says; nullopt: no such bytes.
  std::optional<std::uint64_t> room() const;
  /// What they may take of the rest otherwise.
  std::uint64_t room_permille() const;
  std::optional<std::uint64_t> room_tokens() const;
  std::uint64_t block_tokens() const;
  bool holds(std::uint64_t context) const;
  std::uint64_t token_bytes() const;

 private:
  FineBytes of_memory(std::uint64_t permille) const;
  FineBytes base() const;
  bool keeps_cache() const;
  bool has_plain_blocks() const;
  bool has_layers_each() const;
  std::uint64_t stages() const;
  std::uint64_t mine(std::uint64_t layers) const;
  std::uint64_t layer_bytes() const;
  std::uint64_t graph(std::uint64_t context) const;

  const ModelShape& shape_;
  const FitQuestion& question_;
  const MemoryOverhead& rules_;
};

}  // namespace mlpack
