#include "lib/model/cursor.h"
#include "lib/model/gguf.h"
#include "lib/model/split_parts.h"
#include "lib/oci/json_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t usual_alignment = 32;

enum class KeyType : std::uint64_t { u16 = 2, i32 = 5 };

std::string key_text(std::string_view name, KeyType type, std::uint64_t value) {
  return little_endian(name.size(), 8) + std::string(name) +
         little_endian(static_cast<std::uint64_t>(type), 4) +
         little_endian(value, type == KeyType::u16 ? 2 : 4);
}

std::string split_keys(std::size_t number, std::size_t count, std::size_t tensors) {
  return key_text("split.no", KeyType::u16, number) + key_text("split.count", KeyType::u16, count) +
         key_text("split.tensors.count", KeyType::i32, tensors);
}

std::uint64_t padding(std::uint64_t size, std::uint64_t alignment) {
  return (alignment - size % alignment) % alignment;
}

struct GgufPiece {
  std::string name;
  std::string info;  // without the offset, which it ends in
  Slice bytes;       // with what lies between it and the next
};

class GgufSplitter {
 public:
  GgufSplitter(const std::vector<ModelFile>& files, std::uint64_t limit) : limit_(limit) {
    for (std::size_t i = 0; i < files.size(); ++i)
      read(files[i], i);
    if (sources_.empty()) refuse_whole(files.front(), limit_);
    groups_.emplace_back();
    size_ = least(0);
    if (size_ > limit_) refuse_header({"keys", "the first", size_}, files.front().path, limit_);
    for (std::size_t i = 0; i < sources_.size(); ++i)
      place(i, files);
  }

  std::vector<Shard> take() const {
    std::vector<Shard> shards;
    for (std::size_t i = 0; i < groups_.size(); ++i)
      shards.push_back(shard(i));
    return shards;
  }

 private:
  void read(const ModelFile& file, std::size_t number) {
    const auto bytes = file.open();
    const GgufLayout layout = read_gguf_layout(*bytes);
    if (layout.version == 1) {
      throw Error(
          Fault::usage,
          fmt::format("{} is GGUF of version 1, which cannot be split", in_backticks(file.path)),
          "convert it again, with llama.cpp of today");
    }
    if (number == 0) keep_keys(layout);
    for (std::size_t i = 0; i < layout.tensors.size(); ++i) {
      const auto& [field, offset, size] = layout.tensors[i];
      const std::uint64_t begin = layout.data + offset;
      const bool is_last = i + 1 == layout.tensors.size();
      const std::uint64_t end =
          is_last ? bytes->size() : layout.data + layout.tensors[i + 1].offset;
      names_.add(field.name, file.path);
      const std::uint64_t length = field.end - 8 - field.begin;
      std::string info = Cursor(*bytes, field.begin, bytes->size()).text(length);
      sources_.push_back({field.name, std::move(info), {number, begin, end - begin}});
    }
  }

  // Those of the first file, of which the other shards need to know how they are aligned.
  void keep_keys(const GgufLayout& layout) {
    version_ = layout.version;
    alignment_ = layout.alignment;
    for (const GgufLayout::Field& key : layout.keys) {
      const Slice slice{0, key.begin, key.end - key.begin};
      if (key.name == "general.alignment" && alignment_ != usual_alignment) {
        others_keys_.push_back(slice);
      }
      if (!key.name.starts_with("split.")) first_keys_.push_back(slice);
    }
  }

  const std::vector<Slice>& keys(std::size_t shard) const {
    return shard == 0 ? first_keys_ : others_keys_;
  }

  // Of a shard without tensors.
  std::uint64_t least(std::size_t shard) const {
    std::uint64_t size = 24 + split_keys(0, 0, 0).size() + alignment_;
    for (const Slice& key : keys(shard))
      size += key.size;
    return size;
  }

  std::uint64_t room_for(const GgufPiece& source) const {
    return source.info.size() + 8 + source.bytes.size + padding(source.bytes.size, alignment_);
  }

  void place(std::size_t index, const std::vector<ModelFile>& files) {
    const GgufPiece& source = sources_[index];
    const std::uint64_t room = room_for(source);
    if (least(1) + room > limit_) {
      refuse_tensor(source.name, files[source.bytes.file].path, source.bytes.size, limit_);
    }
    if (size_ + room > limit_) {
      groups_.emplace_back();
      size_ = least(1);
    }
    size_ += room;
    groups_.back().push_back(index);
  }

  Shard shard(std::size_t number) const {
    const std::vector<std::size_t>& group = groups_[number];
    Shard shard;
    append(shard,
           "GGUF" + little_endian(version_, 4) + little_endian(group.size(), 8) +
               little_endian(keys(number).size() + 3, 8));
    for (const Slice& key : keys(number))
      append(shard, key);
    append_infos(shard, group, split_keys(number, groups_.size(), sources_.size()));
    for (const std::size_t index : group) {
      const Slice& bytes = sources_[index].bytes;
      append(shard, bytes);
      append(shard, std::string(padding(bytes.size, alignment_), '\0'));
    }
    return shard;
  }

  void append_infos(Shard& shard, const std::vector<std::size_t>& group, std::string text) const {
    for (const std::size_t index : group) {
      const GgufPiece& source = sources_[index];
      text += source.info + little_endian(shard.tensor_bytes, 8);
      shard.tensor_bytes += source.bytes.size + padding(source.bytes.size, alignment_);
      shard.tensors.push_back(source.name);
    }
    text.append(padding(shard.size + text.size(), alignment_), '\0');
    append(shard, std::move(text));
  }

  std::uint64_t limit_;
  std::uint64_t version_ = 3;
  std::uint64_t alignment_ = usual_alignment;
  std::vector<Slice> first_keys_;
  std::vector<Slice> others_keys_;
  std::vector<GgufPiece> sources_;
  TensorNames names_;
  std::vector<std::vector<std::size_t>> groups_;  // of sources, by shard
  std::uint64_t size_ = 0;                        // the last shard has at most so many bytes
};

}  // namespace

std::vector<Shard> split_gguf(const std::vector<ModelFile>& files, std::uint64_t limit) {
  return GgufSplitter(files, limit).take();
}

}  // namespace mlpack
