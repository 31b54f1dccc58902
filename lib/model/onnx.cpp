#include "lib/model/onnx.h"

#include "lib/model/cursor.h"
#include "lib/model/damage.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t most_fields = 16'000'000;
constexpr std::size_t most_subgraphs = 16;
constexpr std::uint64_t longest_string = 4096;
constexpr std::size_t most_files = 65'536;

struct DataType {
  std::string_view name;
  std::uint64_t bits;
};
// TensorProto.DataType, under the names that safetensors has.
constexpr std::array<DataType, 25> data_types{{
    {"", 0},
    {"F32", 32},
    {"U8", 8},
    {"I8", 8},
    {"U16", 16},
    {"I16", 16},
    {"I32", 32},
    {"I64", 64},
    {"STRING", 0},
    {"BOOL", 8},
    {"F16", 16},
    {"F64", 64},
    {"U32", 32},
    {"U64", 64},
    {"C64", 64},
    {"C128", 128},
    {"BF16", 16},
    {"F8_E4M3", 8},
    {"F8_E4M3FNUZ", 8},
    {"F8_E5M2", 8},
    {"F8_E5M2FNUZ", 8},
    {"U4", 4},
    {"I4", 4},
    {"F4", 4},
    {"F8_E8M0", 8},
}};

[[noreturn]] void refuse_onnx(const std::string& why) {
  throw Damage("is not an ONNX model, or damaged", why);
}

struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;  // of a varint
  std::uint64_t end = 0;    // of a message or text, which begins here; 0 for others
};

struct TensorFacts {
  std::uint64_t elements = 1;
  std::uint64_t type = 0;
  bool is_external = false;
  std::map<std::string, std::string> external;
};

class OnnxReader {
 public:
  explicit OnnxReader(const ReadAt& file) : in_(file, 0, file.size()) {}

  Onnx read() {
    each(in_.end(), [this](const Field& field) { model_field(field); });
    if (!has_graph_) refuse_onnx("it holds no graph");
    if (found_.ir_version == 0) refuse_onnx("it has no `ir_version`");
    if (found_.opsets.empty()) refuse_onnx("it names no operator set");
    return std::move(found_);
  }

 private:
  enum class Count { yes, no };  // whether a tensor is a parameter

  std::uint64_t varint(std::uint64_t end) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (in_.position() >= end) refuse_onnx("a number goes on past its message");
      const auto byte = static_cast<unsigned char>(in_.byte());
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    refuse_onnx(fmt::format("no number is at byte {}", in_.position()));
  }

  Field next(std::uint64_t end) {
    if (++fields_ > most_fields)
      refuse_onnx(fmt::format("it holds more than {} fields", most_fields));
    const std::uint64_t tag = varint(end);
    Field field{tag >> 3U, 0, 0};
    if (field.number == 0) refuse_onnx(fmt::format("no field is at byte {}", in_.position()));
    const std::uint64_t wire = tag & 7U;
    if (wire == 0) {
      field.value = varint(end);
    } else if (wire == 2) {
      const std::uint64_t length = varint(end);
      check(length, end);
      field.end = in_.position() + length;
    } else if (wire == 1 || wire == 5) {
      check(wire == 1 ? 8 : 4, end);
      in_.skip(wire == 1 ? 8 : 4);
    } else {
      refuse_onnx(fmt::format("no field is at byte {}", in_.position()));
    }
    return field;
  }

  void check(std::uint64_t length, std::uint64_t end) const {
    if (length <= end - in_.position()) return;
    throw Damage(
        "is cut or damaged",
        fmt::format(
            "a field of {} bytes at byte {} ends after what it is in", length, in_.position()));
  }

  template <class Visit>
  void each(std::uint64_t end, const Visit& visit) {
    while (in_.position() < end) {
      const Field field = next(end);
      visit(field);
      if (field.end > in_.position()) in_.skip(field.end - in_.position());
    }
  }

  std::string text(const Field& field) {
    if (field.end == 0 || field.end - in_.position() > longest_string)
      refuse_onnx("a name is too long");
    return in_.text(field.end - in_.position());
  }

  void model_field(const Field& field) {
    if (field.number == 1) found_.ir_version = field.value;
    if (field.number == 5 || field.end == 0) return;
    if (field.number == 2) found_.producer = text(field);
    if (field.number == 7) graph(field.end, Count::yes);
    if (field.number == 8) opset(field.end);
    if (field.number == 20) each(field.end, [this](const Field& f) { training_field(f); });
    if (field.number == 25) each(field.end, [this](const Field& f) { function_field(f); });
  }

  void training_field(const Field& field) {
    if (field.number <= 2 && field.end != 0) graph(field.end, Count::no);
  }

  void function_field(const Field& field) {
    if (field.number == 7 && field.end != 0) node(field.end);
    if (field.number == 11 && field.end != 0) attribute(field.end);
  }

  void opset(std::uint64_t end) {
    std::string domain;
    std::uint64_t version = 0;
    each(end, [&](const Field& field) {
      if (field.number == 1) domain = text(field);
      if (field.number == 2) version = field.value;
    });
    if (found_.opsets.size() < 64) found_.opsets[domain] = version;
  }

  void graph(std::uint64_t end, Count count) {
    if (++depth_ > most_subgraphs)
      refuse_onnx(fmt::format("it has graphs {} deep", most_subgraphs));
    has_graph_ = true;
    each(end, [this, count](const Field& field) {
      if (field.end == 0) return;
      if (field.number == 1) node(field.end);
      if (field.number == 5) tensor(field.end, count);
      if (field.number == 15) sparse(field.end, count);
    });
    --depth_;
  }

  void node(std::uint64_t end) {
    each(end, [this](const Field& field) {
      if (field.number == 5 && field.end != 0) attribute(field.end);
    });
  }

  void attribute(std::uint64_t end) {
    each(end, [this](const Field& field) {
      if (field.end == 0) return;
      if (field.number == 5 || field.number == 10) tensor(field.end, Count::no);
      if (field.number == 6 || field.number == 11) graph(field.end, Count::yes);
      if (field.number == 22 || field.number == 23) sparse(field.end, Count::no);
    });
  }

  void sparse(std::uint64_t end, Count count) {
    each(end, [this, count](const Field& field) {
      if (field.end == 0) return;
      if (field.number == 1) tensor(field.end, count);
      if (field.number == 2) tensor(field.end, Count::no);
    });
  }

  void tensor(std::uint64_t end, Count count) {
    TensorFacts facts;
    each(end, [&](const Field& field) {
      if (field.number == 1) dimension(facts, field);
      if (field.number == 2) facts.type = field.value;
      if (field.number == 14) facts.is_external = field.value == 1;
      if (field.number == 13 && field.end != 0) entry(facts, field.end);
    });
    if (count == Count::yes) add(facts);
    if (facts.is_external) add_external(facts);
  }

  // One number, or several that are packed.
  void dimension(TensorFacts& facts, const Field& field) {
    if (field.end == 0) return multiply(facts, field.value);
    while (in_.position() < field.end)
      multiply(facts, varint(field.end));
  }

  static void multiply(TensorFacts& facts, std::uint64_t length) {
    const auto product = checked_product(facts.elements, length);
    if (!product || length > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
      refuse_onnx("a tensor has more elements than 64 bits can count");
    }
    facts.elements = *product;
  }

  void entry(TensorFacts& facts, std::uint64_t end) {
    std::string key;
    std::string value;
    each(end, [&](const Field& field) {
      if (field.number == 1) key = text(field);
      if (field.number == 2) value = text(field);
    });
    if (facts.external.size() < 16) facts.external[key] = value;
  }

  void add(const TensorFacts& facts) {
    const auto parameters = checked_sum(found_.parameters, facts.elements);
    const bool known = facts.type < data_types.size() && facts.type != 0;
    const DataType type = known ? data_types.at(facts.type) : DataType{"unknown", 0};
    const auto bits = checked_product(facts.elements, type.bits);
    std::uint64_t& bytes = found_.dtypes[std::string(type.name)];
    const auto sum = bits ? checked_sum(bytes, (*bits + 7) / 8) : std::nullopt;
    if (!parameters || !sum) refuse_onnx("its tensors have more elements than 64 bits can count");
    found_.tensors += 1;
    found_.parameters = *parameters;
    bytes = *sum;
  }

  // docs/ExternalData.md: location, and perhaps offset and length as decimal text.
  void add_external(const TensorFacts& facts) {
    const auto number = [&](const char* key) {
      const auto found = facts.external.find(key);
      if (found == facts.external.end()) return std::uint64_t{0};
      const auto value = parse_number(found->second, std::numeric_limits<std::uint64_t>::max());
      if (!value)
        refuse_onnx(fmt::format("a tensor has the {} {}", key, in_backticks(found->second)));
      return *value;
    };
    const auto location = facts.external.find("location");
    if (location == facts.external.end())
      refuse_onnx("a tensor lies in a file that it does not name");
    const auto end = checked_sum(number("offset"), number("length"));
    if (!end) refuse_onnx("a tensor ends past what 64 bits can count");
    if (found_.external.size() == most_files) refuse_onnx("it names too many files");
    std::uint64_t& known = found_.external[location->second];
    known = std::max(known, *end);
  }

  Cursor in_;
  Onnx found_;
  std::uint64_t fields_ = 0;
  std::size_t depth_ = 0;
  bool has_graph_ = false;
};

}  // namespace

Onnx read_onnx(const ReadAt& file) {
  return OnnxReader(file).read();
}

}  // namespace mlpack
