#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/model_shape.h"
#include "lib/resolve/parallel_sizes.h"
#include "lib/resolve/rules.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

// Whether a model fits into the memory of GPUs: an estimate, whose formulas are in mlpack-fit(7).
// Pure functions over the catalog (memory_overheads, gpu_memory, mig_profiles, quantisations).

/// What a command says of the room for keys and values on each GPU.
struct CacheRoom {
  enum class Kind {
    rest,    // nothing: what weights and overhead leave
    bytes,   // so many, whatever the runtime's share of memory is
    blocks,  // the same in blocks of tokens
    share,   // so many thousandths of the rest
    tokens   // of the rest what so many tokens take: a context is no longer
  } kind = Kind::rest;
  std::uint64_t amount = 0;
  std::string told{};  // `--kv-cache-memory-bytes 2G`
};

/// One kind of GPU, or slices of it, with a model to be served on.
struct FitQuestion {
  const Gpu* gpu = nullptr;
  std::uint64_t count = 1;
  std::string mig;      // a profile, such as `3g.40gb`; empty: whole cards
  std::string runtime;  // as in the spec; one that the catalog does not know counts as `other`
  std::optional<std::uint64_t> context{};   // nullopt: the longest of the model
  std::uint64_t batch = 1;                  // sequences of that context at once
  std::optional<std::uint64_t> parallel{};  // GPUs that share its tensors; nullopt: the fewest
  ParallelSizes sizes{};                    // how else it is shared
  CacheType cache = CacheType::half;
  std::optional<CacheType> values{};                    // nullopt: as keys
  std::optional<std::uint64_t> utilisation_permille{};  // nullopt: the runtime's own
  std::optional<std::uint64_t> static_permille{};       // for weights, keys and values alone
  CacheRoom room{};
  std::optional<std::uint64_t> block_tokens{};  // nullopt: the runtime's own
  enum class ContextUse {
    wanted,
    within_model,  // a longer one than the model's own is refused
    as_model,      // no longer than the model's own
    as_limit,      // the same, unless something there stretches it
    as_room        // the longest for which there is room
  } context_use = ContextUse::wanted;
  unsigned element_bytes = 0;       // of weights that are not quantised; 0: as in the files
  std::string quantisation{};       // of such weights while they are loaded; empty: none
  std::uint64_t offload_bytes = 0;  // of the weights, left in the memory of the machine
};

/// A change after which it fits.
struct FitRemedy {
  enum class Kind { context, told, cache, quantisation, count, copies, gpu, several };
  Kind kind;
  std::string text;  // `2 GPUs instead of 1`
};

/// All bytes are of one GPU.
struct Fit {
  Verdict verdict = Verdict::unknown;   // whether `batch` sequences of `context` fit
  std::string reason;                   // one sentence, lower case, with the numbers
  std::uint64_t parallel = 1;           // over how many GPUs that is, each copy
  std::uint64_t stages = 1;             // of them
  std::uint64_t copies = 1;             // that the runtime makes of the model
  std::vector<std::uint64_t> possible;  // numbers of GPUs that divide its tensors, ascending
  std::uint64_t need_bytes = 0;         // weights, overhead, keys and values, or their room
  std::uint64_t have_bytes = 0;         // what the runtime may take
  std::uint64_t weight_bytes = 0;
  std::uint64_t overhead_bytes = 0;
  std::uint64_t cache_bytes = 0;        // keys and values of the batch
  std::uint64_t room_bytes = 0;         // taken for them, where a command says it
  std::uint64_t room_permille = 1000;   // that they may take of the rest
  std::uint64_t room_tokens = 0;        // and no more than so many; 0: as many as there is room for
  std::int64_t cache_available = 0;     // what is left for keys and values; negative: nothing is
  std::uint64_t cache_token_bytes = 0;  // of one token in all layers
  std::uint64_t cache_blocks = 0;       // that there is room for, of a model without windows
  std::uint64_t cache_tokens = 0;       // the same in tokens
  std::uint64_t context = 0;            // that was asked for; 0: not known
  std::uint64_t largest_context = 0;    // of `batch` sequences, no longer than the model's
  std::uint64_t largest_batch = 0;      // of `context`, of each copy
  std::vector<FitRemedy> remedies;      // of what does not fit, those that change least first
  std::vector<const CatalogRow*> evidence;
};

/// What a GPU (or a slice of it) has, in bytes: as nvidia-smi says, or fifteen sixteenths of its
/// nominal size, the least of what gpu_memory knows. Fault::usage: it has no such MIG profile.
std::uint64_t gpu_bytes(const Catalog& catalog, const Gpu& gpu, const std::string& mig);

/// The row of the runtime, or that of `other`.
const MemoryOverhead& memory_overhead(const Catalog& catalog, const std::string& runtime);

/// Every number of GPUs up to `count` that `split` may divide the model over: of tensors what
/// divides the heads, the width of the layers, and it in groups of the quantisation's; `attention`
/// copies of what has the heads have equal parts of the GPUs.
std::vector<std::uint64_t> possible_parallel(const ModelShape& shape,
                                             MemoryOverhead::Split split,
                                             std::uint64_t count,
                                             std::uint64_t attention = 1);

/// Without remedies.
Fit estimate_fit(const Catalog& catalog, const ModelShape& shape, const FitQuestion& question);

/// With them, where it does not fit: at most one of each kind, each tried. `others` are the other
/// machines of the fleet: a number of GPUs that a command says has to do for them, too, and so have
/// other weights.
Fit fit_model(const Catalog& catalog,
              const ModelShape& shape,
              const FitQuestion& question,
              const std::vector<FitQuestion>& others = {});

}  // namespace mlpack
