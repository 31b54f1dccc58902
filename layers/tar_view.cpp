#include "layers/tar_view.h"

#include "layers/tar_header.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>
#include <variant>
#include <vector>

namespace mlpack {

struct TarView::State {
  LayerRecipe recipe;
  OpenMembers open_members;
  OpenRemoteFile open_remote;
  OpenRange open_range;
  std::vector<std::uint64_t> starts;  // of the entries, and the end of the last one
};

namespace {

// Gives exactly `expected` bytes of a member, or says that the archive is not what its list says.
class MemberSource : public Source {
 public:
  MemberSource(std::unique_ptr<Source> inner, const RecipeEntry& entry)
      : inner_(std::move(inner)), entry_(entry), left_(entry.size) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = inner_->read(buffer);
    if (count > left_ || (count == 0 && left_ > 0)) {
      fail(Fault::integrity,
           "`{}` of package file {} is not as long as it was when it was listed",
           printable(entry_.path),
           archive_of(entry_.content)->text());
    }
    left_ -= count;
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  const RecipeEntry& entry_;
  std::uint64_t left_;
};

std::uint64_t size_of(const Parts& parts) {
  return std::accumulate(
      parts.begin(), parts.end(), std::uint64_t{0}, [](std::uint64_t sum, const Part& part) {
        return sum + part.size;
      });
}

class PartsSource : public Source {
 public:
  explicit PartsSource(const Parts& parts) : parts_(parts) {}

  std::size_t read(std::span<std::byte> buffer) override {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      const std::size_t count = inner_ ? inner_->read(buffer.subspan(filled)) : 0;
      filled += count;
      if (count > 0) continue;
      if (next_ == parts_.size()) break;
      inner_ = open(parts_[next_++]);
    }
    return filled;
  }

 private:
  static std::unique_ptr<Source> open(const Part& part) {
    if (const auto* range = std::get_if<FileRange>(&part.content)) {
      return std::make_unique<FileSource>(range->path, range->identity, range->offset, part.size);
    }
    return std::make_unique<StringSource>(std::get<std::string>(part.content));
  }

  const Parts& parts_;
  std::size_t next_ = 0;
  std::unique_ptr<Source> inner_;
};

class TarSource : public Source {
 public:
  explicit TarSource(std::shared_ptr<const TarView::State> state) : state_(std::move(state)) {
    if (state_->open_members) open_member_ = state_->open_members();
  }

  // Fills the buffer across entries: many small files are one large read.
  std::size_t read(std::span<std::byte> buffer) override {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      const std::size_t count = read_some(buffer.subspan(filled));
      filled += count;
      if (count == 0 && !advance()) break;
    }
    return filled;
  }

 private:
  std::size_t read_some(std::span<std::byte> buffer) {
    if (const std::size_t count = std::min(buffer.size(), pending_.size() - position_)) {
      std::memcpy(buffer.data(), pending_.data() + position_, count);
      position_ += count;
      return count;
    }
    return data_ ? data_->read(buffer) : 0;
  }

  void give(std::string bytes) {
    pending_ = std::move(bytes);
    position_ = 0;
  }

  // What comes after `pending_` and `data_`, which are both used up; false at the end.
  bool advance() {
    const auto& entries = state_->recipe.entries;
    if (data_) {
      data_.reset();
      give(std::string(tar_padding(tar_data_size(entries[next_ - 1])), '\0'));
      return true;
    }
    if (next_ < entries.size()) {
      const RecipeEntry& entry = entries[next_];
      give(tar_header(entry, state_->recipe.mtime, state_->starts[next_]));
      if (entry.kind == EntryKind::file) data_ = open_data(entry);
      ++next_;
      return true;
    }
    if (!std::exchange(ended_, true)) {
      give(std::string(tar_end_bytes, '\0'));
      return true;
    }
    return false;
  }

  std::unique_ptr<Source> open_data(const RecipeEntry& entry) {
    if (const auto* text = std::get_if<std::string>(&entry.content)) {
      if (text->size() != entry.size) fail(Fault::internal, "`{}` has a wrong size", entry.path);
      return std::make_unique<StringSource>(*text);
    }
    if (const auto* range = std::get_if<FileRange>(&entry.content)) {
      if (state_->open_range) return state_->open_range(entry, *range);
      return std::make_unique<FileSource>(range->path, range->identity, range->offset, entry.size);
    }
    if (const auto* parts = std::get_if<Parts>(&entry.content)) {
      if (size_of(*parts) != entry.size) fail(Fault::internal, "`{}` has a wrong size", entry.path);
      return std::make_unique<PartsSource>(*parts);
    }
    if (const auto* remote = std::get_if<RemoteContent>(&entry.content)) {
      return state_->open_remote(*remote, entry.size);
    }
    if (const auto* wheel = std::get_if<WheelMember>(&entry.content)) {
      return std::make_unique<MemberSource>(open_member_(*wheel), entry);
    }
    return std::make_unique<MemberSource>(open_member_(std::get<DebMember>(entry.content)), entry);
  }

  std::shared_ptr<const TarView::State> state_;
  OpenMember open_member_;
  std::size_t next_ = 0;  // the entry after the current one
  std::string pending_;   // bytes that come before `data_`
  std::size_t position_ = 0;
  std::unique_ptr<Source> data_;
  bool ended_ = false;
};

}  // namespace

TarView::TarView(LayerRecipe recipe,
                 OpenMembers open_members,
                 OpenRemoteFile open_remote,
                 OpenRange open_range) {
  auto state = std::make_shared<State>();
  state->recipe = std::move(recipe);
  state->open_members = std::move(open_members);
  state->open_remote = std::move(open_remote);
  state->open_range = std::move(open_range);
  std::uint64_t offset = 0;
  for (const RecipeEntry& entry : state->recipe.entries) {
    state->starts.push_back(offset);
    const std::uint64_t data = tar_data_size(entry);
    offset += tar_header_size(entry, state->recipe.mtime, offset) + data + tar_padding(data);
  }
  state->starts.push_back(offset);
  state_ = std::move(state);
}

std::uint64_t TarView::size() const {
  return state_->starts.back() + tar_end_bytes;
}

std::unique_ptr<Source> TarView::open() const {
  return std::make_unique<TarSource>(state_);
}

const LayerRecipe& TarView::recipe() const {
  return state_->recipe;
}

std::string TarView::header(std::size_t index) const {
  return tar_header(state_->recipe.entries[index], state_->recipe.mtime, state_->starts[index]);
}

std::uint64_t TarView::data_offset(std::size_t index) const {
  const RecipeEntry& entry = state_->recipe.entries[index];
  return state_->starts[index] +
         tar_header_size(entry, state_->recipe.mtime, state_->starts[index]);
}

}  // namespace mlpack
