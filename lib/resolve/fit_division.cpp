#include "lib/resolve/fit_division.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

bool divides_groups(const ModelShape& shape, std::uint64_t gpus) {
  if (shape.intermediate == 0) return true;
  if (shape.intermediate % gpus != 0) return false;
  return shape.group == 0 || (shape.intermediate / gpus) % shape.group == 0;
}

bool divides_heads(const ModelShape& shape, std::uint64_t gpus) {
  if (shape.heads > 0 && shape.heads % gpus != 0) return false;
  if (shape.latent > 0 || shape.kv_heads == 0) return true;
  return shape.kv_heads % gpus == 0 || gpus % shape.kv_heads == 0;
}

std::string numbers_text(const std::vector<std::uint64_t>& numbers) {
  std::vector<std::string> texts;
  for (const std::uint64_t number : numbers)
    texts.push_back(std::to_string(number));
  return texts.empty() ? "none" : join(texts, ", ");
}

}  // namespace

std::uint64_t stages_of(const FitQuestion& question) {
  return std::clamp<std::uint64_t>(question.sizes.pipeline, 1, most_gpus);
}

std::uint64_t gpus_of_a_stage(const FitQuestion& question) {
  const std::uint64_t stages = stages_of(question);
  if (!question.sizes.machines) {
    return std::max(question.count / stages, question.parallel.value_or(1));
  }
  return question.sizes.tensors_of(question.count);
}

std::vector<std::uint64_t> possible_parallel(const ModelShape& shape,
                                             MemoryOverhead::Split split,
                                             std::uint64_t count,
                                             std::uint64_t attention) {
  std::vector<std::uint64_t> sizes;
  if (attention <= 1) sizes.push_back(1);
  if (split == MemoryOverhead::Split::single) return sizes;
  const std::uint64_t copies = std::max<std::uint64_t>(1, attention);
  for (std::uint64_t gpus = 2; gpus <= std::min(count, most_gpus); ++gpus) {
    if (gpus % copies != 0) continue;
    const bool is_even = divides_heads(shape, gpus / copies) && divides_groups(shape, gpus);
    const bool has_layers = shape.layers == 0 || gpus <= shape.layers;
    const bool fits = split == MemoryOverhead::Split::tensor ? is_even : has_layers;
    if (fits) sizes.push_back(gpus);
  }
  return sizes;
}

std::string division_gap(const ModelShape& shape,
                         const FitQuestion& question,
                         const std::vector<std::uint64_t>& possible) {
  const std::uint64_t stages = question.sizes.pipeline;
  if (shape.layers > 0 && stages > shape.layers) {
    return fmt::format("the model has {} layers, and its pipeline {} stages", shape.layers, stages);
  }
  const auto& tensors = question.parallel;
  if (!tensors || std::find(possible.begin(), possible.end(), *tensors) != possible.end()) {
    return {};
  }
  const std::uint64_t attention = question.sizes.attention;
  return fmt::format("{}{} cannot be divided over {} of {} GPUs; possible: {}",
                     stages > 1 ? "a stage of the model" : "the model",
                     attention > 1 ? fmt::format(" with {} copies of attention", attention) : "",
                     *tensors,
                     gpus_of_a_stage(question),
                     numbers_text(possible));
}

std::string context_gap(const ModelShape& shape, const FitQuestion& question) {
  const bool is_limited = question.context_use == FitQuestion::ContextUse::within_model;
  const std::uint64_t wanted = question.context.value_or(0);
  if (!is_limited || !shape.is_context_limit || wanted <= shape.context) return {};
  return fmt::format(
      "it is told a context of {} tokens, and the model has {}: the server does not start with "
      "more",
      wanted,
      shape.context);
}

std::string shares_text(const FitQuestion& question, std::uint64_t gpus) {
  const ParallelSizes& sizes = question.sizes;
  const std::uint64_t stages = stages_of(question);
  std::vector<std::string> parts;
  if (stages > 1) parts.push_back(fmt::format("{} stages of {}", stages, gpus / stages));
  if (sizes.attention > 1) parts.push_back(fmt::format("{} copies of attention", sizes.attention));
  if (sizes.copies > 1) parts.push_back(fmt::format("one of {} copies", sizes.copies));
  return parts.empty() ? std::string() : fmt::format(" ({})", join(parts, ", "));
}

}  // namespace mlpack
