#include "lib/model/safetensors.h"
#include "lib/model/split_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

struct SafetensorsPiece {
  std::size_t file = 0;
  std::uint64_t begin = 0;  // of its bytes, in the file
  Safetensors::Entry entry;
};

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

std::string entry_text(const Safetensors::Entry& entry, std::uint64_t begin, std::uint64_t end) {
  return fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                     quoted(entry.tensor.name),
                     entry.tensor.dtype,
                     fmt::join(entry.shape, ","),
                     begin,
                     end);
}

std::string metadata_text(const std::map<std::string, std::string>& metadata) {
  if (metadata.empty()) return {};
  return fmt::format(R"("__metadata__":{})", nlohmann::json(metadata).dump());
}

class SafetensorsSplitter {
 public:
  SafetensorsSplitter(const std::vector<ModelFile>& files, std::uint64_t limit) : limit_(limit) {
    for (std::size_t i = 0; i < files.size(); ++i)
      read(files[i], i);
    metadata_ = metadata_text(all_metadata_);
    if (sources_.empty()) refuse_whole(files.front(), limit_);
    for (SafetensorsPiece& source : sources_)
      place(std::move(source), files);
    finish();
  }

  std::vector<Shard> take() { return std::move(shards_); }

 private:
  void read(const ModelFile& file, std::size_t number) {
    Safetensors header = read_safetensors(*file.open());
    all_metadata_.merge(header.metadata);
    for (Safetensors::Entry& entry : header.tensors) {
      names_.add(entry.tensor.name, file.path);
      const std::uint64_t begin = header.data + entry.begin;
      sources_.push_back({number, begin, std::move(entry)});
    }
  }

  // Of a shard without tensors: a length, braces, a comma and blanks to a multiple of 8.
  std::uint64_t least() const { return 8 + 2 + metadata_.size() + 1 + 7; }

  // However large its offsets are.
  std::uint64_t room_for(const SafetensorsPiece& source) const {
    return entry_text(source.entry, limit_, limit_).size() + 1 + source.entry.tensor.bytes;
  }

  void place(SafetensorsPiece source, const std::vector<ModelFile>& files) {
    const std::uint64_t room = room_for(source);
    const Tensor& tensor = source.entry.tensor;
    if (least() + room > limit_) {
      const std::uint64_t metadata = metadata_.size();
      if (least() - metadata + room <= limit_ || metadata > room) {
        refuse_header({"`__metadata__`", "every shard", metadata}, files.front().path, limit_);
      }
      refuse_tensor(tensor.name, files[source.file].path, tensor.bytes, limit_);
    }
    if (size_ + room > limit_) finish();
    if (now_.empty()) size_ = least();
    size_ += room;
    now_.push_back(std::move(source));
  }

  void finish() {
    if (now_.empty()) return;
    std::stable_sort(
        now_.begin(), now_.end(), [](const SafetensorsPiece& a, const SafetensorsPiece& b) {
          return safetensors_bits(a.entry.tensor.dtype) > safetensors_bits(b.entry.tensor.dtype);
        });
    shards_.push_back(shard());
    now_.clear();
    size_ = 0;
  }

  Shard shard() const {
    Shard shard;
    std::string header = "{" + metadata_;
    for (const SafetensorsPiece& source : now_) {
      const Tensor& tensor = source.entry.tensor;
      if (header.size() > 1) header += ',';
      const std::uint64_t end = shard.tensor_bytes + tensor.bytes;
      header += entry_text(source.entry, shard.tensor_bytes, end);
      shard.tensor_bytes = end;
      shard.tensors.push_back(tensor.name);
    }
    header += '}';
    header.resize((header.size() + 7) / 8 * 8, ' ');
    append(shard, little_endian(header.size(), 8) + header);
    for (const SafetensorsPiece& source : now_)
      append(shard, Slice{source.file, source.begin, source.entry.tensor.bytes});
    return shard;
  }

  std::uint64_t limit_;
  std::vector<SafetensorsPiece> sources_;
  std::map<std::string, std::string> all_metadata_;
  std::string metadata_;
  TensorNames names_;
  std::vector<SafetensorsPiece> now_;  // the tensors of the next shard
  std::uint64_t size_ = 0;             // which has at most so many bytes
  std::vector<Shard> shards_;
};

}  // namespace

std::vector<Shard> split_safetensors(const std::vector<ModelFile>& files, std::uint64_t limit) {
  return SafetensorsSplitter(files, limit).take();
}

}  // namespace mlpack
