#include "lib/model/parameters.h"

#include "lib/model/cursor.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

// The last part of the name of a tensor that says how to read another one.
constexpr std::array auxiliary{
    "qzeros"sv,
    "scales"sv,
    "g_idx"sv,
    "weight_scale"sv,
    "weight_scale_inv"sv,
    "weight_scale_2"sv,
    "weight_shape"sv,
    "weight_zero_point"sv,
    "weight_g_idx"sv,
    "weight_global_scale"sv,
    "input_scale"sv,
    "input_global_scale"sv,
    "input_zero_point"sv,
    "output_scale"sv,
    "absmax"sv,
    "quant_map"sv,
    "nested_absmax"sv,
    "nested_quant_map"sv,
    "SCB"sv,
    "weight_format"sv,
    "k_scale"sv,
    "v_scale"sv,
};

bool is_auxiliary(const Tensor& tensor, std::string_view last) {
  if (tensor.dtype == "F8_E8M0") return true;  // the scale of a block
  if (tensor.name.find(".quant_state.") != std::string::npos) return true;
  if (last.ends_with("_scales") && tensor.dtype == "U8") return true;  // of MXFP4
  return std::find(auxiliary.begin(), auxiliary.end(), last) != auxiliary.end();
}

std::uint64_t container_bits(std::string_view dtype) {
  if (dtype == "I32" || dtype == "U32") return 32;
  if (dtype == "I64" || dtype == "U64") return 64;
  return dtype == "U8" || dtype == "I8" ? 8 : 0;
}

// Whether the elements are containers of several weights each.
bool is_packed(const Tensor& tensor, std::string_view last, const ModelConfig& config) {
  const bool is_expert = tensor.name.find(".experts.") != std::string::npos;
  if (tensor.dtype == "I8") return is_expert && config.expert_dtype == "fp4";
  if (tensor.dtype == "U8") return true;
  return last == "qweight" || last == "weight_packed";
}

}  // namespace

std::uint64_t parameters_of(const Tensor& tensor, const ModelConfig& config) {
  if (!config.quantisation) return tensor.elements;
  const std::string_view name = tensor.name;
  const std::string_view last = name.substr(name.rfind('.') + 1);  // npos + 1 is 0
  if (is_auxiliary(tensor, last)) return 0;
  const std::uint64_t bits =
      tensor.dtype == "I8" ? 4 : config.quantisation->bits.value_or(0);  // fp4 experts
  const std::uint64_t container = container_bits(tensor.dtype);
  if (container == 0 || bits == 0 || bits >= container) return tensor.elements;
  if (!is_packed(tensor, last, config)) return tensor.elements;
  const auto all = checked_product(tensor.elements, container);
  return all ? *all / bits : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace mlpack
