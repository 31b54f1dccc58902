#pragma once

#include "lib/oci/descriptor.h"
#include "lib/sink.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mlpack {

/// What decides the bytes a compressor makes: `none`, `gzip zlib l6 m1M`, `zstd 1.5.4 l3 j2M`.
/// The version of zlib does not change them, that of libzstd does.
std::string codec_id(Compression compression);

/// A Sink that is complete after `finish`, which is called once.
class Compressor : public Sink {
 public:
  virtual void finish() = 0;
};

/// Compresses to `out`, which must outlive it, on at most `jobs` threads in bounded memory. The
/// bytes depend on the codec and the input alone: not on `jobs`, nor on how the input is cut into
/// writes. gzip is a member for each MiB of input; zstd is one frame of level 3 with a checksum,
/// its size not declared; none passes everything on.
std::unique_ptr<Compressor> make_compressor(Compression compression, Sink& out, std::size_t jobs);

/// What a compressed blob may grow to.
struct DecompressLimits {
  std::uint64_t bytes = std::uint64_t{1} << 40;
  /// Of output to input; counts once the output is past `free_bytes`.
  std::uint64_t ratio = 1100;
  std::uint64_t free_bytes = std::uint64_t{1} << 30;
};

/// The decompressed bytes of `source`: all members of a gzip file, all frames of a zstd one.
/// Damaged, truncated or over-long input, a zstd window over 128 MiB and output over the limits are
/// Fault::integrity.
std::unique_ptr<Source> decompress(std::unique_ptr<Source> source,
                                   Compression compression,
                                   const DecompressLimits& limits = {});

/// The bytes of a raw deflate stream (RFC 1951), which is all of `source`; else Fault::integrity.
std::unique_ptr<Source> inflate_source(std::unique_ptr<Source> source);

/// How a file that begins with `start` (4 bytes suffice) is compressed.
Compression sniff_compression(std::string_view start);

}  // namespace mlpack
