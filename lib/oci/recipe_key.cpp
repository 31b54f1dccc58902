#include "lib/oci/recipe.h"

#include <array>

namespace mlpack {
namespace {

/// Hashes fields so that no two sequences of fields are the same bytes: numbers have eight bytes,
/// little endian, and text comes after its length.
class FieldHasher {
 public:
  void number(std::uint64_t value) {
    std::array<char, 8> bytes{};
    for (char& byte : bytes) {
      byte = static_cast<char>(value & 0xffU);
      value >>= 8U;
    }
    buffer_.append(bytes.data(), bytes.size());
    if (buffer_.size() >= flush_at) flush();
  }
  void number(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
  void text(std::string_view value) {
    number(std::uint64_t{value.size()});
    buffer_ += value;
  }
  Digest finish() {
    flush();
    return hasher_.finish();
  }

 private:
  static constexpr std::size_t flush_at = std::size_t{1} << 16;

  void flush() {
    hasher_.write(as_bytes(buffer_));
    buffer_.clear();
  }

  Hasher hasher_;
  std::string buffer_;
};

void add(FieldHasher& hash, const std::string& text) {
  hash.text(text);
}

void add(FieldHasher& hash, const FileRange& range) {
  hash.text(range.path);
  hash.number(range.identity.device);
  hash.number(range.identity.inode);
  hash.number(range.identity.size);
  hash.number(range.identity.mtime_ns);
  hash.number(range.identity.ctime_ns);
  hash.number(range.offset);
}

void add(FieldHasher& hash, const DebMember& member) {
  hash.text(member.archive.text());
  hash.text(member.member);
}

void add(FieldHasher& hash, const WheelMember& member) {
  hash.text(member.archive.text());
  hash.text(member.member);
}

void add(FieldHasher& hash, const RemoteContent& remote) {
  hash.text(remote.sha256 ? remote.sha256->hex() : "");
  if (remote.sha256) return;
  hash.text(remote.source);
  hash.text(remote.path);
  hash.text(remote.version);
}

void add(FieldHasher& hash, const Parts& parts) {
  hash.number(std::uint64_t{parts.size()});
  for (const Part& part : parts) {
    hash.number(part.size);
    hash.number(std::uint64_t{part.content.index()});
    std::visit([&](const auto& content) { add(hash, content); }, part.content);
  }
}

void add_entry(FieldHasher& hash, const RecipeEntry& entry) {
  hash.text(entry.path);
  hash.number(static_cast<std::uint64_t>(entry.kind));
  hash.number(std::uint64_t{entry.mode});
  hash.number(entry.uid);
  hash.number(entry.gid);
  hash.text(entry.link);
  hash.number(entry.size);
  hash.number(std::uint64_t{entry.content.index()});
  std::visit([&](const auto& content) { add(hash, content); }, entry.content);
}

}  // namespace

Digest layer_key(const LayerRecipe& recipe, std::string_view codec) {
  FieldHasher hash;
  hash.text("mlpack layer key");
  hash.number(std::uint64_t{layer_format});
  hash.text(codec);
  hash.number(static_cast<std::uint64_t>(recipe.role));
  hash.text(recipe.name);
  hash.number(recipe.mtime);
  hash.number(std::uint64_t{recipe.entries.size()});
  for (const RecipeEntry& entry : recipe.entries)
    add_entry(hash, entry);
  return hash.finish();
}

}  // namespace mlpack
