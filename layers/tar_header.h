#pragma once

#include "lib/oci/recipe.h"

#include <cstdint>
#include <string>

namespace mlpack {

inline constexpr std::uint64_t tar_block = 512;
/// Data of files of `tar_align_from` bytes and more starts at a multiple of `tar_alignment`.
inline constexpr std::uint64_t tar_alignment = 4096;
inline constexpr std::uint64_t tar_align_from = std::uint64_t{64} << 10;
/// Two zero blocks.
inline constexpr std::uint64_t tar_end_bytes = 2 * tar_block;

/// What lies between the start of `entry` at `offset` of an archive (a multiple of 512) and its
/// data: the grammar of TarView.
std::string tar_header(const RecipeEntry& entry, std::int64_t mtime, std::uint64_t offset);
/// The length of tar_header.
std::uint64_t tar_header_size(const RecipeEntry& entry, std::int64_t mtime, std::uint64_t offset);

/// Bytes of data that follow the header of `entry`, without padding.
std::uint64_t tar_data_size(const RecipeEntry& entry);

constexpr std::uint64_t tar_padding(std::uint64_t size) {
  return (tar_block - size % tar_block) % tar_block;
}

}  // namespace mlpack
