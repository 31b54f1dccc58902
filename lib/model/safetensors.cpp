#include "lib/model/safetensors.h"

#include "lib/model/cursor.h"
#include "lib/model/damage.h"
#include "lib/model/json_walk.h"
#include "lib/oci/json_node.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_header = 100'000'000;  // as the format's library has it
constexpr std::string_view metadata = "__metadata__";

struct Dtype {
  std::string_view name;
  std::uint64_t bits;
};

constexpr std::array dtypes{
    Dtype{"BOOL", 8},    Dtype{"F4", 4},          Dtype{"F6_E2M3", 6},     Dtype{"F6_E3M2", 6},
    Dtype{"U8", 8},      Dtype{"I8", 8},          Dtype{"F8_E5M2", 8},     Dtype{"F8_E4M3", 8},
    Dtype{"F8_E8M0", 8}, Dtype{"F8_E4M3FNUZ", 8}, Dtype{"F8_E5M2FNUZ", 8}, Dtype{"I16", 16},
    Dtype{"U16", 16},    Dtype{"F16", 16},        Dtype{"BF16", 16},       Dtype{"I32", 32},
    Dtype{"U32", 32},    Dtype{"F32", 32},        Dtype{"C64", 64},        Dtype{"F64", 64},
    Dtype{"I64", 64},    Dtype{"U64", 64},
};

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
  throw Damage("has a bad header", "tensor " + in_backticks(name) + " " + why);
}

void check_size(const Tensor& tensor) {
  const auto width = safetensors_bits(tensor.dtype);
  if (!width) return;
  const auto bits = checked_product(tensor.elements, *width);
  if (!bits || *bits % 8 != 0 || *bits / 8 != tensor.bytes) {
    refuse(tensor.name,
           fmt::format(
               "has {} bytes for {} elements of {}", tensor.bytes, tensor.elements, tensor.dtype));
  }
}

bool is_dtype_name(std::string_view name) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  return !name.empty() && name.size() <= 32 &&
         name.find_first_not_of(letters) == std::string_view::npos;
}

class Header : public JsonVisitor {
 public:
  void opened(const JsonPath& path, Kind kind) override {
    if (path.size() == 1) open_entry(path[0], kind);
    const bool is_list = path.size() == 2 && path[0] != metadata && kind == Kind::array;
    if (is_list && path[1] == "shape") has_shape_ = true;
    if (path.size() > 2) refuse(path[0], "has lists within lists");
  }

  void value(const JsonPath& path, JsonScalar value) override {
    if (path.size() < 2) refuse(path[0], "is not an object");
    if (path[0] == metadata) return add_metadata(path, std::move(value));
    if (path.size() == 2 && path[1] == "dtype") now_.tensor.dtype = dtype_of(path[0], value);
    if (path.size() < 3 || path[2] != "[]") return;
    const auto* const number = std::get_if<std::uint64_t>(&value);
    const bool is_shape = path[1] == "shape";
    if (!is_shape && path[1] != "data_offsets") return;
    if (number == nullptr) refuse(path[0], "has a `" + path[1] + "` that is not of whole numbers");
    if (is_shape) {
      multiply(path[0], *number);
    } else {
      add_offset(*number);
    }
  }

  void closed(const JsonPath& path) override {
    if (path.size() != 1 || path[0] == metadata) return;
    if (now_.tensor.dtype.empty()) refuse(path[0], "has no `dtype`");
    if (!has_shape_) refuse(path[0], "has no `shape`");
    if (offsets_ != 2 || now_.begin > end_) refuse(path[0], "has bad `data_offsets`");
    now_.tensor.bytes = end_ - now_.begin;
    check_size(now_.tensor);
    found_.tensors.push_back(std::move(now_));
  }

  Safetensors take() { return std::move(found_); }

 private:
  // Others than texts are not allowed there, and not kept.
  void add_metadata(const JsonPath& path, JsonScalar value) {
    auto* const text = std::get_if<std::string>(&value);
    if (path.size() == 2 && text != nullptr) found_.metadata.emplace(path[1], std::move(*text));
  }
  void open_entry(const std::string& name, Kind kind) {
    if (kind != Kind::object) refuse(name, "is not an object");
    now_ = {{name, "", 1, 0}, {}, 0};
    has_shape_ = false;
    offsets_ = 0;
  }
  static std::string dtype_of(std::string_view name, const JsonScalar& value) {
    const auto* const text = std::get_if<std::string>(&value);
    if (text == nullptr || !is_dtype_name(*text)) refuse(name, "has a bad `dtype`");
    return *text;
  }
  void multiply(std::string_view name, std::uint64_t length) {
    const auto product = checked_product(now_.tensor.elements, length);
    if (!product) refuse(name, "has more elements than 64 bits can count");
    now_.tensor.elements = *product;
    now_.shape.push_back(length);
  }
  void add_offset(std::uint64_t offset) {
    (offsets_ == 0 ? now_.begin : end_) = offset;
    ++offsets_;
  }

  Safetensors found_;
  Safetensors::Entry now_;  // the entry that is open
  std::uint64_t end_ = 0;   // of its bytes
  bool has_shape_ = false;
  std::size_t offsets_ = 0;
};

std::uint64_t end_of(const Safetensors::Entry& entry) {
  return entry.begin + entry.tensor.bytes;
}

void check_cover(std::vector<Safetensors::Entry>& entries, std::uint64_t data, std::uint64_t size) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.tensor.bytes, a.tensor.name) <
           std::tie(b.begin, b.tensor.bytes, b.tensor.name);
  });
  std::uint64_t end = 0;
  for (const Safetensors::Entry& next : entries)
    end = std::max(end, end_of(next));
  if (end > size - data) {
    const std::string place = fmt::format("{} bytes into its data", end);
    throw Damage("is cut",
                 fmt::format("its tensors end {}, which has {} bytes", place, size - data));
  }
  std::uint64_t covered = 0;
  for (const Safetensors::Entry& next : entries) {
    if (next.begin < covered) refuse(next.tensor.name, "lies over the one before it");
    if (next.begin > covered) {
      refuse(next.tensor.name,
             fmt::format("leaves a hole of {} bytes before it", next.begin - covered));
    }
    covered = end_of(next);
  }
  if (covered < size - data) {
    throw Damage("is damaged",
                 fmt::format("{} bytes follow its last tensor", size - data - covered));
  }
}

}  // namespace

std::optional<std::uint64_t> safetensors_bits(std::string_view dtype) {
  const auto* const known = std::find_if(
      dtypes.begin(), dtypes.end(), [&](const Dtype& known) { return known.name == dtype; });
  return known == dtypes.end() ? std::nullopt : std::optional(known->bits);
}

Safetensors read_safetensors(const ReadAt& file) {
  const std::uint64_t size = file.size();
  if (size < 8) throw Damage("is cut", fmt::format("it has {} bytes", size));
  Cursor start(file, 0, size);
  const std::uint64_t length = start.number(8);
  if (length > largest_header) {
    throw Damage("is not a safetensors file",
                 fmt::format("its header would have {} bytes, and 100000000 are the most", length));
  }
  if (length > size - 8) {
    throw Damage("is cut",
                 fmt::format("its header ends at byte {}, the file at {}", 8 + length, size));
  }
  Cursor text(file, 8, 8 + length);
  Header header;
  walk_json(text, "header", header);
  Safetensors found = header.take();
  found.data = 8 + length;
  check_cover(found.tensors, found.data, size);
  return found;
}

}  // namespace mlpack
