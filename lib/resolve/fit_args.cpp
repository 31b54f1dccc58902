#include "lib/resolve/fit_args.h"

#include "lib/error.h"
#include "lib/resolve/runtime_args.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t most_bytes_told = std::uint64_t{1} << 46;
constexpr double gib = std::uint64_t{1} << 30;
constexpr double most_gib = 1 << 19;

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = failed == std::errc() && end == text.data() + text.size();
  return is_number && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

bool is_filled_in_later(std::string_view text) {
  return text.find("$(") != std::string_view::npos;
}

// `0.85` as 850.
std::optional<std::uint64_t> permille_in(std::string_view text) {
  const auto share = number_in(trim(text));
  if (!share || *share <= 0 || *share > 1) return std::nullopt;
  return static_cast<std::uint64_t>(*share * 1000 + 0.5);
}

// vLLM's multipliers: decimal where they are small letters.
std::uint64_t multiplier(char suffix) {
  constexpr std::array<std::pair<char, std::uint64_t>, 6> known{{{'k', 1'000},
                                                                 {'m', 1'000'000},
                                                                 {'g', 1'000'000'000},
                                                                 {'K', std::uint64_t{1} << 10},
                                                                 {'M', std::uint64_t{1} << 20},
                                                                 {'G', std::uint64_t{1} << 30}}};
  for (const auto& [name, times] : known) {
    if (name == suffix) return times;
  }
  return 1;
}

// What a command says of memory, by columns of the runtime's row.
class ToldMemory {
 public:
  ToldMemory(const ServingRuntime& row, const Spec& spec) : row_(row), spec_(spec) {}

  // In `args`, else in a variable of the environment.
  std::optional<std::string> said(std::string_view key) const {
    if (key.empty()) return std::nullopt;
    auto text = said_argument(row_, spec_.runtime->value, key);
    for (const EnvVariable& variable : spec_.env) {
      if (!text && is_called(key, variable.name)) text = variable.value({});
    }
    return text;
  }

  // Of those that pass their arguments on, that is what vLLM calls it.
  std::optional<std::string> context() const {
    auto text = said(row_.context);
    return text ? text : said("max-model-len");
  }

  FitQuestion::ContextUse context_use() const {
    using Use = FitQuestion::ContextUse;
    switch (row_.memory.longer) {
      case RuntimeMemory::Longer::kept:
        return Use::wanted;
      case RuntimeMemory::Longer::shortened:
        return Use::as_model;
      case RuntimeMemory::Longer::limited:
        return says_longer() ? Use::wanted : Use::as_limit;
      case RuntimeMemory::Longer::refused:
        return spec_.runtime->value.config || says_longer() ? Use::wanted : Use::within_model;
    }
    return Use::wanted;
  }

  std::optional<std::uint64_t> share(std::string_view key) const {
    const auto text = said(key);
    return text ? permille_in(*text) : std::nullopt;
  }

  // Bytes of an element of weights that are not quantised; 0: as in the files.
  unsigned element_bytes() const {
    const std::string dtype = to_lower(said(row_.memory.dtype).value_or("auto"));
    if (dtype == "float32" || dtype == "float") return 4;
    if (dtype == "half" || dtype == "float16" || dtype == "bfloat16") return 2;
    return dtype == "auto" ? row_.memory.auto_bytes : 0;
  }

  std::string quantisation() const {
    std::string method = said(row_.memory.quantisation).value_or("");
    return to_lower(method) == "none" ? std::string() : method;
  }

  std::uint64_t offload_bytes() const {
    const auto told = number_in(said(row_.memory.offload).value_or(""));
    return told && *told > 0 ? static_cast<std::uint64_t>(std::min(*told, most_gib) * gib) : 0;
  }

  std::optional<std::uint64_t> block_tokens() const {
    const auto tokens = parse_tokens(said(row_.memory.block_tokens).value_or(""));
    return tokens && *tokens > 0 ? tokens : std::nullopt;
  }

  CacheRoom room() const {
    const std::array rooms{std::pair{row_.memory.cache_blocks, CacheRoom::Kind::blocks},
                           std::pair{row_.memory.cache_bytes, CacheRoom::Kind::bytes},
                           std::pair{row_.memory.cache_tokens, CacheRoom::Kind::tokens}};
    for (const auto& [key, kind] : rooms) {
      const std::string text = said(key).value_or("");
      const auto amount = parse_tokens(text, most_bytes_told);
      if (amount && *amount > 0) return {kind, *amount, fmt::format("{} {}", key, text)};
    }
    const std::string_view key = row_.memory.cache_share;
    const auto permille = share(key);
    if (!permille) return {};
    return {CacheRoom::Kind::share, *permille, fmt::format("{} {}", key, *said(key))};
  }

  // Where nothing else is said, keys and values are what is computed in.
  CacheType cache() const {
    return cache_type(said("kv-cache-dtype") ? "kv-cache-dtype" : "cache-type-k");
  }

  // llama.cpp alone has another type for them.
  std::optional<CacheType> values() const {
    if (!said("cache-type-k") && !said("cache-type-v")) return std::nullopt;
    return cache_type("cache-type-v");
  }

 private:
  // Whether `variable` is the key, or means the same.
  bool is_called(std::string_view key, std::string_view variable) const {
    if (variable == key) return true;
    const std::string_view plain = key_of(key).empty() ? key : key_of(key);
    return std::any_of(row_.same.begin(), row_.same.end(), [&](ServingRuntime::Flag same) {
      const auto holds = [&](std::string_view name) {
        return std::find(same.begin(), same.end(), name) != same.end();
      };
      return holds(plain) && holds(variable);
    });
  }

  CacheType cache_type(std::string_view key) const {
    const CacheType unsaid = element_bytes() == 4 ? CacheType::full : CacheType::half;
    const std::string type = said(key).value_or("auto");
    return type == "auto" ? unsaid : parse_cache_type(type).value_or(unsaid);
  }

  // Keys may have parts: `hf-overrides.rope_scaling`.
  bool says_longer() const {
    const auto& keys = row_.memory.longer_with;
    return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
      const auto text = said(key);
      return (text && *text != "0") || has_part_of(spec_.runtime->value, key);
    });
  }

  static bool has_part_of(const Runtime& runtime, std::string_view key) {
    const std::string begin = fmt::format("{}.", key);
    const auto is_part = [&](std::string_view word) {
      word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
      return word.starts_with(begin);
    };
    const auto& words = runtime.plain_args;
    return std::any_of(words.begin(), words.end(), is_part) ||
           std::any_of(runtime.args.begin(), runtime.args.end(), [&](const RuntimeArg& arg) {
             return is_part(arg.key);
           });
  }

  const ServingRuntime& row_;
  const Spec& spec_;
};

void ask_context(const ToldMemory& told, FitQuestion& question) {
  const std::string text = told.context().value_or("");
  question.context_use = told.context_use();
  if (text == "auto" || text == "-1") question.context_use = FitQuestion::ContextUse::as_room;
  question.context = parse_tokens(text);
  if (question.context == std::uint64_t{0}) question.context.reset();
}

}  // namespace

std::optional<std::uint64_t> parse_tokens(std::string_view text, std::uint64_t most) {
  if (text.empty()) return std::nullopt;
  const std::uint64_t times = multiplier(text.back());
  if (times > 1) text.remove_suffix(1);
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto number = number_in(text);
  const bool is_whole = text.find('.') == std::string_view::npos;
  if (!number) return is_whole ? std::optional(most) : std::nullopt;
  const double tokens = *number * static_cast<double>(times);
  return tokens >= static_cast<double>(most) ? most : static_cast<std::uint64_t>(tokens);
}

void ask_as_told(const Catalog& catalog,
                 const ServingRuntime& row,
                 const Spec& spec,
                 FitQuestion& question) {
  const ToldMemory told(row, spec);
  ask_context(told, question);
  // The image's command divides the model over all GPUs, where it is known how that is done.
  const bool divides =
      memory_overhead(catalog, question.runtime).split == MemoryOverhead::Split::tensor;
  if (divides && !row.tensor_parallel.empty()) {
    question.sizes = parallel_sizes(row, spec);
    question.parallel = question.sizes.tensor.value_or(question.sizes.tensors_of(question.count));
  }
  const auto share = told.share(row.memory.share);
  question.utilisation_permille = share ? share : told.share("gpu-memory-utilization");
  question.static_permille = told.share(row.memory.static_share);
  question.room = told.room();
  question.block_tokens = told.block_tokens();
  question.element_bytes = told.element_bytes();
  question.quantisation = told.quantisation();
  question.offload_bytes = told.offload_bytes();
  question.cache = told.cache();
  question.values = told.values();
}

void require_shares(const ServingRuntime& row, const Runtime& runtime) {
  const RuntimeMemory& memory = row.memory;
  for (const std::string_view flag : {memory.share, memory.static_share, memory.cache_share}) {
    const auto said = flag.empty() ? std::nullopt : said_argument(row, runtime, flag);
    if (!said || is_filled_in_later(*said) || permille_in(*said)) continue;
    // KvCacheConfig of TensorRT-LLM takes 0.
    if (flag == memory.cache_share && number_in(trim(*said)) == 0.0) continue;
    throw Error(Fault::usage,
                fmt::format("{} is told `{} {}`, which is no share of a GPU's memory",
                            row.title,
                            flag,
                            printable(*said)),
                "say more than 0 and at most 1, such as 0.9");
  }
}

}  // namespace mlpack
