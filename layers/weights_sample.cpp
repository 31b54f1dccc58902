#include "layers/weights_sample.h"

#include "lib/digest.h"
#include "lib/model/folder.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <span>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t smallest_sampled = std::uint64_t{1} << 20;
constexpr std::uint64_t places = 32;
constexpr std::uint64_t place_size = 4096;

constexpr std::array sampled_suffixes{".safetensors"sv,
                                      ".gguf"sv,
                                      ".onnx"sv,
                                      ".bin"sv,
                                      ".pt"sv,
                                      ".pth"sv,
                                      ".ckpt"sv,
                                      ".h5"sv,
                                      ".msgpack"sv,
                                      ".nemo"sv};

// The places are spread evenly, the last one at the end.
std::uint64_t offset_of(std::uint64_t place, std::uint64_t size) {
  return (size - place_size) / (places - 1) * place +
         (place + 1 == places ? (size - place_size) % (places - 1) : 0);
}

}  // namespace

bool is_sampled(std::string_view path, std::uint64_t size) {
  const std::string name = to_lower(name_in(path));
  return size >= smallest_sampled &&
         std::any_of(sampled_suffixes.begin(),
                     sampled_suffixes.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

void WeightsSample::add(std::string_view bytes) {
  const std::uint64_t end = at_ + bytes.size();
  while (kept_.size() < places * place_size) {
    const std::uint64_t from = offset_of(kept_.size() / place_size, size_);
    const std::uint64_t wanted = from + kept_.size() % place_size;
    if (wanted >= end) break;
    const std::uint64_t length = std::min(end, from + place_size) - wanted;
    kept_ += bytes.substr(wanted - at_, length);
  }
  at_ = end;
}

std::string WeightsSample::finish() const {
  return Digest::of(kept_).hex();
}

std::string weights_sample(const ReadAt& file) {
  std::string kept(places * place_size, '\0');
  for (std::uint64_t place = 0; place < places; ++place) {
    const auto part = std::span(kept).subspan(place * place_size, place_size);
    file.read_at(offset_of(place, file.size()), std::as_writable_bytes(part));
  }
  return Digest::of(kept).hex();
}

}  // namespace mlpack
