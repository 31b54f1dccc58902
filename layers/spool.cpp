#include "layers/spool.h"

#include "lib/error.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t most_in_memory = std::size_t{16} << 20;

class TemporaryReadAt : public ReadAt {
 public:
  TemporaryReadAt(std::unique_ptr<AtomicFile> file, std::uint64_t size)
      : file_(std::move(file)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  void read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    while (!buffer.empty()) {
      const auto at = static_cast<off_t>(offset);
      const ssize_t count = ::pread(file_->fd().get(), buffer.data(), buffer.size(), at);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(Fault::disk, "cannot read a temporary file: {}", errno_text(errno));
      if (count == 0) fail(Fault::disk, "a temporary file became shorter");
      buffer = buffer.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
  }

 private:
  std::unique_ptr<AtomicFile> file_;
  std::uint64_t size_;
};

}  // namespace

void Spool::write(Bytes bytes) {
  size_ += bytes.size();
  if (!file_ && size_ > most_in_memory) {
    file_ = create_();
    file_->write(as_bytes(text_));
    text_ = {};
  }
  if (file_) return file_->write(bytes);
  text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::unique_ptr<ReadAt> Spool::take() {
  const std::uint64_t size = std::exchange(size_, 0);
  if (file_) return std::make_unique<TemporaryReadAt>(std::move(file_), size);
  return std::make_unique<TextReadAt>(std::exchange(text_, {}));
}

}  // namespace mlpack
