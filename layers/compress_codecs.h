#pragma once

#include "layers/compress.h"

namespace mlpack {

// The halves of make_compressor and decompress, one file for each library.

std::string gzip_codec_id();
std::unique_ptr<Compressor> make_gzip_compressor(Sink& out, std::size_t jobs);
std::unique_ptr<Source> gzip_source(std::unique_ptr<Source> source);

std::string zstd_codec_id();
std::unique_ptr<Compressor> make_zstd_compressor(Sink& out, std::size_t jobs);
std::unique_ptr<Source> zstd_source(std::unique_ptr<Source> source);

}  // namespace mlpack
