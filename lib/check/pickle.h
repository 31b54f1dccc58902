#pragma once

#include "lib/model/read_at.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// What a pickle imports when it is loaded, as `module.name`, sorted, each once. Nothing is run:
/// its opcodes are followed (Python's pickletools) as far as they name modules. Several pickles may
/// follow each other. Bytes that are no pickle import nothing. At most `length` bytes from `offset`
/// are read.
std::vector<std::string> pickle_imports(const ReadAt& file,
                                        std::uint64_t offset,
                                        std::uint64_t length);

/// What the pickles import that a file of weights holds: itself, or in a zip archive as
/// torch.save() makes it.
struct PickleReport {
  std::vector<std::string> imports;
  std::string unread;  // why some of it could not be read; empty: all was
};
PickleReport read_pickles(const ReadAt& file);

}  // namespace mlpack
