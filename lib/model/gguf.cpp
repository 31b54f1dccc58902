#include "lib/model/gguf.h"

#include "lib/model/cursor.h"
#include "lib/model/damage.h"
#include "lib/oci/json_node.h"

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <tuple>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_gguf_header = std::uint64_t{100} << 20;
constexpr std::uint64_t most_keys = 65'536;
constexpr std::uint64_t longest_name = 65'535;
constexpr std::uint64_t longest_kept_text = 1024;  // of those that are kept
constexpr std::uint64_t longest_list = 4096;
constexpr std::uint64_t most_dimensions = 4;
constexpr std::size_t deepest = 4;

enum class Type : std::uint64_t { text = 8, list = 9 };
// By type: u8 i8 u16 i16 u32 i32 f32 bool - - u64 i64 f64.
constexpr std::array<std::size_t, 13> widths{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

bool is_whole(std::uint64_t type) {
  return type != 6 && type != 7 && type != 12;
}

[[noreturn]] void refuse(const std::string& why) {
  throw Damage("has a bad header", why);
}

// A negative number becomes a huge one, which no key has a use for.
std::uint64_t number_of(Cursor& in, std::uint64_t type) {
  const std::size_t width = widths.at(type);
  const std::uint64_t number = in.number(width);
  const bool is_signed = type == 1 || type == 3 || type == 5;
  const bool is_negative = is_signed && (number >> (8 * width - 1)) != 0;
  return is_negative ? ~std::uint64_t{0} : number;
}

struct PlacedTensor {
  std::uint64_t begin;
  std::uint64_t end;
  std::size_t tensor;
};

struct Whole {
  Gguf gguf;
  GgufLayout layout;
};

class GgufReader {
 public:
  GgufReader(const ReadAt& file)  // NOLINT(google-explicit-constructor): made in one place
      : size_(file.size()), in_(file, 0, std::min(size_, largest_gguf_header)) {}

  Whole read() {
    in_.skip(4);
    read_version();
    const std::uint64_t tensors = count();
    const std::uint64_t keys = count();
    if (keys > most_keys) refuse(fmt::format("it says that it has {} keys", keys));
    for (std::uint64_t i = 0; i < keys; ++i)
      read_key();
    for (std::uint64_t i = 0; i < tensors; ++i)
      read_tensor();
    check_places();
    return {std::move(found_), std::move(layout_)};
  }

 private:
  void read_version() {
    found_.version = in_.number(4);
    if (found_.version != 0 && (found_.version & 0xFFFFU) == 0) {
      throw Damage("is GGUF for big-endian machines",
                   fmt::format("its version is {}", found_.version),
                   "convert it for little-endian machines, or exclude it");
    }
    if (found_.version < 1 || found_.version > 3) {
      throw Damage("is GGUF of an unknown version",
                   fmt::format("its version is {}, and 1 to 3 are known", found_.version));
    }
  }

  // Version 1 counts with 32 bits.
  std::uint64_t count() { return in_.number(found_.version == 1 ? 4 : 8); }

  std::string name(std::string_view what) {
    const std::uint64_t length = count();
    if (length > longest_name) refuse(fmt::format("the name of a {} has {} bytes", what, length));
    return in_.text(length);
  }

  void read_key() {
    const std::uint64_t begin = in_.position();
    const std::string key = name("key");
    if (!keys_.insert(key).second) refuse("key " + in_backticks(key) + " appears twice");
    read_value(key, in_.number(4));
    layout_.keys.push_back({key, begin, in_.position()});
  }

  void read_value(const std::string& key, std::uint64_t type) {
    if (type == static_cast<std::uint64_t>(Type::list)) return read_list(key, 1);
    if (type == static_cast<std::uint64_t>(Type::text)) return read_text(key);
    if (type >= widths.size()) {
      refuse(fmt::format("key {} has the unknown type {}", in_backticks(key), type));
    }
    const std::uint64_t number = number_of(in_, type);
    if (is_whole(type)) found_.numbers.emplace(key, number);
  }

  void read_text(const std::string& key) {
    const std::uint64_t length = count();
    if (length > longest_kept_text) return in_.skip(length);
    found_.texts.emplace(key, in_.text(length));
  }

  void read_list(const std::string& key, std::size_t depth) {
    const std::uint64_t type = in_.number(4);
    const std::uint64_t length = count();
    if (type >= widths.size()) {
      refuse(fmt::format("key {} has the unknown type {}", in_backticks(key), type));
    }
    if (widths.at(type) == 0) return read_nested(key, type, length, depth);
    const auto bytes = checked_product(length, widths.at(type));
    if (!bytes) refuse(fmt::format("key {} has {} elements", in_backticks(key), length));
    in_.require(*bytes);
    if (length > longest_list || !is_whole(type)) return in_.skip(*bytes);
    std::uint64_t most = 0;
    for (std::uint64_t i = 0; i < length; ++i)
      most = std::max(most, number_of(in_, type));
    if (length > 0) found_.numbers[key] = most;
  }

  void read_nested(const std::string& key,
                   std::uint64_t type,
                   std::uint64_t length,
                   std::size_t depth) {
    if (depth == deepest) refuse("key " + in_backticks(key) + " holds lists within lists");
    for (std::uint64_t i = 0; i < length; ++i) {
      if (type == static_cast<std::uint64_t>(Type::text)) {
        in_.skip(count());
      } else {
        read_list(key, depth + 1);
      }
    }
  }

  void read_tensor() {
    Tensor tensor;
    const std::uint64_t begin = in_.position();
    tensor.name = name("tensor");
    if (!tensors_.insert(tensor.name).second) {
      refuse("tensor " + in_backticks(tensor.name) + " appears twice");
    }
    const std::uint64_t row = read_shape(tensor);
    const std::uint64_t type = in_.number(4);
    const std::uint64_t offset = in_.number(8);
    measure(tensor, type, row);
    const auto end = checked_sum(offset, tensor.bytes);
    if (!end) refuse("tensor " + in_backticks(tensor.name) + " has a bad offset");
    placed_.push_back({offset, *end, found_.tensors.size()});
    layout_.tensors.push_back({{tensor.name, begin, in_.position()}, offset, tensor.bytes});
    found_.tensors.push_back(std::move(tensor));
  }

  // The length of a row, of which the blocks are made.
  std::uint64_t read_shape(Tensor& tensor) {
    const std::uint64_t dimensions = in_.number(4);
    if (dimensions > most_dimensions) {
      refuse(fmt::format("tensor {} has {} dimensions", in_backticks(tensor.name), dimensions));
    }
    std::uint64_t row = 1;
    tensor.elements = 1;
    for (std::uint64_t i = 0; i < dimensions; ++i) {
      const std::uint64_t length = count();
      const auto product = checked_product(tensor.elements, length);
      if (!product) refuse("tensor " + in_backticks(tensor.name) + " has too many elements");
      tensor.elements = *product;
      if (i == 0) row = length;
    }
    return row;
  }

  static void measure(Tensor& tensor, std::uint64_t id, std::uint64_t row) {
    const GgmlType* const type = find_ggml_type(id);
    if (type == nullptr) {
      tensor.dtype = fmt::format("type {}", id);
      return;
    }
    tensor.dtype = type->name;
    const auto bytes = checked_product(tensor.elements / type->elements, type->bytes);
    if (row % type->elements != 0 || !bytes) {
      refuse(fmt::format("tensor {} has rows of {} elements, and {} comes in blocks of {}",
                         in_backticks(tensor.name),
                         row,
                         type->name,
                         type->elements));
    }
    tensor.bytes = *bytes;
  }

  void find_data() {
    const std::uint64_t alignment = found_.number("general.alignment").value_or(32);
    if (!std::has_single_bit(alignment) || alignment > largest_gguf_header) {
      refuse(fmt::format("its alignment is {}, not a power of two", alignment));
    }
    layout_.version = found_.version;
    layout_.alignment = alignment;
    layout_.data = (in_.position() + alignment - 1) / alignment * alignment;
  }

  void check_places() {
    find_data();
    if (placed_.empty()) return;
    std::sort(placed_.begin(), placed_.end(), [](const PlacedTensor& a, const PlacedTensor& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    std::uint64_t covered = 0;
    for (const PlacedTensor& next : placed_) {
      const std::string name = in_backticks(found_.tensors[next.tensor].name);
      if (next.begin % layout_.alignment != 0) refuse("tensor " + name + " is not aligned");
      if (next.begin < covered) refuse("tensor " + name + " lies over the one before it");
      covered = next.end;
    }
    const std::uint64_t bytes = size_ > layout_.data ? size_ - layout_.data : 0;
    if (covered > bytes) {
      throw Damage(
          "is cut",
          fmt::format(
              "its tensors end {} bytes into its data, which has {} bytes", covered, bytes));
    }
  }

  std::uint64_t size_;
  Cursor in_;
  Gguf found_;
  GgufLayout layout_;
  std::set<std::string> keys_;
  std::set<std::string> tensors_;
  std::vector<PlacedTensor> placed_;
};

Whole read_whole(const ReadAt& file) {
  const std::uint64_t size = file.size();
  if (size < 4) throw Damage("is cut", fmt::format("it has {} bytes", size));
  Cursor start(file, 0, size);
  if (start.text(4) != "GGUF") {
    throw Damage("is not a GGUF file", "it does not begin with `GGUF`");
  }
  return GgufReader(file).read();
}

}  // namespace

std::optional<std::uint64_t> Gguf::number(const std::string& key) const {
  const auto found = numbers.find(key);
  return found == numbers.end() ? std::nullopt : std::optional(found->second);
}

std::string Gguf::text(const std::string& key) const {
  const auto found = texts.find(key);
  return found == texts.end() ? std::string() : found->second;
}

std::optional<std::uint64_t> Gguf::shape(const std::string& key) const {
  return number(text("general.architecture") + "." + key);
}

Gguf read_gguf(const ReadAt& file) {
  return read_whole(file).gguf;
}

GgufLayout read_gguf_layout(const ReadAt& file) {
  GgufLayout layout = read_whole(file).layout;
  std::stable_sort(layout.tensors.begin(), layout.tensors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.offset, a.bytes) < std::tie(b.offset, b.bytes);
  });
  return layout;
}

}  // namespace mlpack
