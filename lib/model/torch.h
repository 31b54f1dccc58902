#pragma once

#include "lib/model/format.h"
#include "lib/model/read_at.h"

#include <cstdint>

namespace mlpack {

/// What the directory of a zip archive says that it is; nothing in it is unpacked or unpickled.
struct TorchArchive {
  FileFormat format = FileFormat::unknown;  // torchscript, torch, torch_export, torchserve, or none
  std::uint64_t storages = 0;               // what tensors are kept in
  std::uint64_t bytes = 0;                  // of all storages
};

/// Reads the end of a zip archive (PKWARE's APPNOTE.TXT, 4.3) and its directory, at most 100 MiB.
/// Damage where it is cut or its directory is bad.
TorchArchive read_torch_archive(const ReadAt& file);

}  // namespace mlpack
