#include "layers/archive_tar.h"

#include "layers/tar_header.h"
#include "lib/error.h"

namespace mlpack {

void TarFiles::begin(const std::string& path, std::uint64_t size) {
  RecipeEntry entry;
  entry.path = path;
  entry.size = size;
  const std::string header = tar_header(entry, 0, offset_);
  out_.write(as_bytes(header));
  offset_ += header.size() + size + tar_padding(size);
}

void TarFiles::zeros(std::uint64_t count) {
  out_.write(as_bytes(std::string(count, '\0')));
}

void TarFiles::add(const std::string& path, std::string_view text) {
  StringSource source{std::string(text)};
  add(path, text.size(), source);
}

void TarFiles::add(const std::string& path,
                   std::uint64_t size,
                   Source& source,
                   const std::function<void(std::size_t)>& each) {
  begin(path, size);
  const std::uint64_t written = copy(source, out_, each);
  if (written != size) {
    fail(Fault::integrity, "`{}` has {} bytes where {} were expected", path, written, size);
  }
  zeros(tar_padding(size));
}

void TarFiles::finish() {
  zeros(tar_end_bytes);
}

}  // namespace mlpack
