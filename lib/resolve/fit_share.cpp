#include "lib/resolve/fit_share.h"

#include "lib/resolve/fit_division.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::uint64_t most_room = std::uint64_t{1} << 46;  // so that differences fit in FineBytes

std::uint64_t ceil_div(std::uint64_t value, std::uint64_t by) {
  return value / by + (value % by == 0 ? 0 : 1);
}

}  // namespace

std::uint64_t capped_product(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b > most_fit_bytes / a ? most_fit_bytes : std::min(most_fit_bytes, a * b);
}

FineBytes FitShare::budget() const {
  if (room()) return of_memory(1000);
  const std::uint64_t own = std::uint64_t{rules_.utilisation_percent} * 10;
  const std::uint64_t permille = question_.utilisation_permille.value_or(own);
  const FineBytes own_budget = of_memory(permille);
  if (!question_.static_permille) return own_budget;
  return std::min(own_budget, of_memory(*question_.static_permille) + base());
}

FineBytes FitShare::weights() const {
  const auto grown = static_cast<FineBytes>(std::min(shape_.weight_bytes, most_fit_bytes) *
                                            rules_.weight_growth_percent * 100);
  const FineBytes divided = has_layers_each() ? grown : grown / static_cast<FineBytes>(gpus);
  if (shape_.layers == 0) return divided / static_cast<FineBytes>(stages());
  return stages() == 1 ? divided
                       : divided / static_cast<FineBytes>(shape_.layers) *
                             static_cast<FineBytes>(mine(shape_.layers));
}

FineBytes FitShare::overhead(std::uint64_t context) const {
  return base() + weights() / 100 * rules_.weight_share_percent +
         static_cast<FineBytes>(graph(context)) * fine_bytes;
}

std::uint64_t FitShare::cache(std::uint64_t context) const {
  if (!keeps_cache()) return 0;
  const std::uint64_t block = capped_product(block_tokens(), layer_bytes());
  const std::uint64_t blocks = ceil_div(context, block_tokens());
  std::uint64_t bytes = capped_product(capped_product(blocks, block), mine(shape_.full_layers()));
  if (shape_.sliding_layers > 0) {
    const std::uint64_t kept =
        std::min(shape_.window - 1 + std::uint64_t{rules_.batched_tokens}, context);
    const std::uint64_t pages = ceil_div(kept, block_tokens()) + 1;
    const std::uint64_t sliding =
        capped_product(capped_product(pages, block), mine(shape_.sliding_layers));
    bytes = std::min(most_fit_bytes, bytes + sliding);
  }
  return capped_product(bytes, question_.batch);
}

std::int64_t FitShare::available(std::uint64_t context) const {
  const FineBytes left = budget() - weights() - overhead(context);
  if (const auto told = room()) {
    const FineBytes spare = left - static_cast<FineBytes>(*told) * fine_bytes;
    return spare < 0 ? spare / fine_bytes - 1 : static_cast<std::int64_t>(*told);
  }
  const std::int64_t rest = left / 1000 * static_cast<FineBytes>(room_permille()) / fine_bytes;
  const auto tokens = room_tokens();
  if (!tokens) return rest;
  return std::min(rest, static_cast<std::int64_t>(capped_product(*tokens, token_bytes())));
}

// With windows a pool is divided between kinds of layers, in a ratio that is not known.
std::optional<std::uint64_t> FitShare::room_tokens() const {
  const CacheRoom& told = question_.room;
  const bool counts = keeps_cache() && shape_.sliding_layers == 0;
  return counts && told.kind == CacheRoom::Kind::tokens ? std::optional(told.amount) : std::nullopt;
}

std::uint64_t FitShare::room_permille() const {
  const CacheRoom& told = question_.room;
  if (told.kind == CacheRoom::Kind::share) return std::min<std::uint64_t>(told.amount, 1000);
  return std::uint64_t{rules_.cache_percent} * 10;
}

std::optional<std::uint64_t> FitShare::room() const {
  const CacheRoom& told = question_.room;
  if (shape_.kind != ModelShape::Kind::generates) return std::nullopt;
  if (told.kind == CacheRoom::Kind::bytes) return std::min(told.amount, most_room);
  if (told.kind != CacheRoom::Kind::blocks || !has_plain_blocks()) return std::nullopt;
  return std::min(most_room,
                  capped_product(capped_product(told.amount, block_tokens()), token_bytes()));
}

std::uint64_t FitShare::block_tokens() const {
  return std::max<std::uint64_t>(1, question_.block_tokens.value_or(rules_.block_tokens));
}

bool FitShare::holds(std::uint64_t context) const {
  const std::int64_t left = available(context);
  return left >= 0 && static_cast<std::uint64_t>(left) >= cache(context);
}

std::uint64_t FitShare::token_bytes() const {
  if (!keeps_cache()) return 0;
  return layer_bytes() * (mine(shape_.full_layers()) + mine(shape_.sliding_layers));
}

FineBytes FitShare::of_memory(std::uint64_t permille) const {
  const std::uint64_t share = std::min<std::uint64_t>(permille, 1000);
  return static_cast<FineBytes>(std::min(memory, most_fit_bytes) * share * 10);
}

FineBytes FitShare::base() const {
  return FineBytes{rules_.base_gib_hundredths} * (FineBytes{1} << 30) * (fine_bytes / 100);
}

bool FitShare::keeps_cache() const {
  return shape_.kind == ModelShape::Kind::generates && shape_.gap.empty();
}

// Whether a block is one of every layer: vLLM groups layers that differ, and gives a latent, and
// attention beside Mamba, other blocks than its usual ones.
bool FitShare::has_plain_blocks() const {
  const bool is_even = shape_.sliding_layers == 0 && shape_.constant_layers == 0;
  return keeps_cache() && is_even && (shape_.latent == 0 || question_.block_tokens);
}

bool FitShare::has_layers_each() const {
  return rules_.split == MemoryOverhead::Split::layers && shape_.layers > 0;
}

// That have layers each.
std::uint64_t FitShare::stages() const {
  return has_layers_each() ? gpus : stages_of(question_);
}

std::uint64_t FitShare::mine(std::uint64_t layers) const {
  return ceil_div(layers, stages());
}

std::uint64_t FitShare::layer_bytes() const {
  const std::uint64_t copies = std::max<std::uint64_t>(1, question_.sizes.attention);
  const std::uint64_t over = has_layers_each() ? 1 : std::max<std::uint64_t>(1, gpus / copies);
  return cache_layer_bytes(shape_, over, question_.cache, question_.values);
}

// fs/ggml/ggml.go of Ollama: full offload without flash attention.
std::uint64_t FitShare::graph(std::uint64_t context) const {
  if (!rules_.graph_batch || shape_.hidden == 0) return 0;
  const std::uint64_t attention = capped_product(context, 1 + shape_.heads);
  const std::uint64_t layer = std::min(most_fit_bytes, 1 + 4 * shape_.hidden + attention);
  const std::uint64_t head = shape_.hidden + shape_.vocabulary;
  return capped_product(4 * std::uint64_t{*rules_.graph_batch}, std::max(layer, head));
}

}  // namespace mlpack
