#pragma once

#include "lib/model/format.h"
#include "lib/model/read_at.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// What the directory of a zip archive says that it is; nothing in it is unpacked or unpickled.
struct TorchArchive {
  FileFormat format = FileFormat::unknown;  // torchscript, torch, torch_export, torchserve, or none
  std::uint64_t storages = 0;               // what tensors are kept in
  std::uint64_t bytes = 0;                  // of all storages

  /// An entry that is called `….pkl`.
  struct Pickle {
    std::string name;
    std::uint64_t header = 0;  // where its local header lies
    std::uint64_t size = 0;
    bool is_compressed = false;
  };
  std::vector<Pickle> pickles;
};

/// Reads the end of a zip archive (PKWARE's APPNOTE.TXT, 4.3) and its directory, at most 100 MiB.
/// Damage where it is cut or its directory is bad.
TorchArchive read_torch_archive(const ReadAt& file);

/// Where the bytes of `pickle` begin; Damage where there is no such entry.
std::uint64_t pickle_place(const ReadAt& file, const TorchArchive::Pickle& pickle);

}  // namespace mlpack
