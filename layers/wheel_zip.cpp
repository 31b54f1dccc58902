#include "layers/wheel_zip.h"

#include "layers/compress.h"
#include "layers/name_fold.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t end_size = 22;
constexpr std::uint64_t end64_size = 56;
constexpr std::uint64_t locator_size = 20;
constexpr std::uint64_t entry_size = 46;
constexpr std::uint64_t local_size = 30;
constexpr std::uint64_t largest_comment = 0xffff;
constexpr std::uint64_t most_zip_members = 1'000'000;
constexpr std::uint64_t largest_directory = std::uint64_t{512} << 20;
constexpr std::uint64_t free_bytes = std::uint64_t{64} << 20;
constexpr std::uint64_t largest_ratio = 1000;

constexpr std::string_view end_mark("PK\x05\x06", 4);
constexpr std::string_view end64_mark("PK\x06\x06", 4);
constexpr std::string_view locator_mark("PK\x06\x07", 4);
constexpr std::string_view entry_mark("PK\x01\x02", 4);
constexpr std::string_view local_mark("PK\x03\x04", 4);

// Little-endian numbers at an offset that is there.
std::uint64_t number_at(std::string_view bytes, std::size_t at, unsigned size) {
  std::uint64_t value = 0;
  for (unsigned i = size; i-- > 0;)
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::uint64_t two(std::string_view bytes, std::size_t at) {
  return number_at(bytes, at, 2);
}
std::uint64_t four(std::string_view bytes, std::size_t at) {
  return number_at(bytes, at, 4);
}
std::uint64_t eight(std::string_view bytes, std::size_t at) {
  return number_at(bytes, at, 8);
}

bool is_clean_name(std::string_view name) {
  if (name.empty() || name.size() > 4096 || !is_utf8(name)) return false;
  const bool has_bad_byte = std::any_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || byte == '\\';
  });
  if (has_bad_byte) return false;
  const auto parts = split(name, '/');
  return std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.empty() || part == "." || part == ".." || part.size() > 255;
  });
}

// A part of a file that is open elsewhere.
class PartOfFile : public Source {
 public:
  PartOfFile(int fd, std::uint64_t begin, std::uint64_t length)
      : fd_(fd), at_(begin), end_(begin + length) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end_ - at_));
    if (wanted == 0) return 0;
    const ssize_t count = ::pread(fd_, buffer.data(), wanted, static_cast<off_t>(at_));
    if (count < 0) fail(Fault::input, "cannot read a wheel: {}", errno_text(errno));
    if (count == 0) fail(Fault::integrity, "a wheel became shorter while it was read");
    at_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

 private:
  int fd_;
  std::uint64_t at_;
  std::uint64_t end_;
};

// Gives as many bytes as the directory says, or says that it lies.
class SizedSource : public Source {
 public:
  SizedSource(std::unique_ptr<Source> inner, const ZipMember& member, std::string wheel)
      : inner_(std::move(inner)),
        left_(member.size),
        shown_(fmt::format("`{}` of the wheel `{}`", member.name, wheel)) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = in_context(shown_, [&] { return inner_->read(buffer); });
    if (count > left_ || (count == 0 && left_ > 0)) {
      fail(Fault::integrity, "{} is not as long as the wheel says", shown_);
    }
    left_ -= count;
    return count;
  }

 private:
  std::unique_ptr<Source> inner_;
  std::uint64_t left_;
  std::string shown_;
};

}  // namespace

struct ZipFile::State {
  std::string name;
  Fd fd;
  std::uint64_t size = 0;
  std::vector<ZipMember> members;

  template <class... Args>
  [[noreturn]] void damaged(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Fault::integrity,
         "the wheel `{}` is damaged: {}",
         name,
         fmt::format(format, std::forward<Args>(args)...));
  }

  std::string bytes(std::uint64_t offset, std::uint64_t length) const {
    if (offset > size || length > size - offset) damaged("it ends early");
    std::string text(static_cast<std::size_t>(length), '\0');
    PartOfFile part(fd.get(), offset, length);
    std::span<std::byte> rest = std::as_writable_bytes(std::span(text));
    while (!rest.empty())
      rest = rest.subspan(part.read(rest));
    return text;
  }

  // Where the central directory is.
  struct Directory {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t count = 0;
  };

  Directory find_directory() const {
    const std::uint64_t tail = std::min(size, end_size + largest_comment);
    const std::string last = bytes(size - tail, tail);
    for (std::size_t at = last.size() + 1; at-- > 0;) {
      const bool is_end = last.compare(at, 4, end_mark) == 0 && at + end_size <= last.size() &&
                          at + end_size + two(last, at + 20) == last.size();
      if (is_end)
        return directory_of(std::string_view(last).substr(at, end_size), size - tail + at);
    }
    damaged("it is no ZIP file");
  }

  Directory directory_of(std::string_view end, std::uint64_t at) const {
    Directory directory{four(end, 16), four(end, 12), two(end, 10)};
    const bool large = directory.offset == 0xffffffff || directory.length == 0xffffffff ||
                       directory.count == 0xffff;
    if (two(end, 4) != two(end, 6) || two(end, 8) != two(end, 10)) {
      damaged("it has several parts");
    }
    std::uint64_t follows = at;
    if (large && at >= locator_size) {
      const std::string locator = bytes(at - locator_size, locator_size);
      if (locator.starts_with(locator_mark)) {
        follows = eight(locator, 8);
        directory = large_directory(follows, at - locator_size);
      }
    }
    if (directory.length > follows || directory.offset != follows - directory.length) {
      damaged("its list of members is not where it should be");
    }
    if (directory.count > most_zip_members || directory.length > largest_directory) {
      damaged("it has more members than mlpack reads");
    }
    return directory;
  }

  Directory large_directory(std::uint64_t at, std::uint64_t end) const {
    const std::string record = bytes(at, end64_size);
    if (!record.starts_with(end64_mark) || at + 12 + eight(record, 4) != end) {
      damaged("its ZIP64 record is not where it should be");
    }
    return {eight(record, 48), eight(record, 40), eight(record, 32)};
  }

  void read_members() {
    const Directory directory = find_directory();
    const std::string list = bytes(directory.offset, directory.length);
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < directory.count; ++i)
      at += read_member(std::string_view(list).substr(at));
    if (at != list.size()) damaged("its list of members is longer than it says");
    check_names();
    check_places(directory.offset);
    check_growth();
  }

  // Returns the length of the entry.
  std::size_t read_member(std::string_view entry) {
    if (entry.size() < entry_size || !entry.starts_with(entry_mark)) {
      damaged("its list of members cannot be read");
    }
    const auto name_size = static_cast<std::size_t>(two(entry, 28));
    const auto extra_size = static_cast<std::size_t>(two(entry, 30));
    const std::size_t length = entry_size + name_size + extra_size + two(entry, 32);
    if (length > entry.size()) damaged("its list of members cannot be read");
    ZipMember member;
    member.name = entry.substr(entry_size, name_size);
    member.size = four(entry, 24);
    member.compressed = four(entry, 20);
    member.header = four(entry, 42);
    read_large(entry.substr(entry_size + name_size, extra_size), member);
    take_kind(member, entry);
    members.push_back(std::move(member));
    return length;
  }

  // The sizes that do not fit into 32 bits are in an extra field of type 1, in this order.
  void read_large(std::string_view extra, ZipMember& member) const {
    std::string_view field;
    while (extra.size() >= 4) {
      const auto length = static_cast<std::size_t>(two(extra, 2));
      if (length > extra.size() - 4) break;
      if (two(extra, 0) == 1 && field.empty()) field = extra.substr(4, length);
      extra.remove_prefix(4 + length);
    }
    for (std::uint64_t* value : {&member.size, &member.compressed, &member.header}) {
      if (*value != 0xffffffff) continue;
      if (field.size() < 8) damaged("the size of `{}` is missing", printable(member.name));
      *value = eight(field, 0);
      field.remove_prefix(8);
    }
  }

  void take_kind(ZipMember& member, std::string_view entry) const {
    const std::string shown = printable(member.name.substr(0, 300));
    if (member.name.ends_with('/')) {
      member.kind = ZipMember::Kind::folder;
      member.name.pop_back();
    }
    if (!is_clean_name(member.name)) damaged("`{}` is no path of a wheel's file", shown);
    if ((two(entry, 8) & 0x41U) != 0) damaged("`{}` is encrypted", shown);
    const std::uint64_t method = two(entry, 10);
    if (method != 0 && method != 8) damaged("`{}` is compressed by method {}", shown, method);
    member.method = method == 0 ? ZipMember::Method::stored : ZipMember::Method::deflated;
    if (method == 0 && member.size != member.compressed) damaged("`{}` has two sizes", shown);
    constexpr unsigned made_on_unix = 3;
    if (number_at(entry, 5, 1) != made_on_unix) return;
    const auto attributes = static_cast<unsigned>(two(entry, 40));
    const unsigned type = attributes & 0170000U;
    const unsigned expected = member.kind == ZipMember::Kind::folder ? 0040000U : 0100000U;
    if (type != 0 && type != expected) damaged("`{}` is neither a file nor a folder", shown);
    member.mode = attributes & 0777U;
  }

  // A file system that ignores case must not see one file where there are two.
  void check_names() const {
    std::unordered_map<std::string, const ZipMember*> seen;
    std::unordered_set<std::string> folders;
    for (const ZipMember& member : members) {
      const std::string folded = fold_name(member.name);
      const auto [other, is_new] = seen.emplace(folded, &member);
      if (!is_new && other->second->name == member.name) {
        damaged("`{}` is in it twice", member.name);
      }
      if (!is_new) damaged("`{}` and `{}` may be one file", other->second->name, member.name);
      const bool is_file = member.kind == ZipMember::Kind::file;
      for (std::size_t slash = folded.find('/'); slash != std::string::npos;
           slash = folded.find('/', slash + 1))
        folders.insert(folded.substr(0, slash));
      if (!is_file) folders.insert(folded);
    }
    for (const auto& [folded, member] : seen) {
      if (member->kind == ZipMember::Kind::file && folders.contains(folded)) {
        damaged("`{}` is a file and a folder", member->name);
      }
    }
  }

  // Members that share bytes are how a small file holds more than any ratio shows.
  void check_places(std::uint64_t directory) const {
    std::vector<const ZipMember*> by_place;
    for (const ZipMember& member : members)
      by_place.push_back(&member);
    std::sort(by_place.begin(), by_place.end(), [](const ZipMember* a, const ZipMember* b) {
      return a->header < b->header;
    });
    for (std::size_t i = 0; i < by_place.size(); ++i) {
      const ZipMember& member = *by_place[i];
      const std::uint64_t next = i + 1 < by_place.size() ? by_place[i + 1]->header : directory;
      const std::uint64_t least = local_size + member.name.size();
      if (next > directory || member.header > next || next - member.header < least ||
          next - member.header - least < member.compressed) {
        damaged("`{}` is not where it should be", member.name);
      }
    }
    if (!by_place.empty() && by_place.front()->header != 0) {
      damaged("something lies before its first member");
    }
  }

  void check_growth() const {
    std::uint64_t total = 0;
    for (const ZipMember& member : members) {
      if (member.size > std::uint64_t{1} << 50) damaged("`{}` is too large", member.name);
      total += member.size;
    }
    if (total > free_bytes && total / largest_ratio > size) {
      damaged("{} would become {}", human_size(size), human_size(total));
    }
  }

  std::uint64_t data_of(const ZipMember& member) const {
    const std::string head = bytes(member.header, local_size);
    const std::uint64_t name_size = two(head, 26);
    const bool is_folder = member.kind == ZipMember::Kind::folder;
    const std::string expected = member.name + (is_folder ? "/" : "");
    const bool is_same = head.starts_with(local_mark) && name_size == expected.size() &&
                         bytes(member.header + local_size, name_size) == expected;
    if (!is_same) damaged("`{}` has another name where it lies", member.name);
    return member.header + local_size + name_size + two(head, 28);
  }
};

ZipFile::ZipFile(const fs::path& path, std::string name) : state_(std::make_unique<State>()) {
  state_->name = printable(name);
  state_->fd = open_regular(path);
  state_->size = identity_of(state_->fd).size;
  state_->read_members();
}

ZipFile::~ZipFile() = default;

const std::vector<ZipMember>& ZipFile::members() const {
  return state_->members;
}

std::unique_ptr<Source> ZipFile::open(const ZipMember& member) const {
  const std::uint64_t begin = state_->data_of(member);
  if (begin > state_->size || member.compressed > state_->size - begin) {
    state_->damaged("`{}` is not where it should be", member.name);
  }
  std::unique_ptr<Source> source =
      std::make_unique<PartOfFile>(state_->fd.get(), begin, member.compressed);
  if (member.method == ZipMember::Method::deflated) source = inflate_source(std::move(source));
  return std::make_unique<SizedSource>(std::move(source), member, state_->name);
}

std::string ZipFile::read(const ZipMember& member, std::uint64_t limit) const {
  if (member.size > limit) {
    state_->damaged("`{}` has {} bytes, more than mlpack reads", member.name, member.size);
  }
  StringSink sink(static_cast<std::size_t>(member.size));
  const std::unique_ptr<Source> source = open(member);
  copy(*source, sink);
  return std::move(sink.text);
}

}  // namespace mlpack
