#include "lib/check/loader_cache.h"

#include <algorithm>
#include <cstdint>

namespace mlpack {
namespace {

// glibc, sysdeps/generic/dl-cache.h. Older releases have a list of another form in front.
constexpr std::string_view cache_magic = "glibc-ld.so.cache1.1";
constexpr std::size_t cache_header = 48;
constexpr std::size_t cache_entry = 24;
constexpr std::size_t key_at = 4;
constexpr std::size_t value_at = 8;

enum class CacheOrder { little, big };

std::uint32_t number_at(std::string_view bytes, std::size_t at, CacheOrder order) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t from = order == CacheOrder::little ? 3 - i : i;
    number = number << 8 | static_cast<unsigned char>(bytes[at + from]);
  }
  return number;
}

std::string_view text_at(std::string_view bytes, std::size_t at) {
  if (at >= bytes.size()) return {};
  return bytes.substr(at, std::min(bytes.find('\0', at), bytes.size()) - at);
}

}  // namespace

LoaderCache parse_loader_cache(std::string_view bytes) {
  LoaderCache cache;
  const std::size_t begin = bytes.find(cache_magic);
  if (begin == bytes.npos || bytes.size() - begin < cache_header) return cache;
  bytes.remove_prefix(begin);
  const std::size_t room = (bytes.size() - cache_header) / cache_entry;
  const bool is_little = number_at(bytes, cache_magic.size(), CacheOrder::little) <= room;
  const CacheOrder order = is_little ? CacheOrder::little : CacheOrder::big;
  const std::size_t count =
      std::min<std::size_t>(room, number_at(bytes, cache_magic.size(), order));
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = cache_header + i * cache_entry;
    const std::string_view name = text_at(bytes, number_at(bytes, entry + key_at, order));
    const std::string_view path = text_at(bytes, number_at(bytes, entry + value_at, order));
    if (!name.empty() && path.starts_with('/')) cache[std::string(name)].emplace_back(path);
  }
  return cache;
}

}  // namespace mlpack
