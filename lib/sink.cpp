#include "lib/sink.h"

#include "lib/error.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace mlpack {

void StringSink::write(Bytes bytes) {
  if (bytes.size() > limit_ - text.size()) {
    fail(Fault::input, "more than {} bytes where at most that many are accepted", limit_);
  }
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::size_t StringSource::read(std::span<std::byte> buffer) {
  const std::size_t count = std::min(buffer.size(), text_.size() - position_);
  std::memcpy(buffer.data(), text_.data() + position_, count);
  position_ += count;
  return count;
}

void Tee::write(Bytes bytes) {
  first_.write(bytes);
  second_.write(bytes);
}

std::uint64_t copy(Source& source, Sink& sink, const std::function<void(std::size_t)>& each) {
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  std::uint64_t total = 0;
  while (const std::size_t count = source.read(buffer)) {
    sink.write(Bytes(buffer.data(), count));
    total += count;
    if (each) {
      each(count);
    }
  }
  return total;
}

}  // namespace mlpack
