#include "layers/model_layers.h"

#include "layers/tar_header.h"
#include "lib/model/damage.h"
#include "lib/model/folder.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t most_kept = std::uint64_t{1} << 30;
// The directory of a zip archive lies before its end, which is looked at first.
constexpr std::uint64_t end_bytes = std::uint64_t{128} << 10;
constexpr std::uint64_t tail_bytes = std::uint64_t{4} << 20;

// The data of a tar's entry, read once from front to back: what was asked for is kept for those who
// ask again.
class Recording {
 public:
  Recording(TarReader& tar, std::uint64_t size, std::uint64_t& kept, const Stop& stop)
      : tar_(&tar), size_(size), kept_(kept), stop_(stop) {}

  std::uint64_t size() const { return size_; }
  // The tar goes on.
  void seal() { tar_ = nullptr; }

  void read_at(std::uint64_t offset, std::span<std::byte> buffer) {
    while (!buffer.empty()) {
      const std::size_t count = copy_kept(offset, buffer);
      if (count == 0) keep(offset, buffer.size());
      buffer = buffer.subspan(count);
      offset += count;
    }
  }

 private:
  std::size_t copy_kept(std::uint64_t offset, std::span<std::byte> buffer) const {
    auto chunk = chunks_.upper_bound(offset);
    if (chunk == chunks_.begin()) return 0;
    --chunk;
    const std::uint64_t start = offset - chunk->first;
    if (start >= chunk->second.size()) return 0;
    const Bytes bytes = as_bytes(chunk->second).subspan(static_cast<std::size_t>(start));
    const std::size_t count = std::min(bytes.size(), buffer.size());
    std::copy_n(bytes.begin(), count, buffer.begin());
    return count;
  }

  void keep(std::uint64_t offset, std::uint64_t length) {
    if (tar_ == nullptr || offset < position_) {
      throw Damage("cannot be described", "what says how is in the middle of a layer");
    }
    const bool is_end = size_ - offset <= end_bytes;
    const std::uint64_t tail = size_ - std::min(size_, tail_bytes);
    const std::uint64_t from = is_end ? std::max(position_, std::min(offset, tail)) : offset;
    skip(from - position_);
    append(offset + length - from);
  }

  void skip(std::uint64_t count) {
    std::vector<std::byte> waste(std::min<std::uint64_t>(count, 256 << 10));
    while (count > 0) {
      stop_.check();
      const std::size_t part = std::min<std::uint64_t>(count, waste.size());
      fill({waste.data(), part});
      count -= part;
    }
  }

  void append(std::uint64_t count) {
    kept_ += count;
    if (kept_ > most_kept) {
      fail(Fault::input, "the headers of the files of models in the image are larger than 1 GiB");
    }
    std::string bytes(static_cast<std::size_t>(count), '\0');
    const std::uint64_t start = position_;
    fill(std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
    if (!chunks_.empty()) {
      auto& [first, last] = *chunks_.rbegin();
      if (first + last.size() == start) {
        last += bytes;
        return;
      }
    }
    chunks_.emplace(start, std::move(bytes));
  }

  void fill(std::span<std::byte> buffer) {
    while (!buffer.empty()) {
      const std::size_t count = tar_->read(buffer);
      if (count == 0) throw Damage("is cut", "the layer ends in the middle of it");
      position_ += count;
      buffer = buffer.subspan(count);
    }
  }

  TarReader* tar_;
  const std::uint64_t size_;
  std::uint64_t& kept_;
  const Stop& stop_;
  std::uint64_t position_ = 0;
  std::map<std::uint64_t, std::string> chunks_;  // by offset
};

class RecordedReadAt : public ReadAt {
 public:
  explicit RecordedReadAt(std::shared_ptr<Recording> recording)
      : recording_(std::move(recording)) {}
  std::uint64_t size() const override { return recording_->size(); }
  void read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    recording_->read_at(offset, buffer);
  }

 private:
  std::shared_ptr<Recording> recording_;
};

// The file of a whiteout: what it takes away.
std::string removed_by(const TarEntry& entry) {
  return std::string(folder_of(entry.path)) + std::string(name_in(entry.path).substr(4));
}

// The folder, as `a/b/`, that all of `paths` lie in.
std::string common_folder(const std::vector<std::string>& paths) {
  std::string common = paths.empty() ? std::string() : std::string(folder_of(paths.front()));
  for (const std::string& path : paths) {
    while (!path.starts_with(common)) {
      common.pop_back();
      common = folder_of(common);
    }
  }
  return common;
}

}  // namespace

void ModelLayers::add(const LayerRecipe& recipe) {
  for (ModelFile& file : model_files(recipe.entries, "", open_remote_)) {
    std::string path = file.path;
    found_[std::move(path)] = {std::move(file), Purpose::weights};
  }
}

void ModelLayers::add(TarReader& tar, std::uint64_t size, Purpose purpose) {
  std::uint64_t end = 0;
  while (size == 0 || end + tar_end_bytes < size) {
    stop_.check();
    const std::optional<TarEntry> entry = tar.next();
    if (!entry) break;
    if (entry->is_safe()) add_entry(tar, *entry, purpose);
    end = entry->offset + entry->size + tar_padding(entry->size);
  }
}

void ModelLayers::add_entry(TarReader& tar, const TarEntry& entry, Purpose purpose) {
  if (entry.is_whiteout()) {
    const bool is_opaque = name_in(entry.path) == ".wh..wh..opq";
    if (!is_opaque) found_.erase(removed_by(entry));
    remove_below(is_opaque ? std::string(folder_of(entry.path)) : removed_by(entry) + "/");
  } else if (entry.kind == TarEntry::Kind::file) {
    add_file(tar, entry, purpose);
  } else if (entry.kind == TarEntry::Kind::hardlink && found_.contains(entry.link)) {
    add_link(entry);
  } else if (entry.kind != TarEntry::Kind::directory) {
    found_.erase(entry.path);
  }
}

void ModelLayers::add_link(const TarEntry& entry) {
  found_[entry.path] = found_.at(entry.link);
  const std::string folder(folder_of(entry.link));
  if (with_weights_.contains(folder)) with_weights_.emplace(folder_of(entry.path));
}

// read_model is asked about the file alone, so that its bytes are kept while they pass.
void ModelLayers::add_file(TarReader& tar, const TarEntry& entry, Purpose purpose) {
  const auto recording = std::make_shared<Recording>(tar, entry.size, kept_, stop_);
  const ModelFile file{
      entry.path, entry.size, [recording] { return std::make_unique<RecordedReadAt>(recording); }};
  const ModelReport report = read_model({file}, Doubles::keep);
  recording->seal();
  if (holds_weights(report.files.front().format)) with_weights_.emplace(folder_of(entry.path));
  found_[entry.path] = {file, purpose};
}

void ModelLayers::remove_below(const std::string& folder) {
  auto file = found_.lower_bound(folder);
  while (file != found_.end() && file->first.starts_with(folder))
    file = found_.erase(file);
}

bool ModelLayers::is_of_model(const std::string& path) const {
  std::string folder(folder_of(path));
  while (!with_weights_.contains(folder)) {
    if (folder.empty()) return false;
    folder.pop_back();
    folder = folder_of(folder);
  }
  return true;
}

std::vector<ModelFile> ModelLayers::files() const {
  std::vector<std::string> paths;
  for (const auto& [path, found] : found_)
    if (found.purpose == Purpose::weights || is_of_model(path)) paths.push_back(path);
  const std::size_t start = common_folder(paths).size();
  std::vector<ModelFile> files;
  for (const std::string& path : paths) {
    ModelFile file = found_.at(path).file;
    file.path = path.substr(start);
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace mlpack
