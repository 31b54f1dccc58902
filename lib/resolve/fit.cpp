#include "lib/resolve/fit.h"

#include "lib/error.h"
#include "lib/resolve/fit_division.h"
#include "lib/resolve/fit_share.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace mlpack {
namespace {

constexpr std::uint64_t longest = std::uint64_t{1} << 28;
constexpr std::uint64_t mib = std::uint64_t{1} << 20;

// The most that `holds`, which is true up to it; 0 where it never is.
template <class Holds>
std::uint64_t largest(std::uint64_t limit, Holds holds) {
  std::uint64_t low = 0;
  std::uint64_t high = limit;
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    if (holds(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

std::string gpus_text(const FitQuestion& question, std::uint64_t gpus) {
  const std::string slice = question.mig.empty() ? "" : ", slice " + printable(question.mig);
  return fmt::format("{} of {}{}{}", gpus, question.gpu->name, slice, shares_text(question, gpus));
}

// The room that a command says is too small, whatever memory there is.
bool lacks_room(const Fit& fit) {
  return fit.room_bytes > 0 && fit.cache_bytes > fit.room_bytes;
}

std::string share_text(const Fit& fit, const FitQuestion& question) {
  if (fit.room_tokens > 0) {
    return fmt::format(", of {} as `{}` says", fit.room_tokens, printable(question.room.told));
  }
  if (fit.room_permille >= 1000) return {};
  const bool is_told = question.room.kind == CacheRoom::Kind::share;
  return fmt::format(", which may take {} % of what is left{}",
                     static_cast<double>(fit.room_permille) / 10,
                     is_told ? fmt::format(", as `{}` says", printable(question.room.told)) : "");
}

std::string cache_text(const Fit& fit, const FitQuestion& question) {
  const std::string sequences =
      question.batch > 1 ? fmt::format(" of {} sequences each", question.batch) : "";
  const std::string tokens = fmt::format("{} tokens{}", fit.context, sequences);
  const std::string cache = human_size(fit.cache_bytes);
  if (fit.room_bytes == 0) {
    if (fit.cache_bytes == 0) return {};
    return fmt::format(", keys and values {} for {}{}", cache, tokens, share_text(fit, question));
  }
  const std::string text = fmt::format(", keys and values {} as `{}` says",
                                       human_size(fit.room_bytes),
                                       printable(question.room.told));
  return fit.cache_bytes == 0 ? text : text + fmt::format("; {} take {}", tokens, cache);
}

std::string reason_of(const Fit& fit, const ModelShape& shape, const FitQuestion& question) {
  const std::string parts = fmt::format("weights {}, overhead {}{}",
                                        human_size(fit.weight_bytes),
                                        human_size(fit.overhead_bytes),
                                        cache_text(fit, question));
  std::string text = fmt::format("on {} each needs about {} ({}) of the {} that may be used",
                                 gpus_text(question, fit.parallel),
                                 human_size(fit.need_bytes),
                                 parts,
                                 human_size(fit.have_bytes));
  if (fit.verdict == Verdict::unknown && !shape.gap.empty()) text += "; " + shape.gap;
  return text;
}

std::uint64_t context_of(const ModelShape& shape, const FitQuestion& question) {
  const std::uint64_t wanted = std::min(question.context.value_or(shape.context), longest);
  using Use = FitQuestion::ContextUse;
  const bool is_limited = question.context_use == Use::as_model ||
                          (question.context_use == Use::as_limit && shape.is_context_limit);
  return is_limited && shape.context > 0 ? std::min(wanted, shape.context) : wanted;
}

Fit measured(const FitShare& share, const ModelShape& shape, const FitQuestion& question) {
  Fit fit;
  fit.parallel = share.gpus * stages_of(question);
  fit.context = std::min(context_of(shape, question), share.room_tokens().value_or(longest));
  fit.have_bytes = static_cast<std::uint64_t>(share.budget() / fine_bytes);
  fit.weight_bytes = static_cast<std::uint64_t>(share.weights() / fine_bytes);
  fit.overhead_bytes = static_cast<std::uint64_t>(share.overhead(fit.context) / fine_bytes);
  fit.cache_bytes = share.cache(fit.context);
  fit.room_bytes = share.room().value_or(0);
  fit.room_permille = share.room_permille();
  fit.room_tokens = share.room_tokens().value_or(0);
  fit.need_bytes = fit.weight_bytes + fit.overhead_bytes + share.room().value_or(fit.cache_bytes);
  fit.cache_available = share.available(fit.context);
  fit.cache_token_bytes = share.token_bytes();
  const bool is_known =
      shape.kind != ModelShape::Kind::generates || (shape.gap.empty() && fit.context > 0);
  const bool holds = share.holds(fit.context);
  fit.verdict = !holds ? Verdict::no : is_known ? Verdict::yes : Verdict::unknown;
  return fit;
}

void add_limits(Fit& fit,
                const FitShare& share,
                const ModelShape& shape,
                const FitQuestion& question) {
  if (fit.cache_token_bytes == 0 || !share.holds(0)) return;
  const std::uint64_t limit = shape.context > 0 ? shape.context : longest;
  fit.largest_context = largest(limit, [&](std::uint64_t tokens) { return share.holds(tokens); });
  if (fit.cache_available < 0) return;
  const auto left = static_cast<std::uint64_t>(fit.cache_available);
  fit.cache_blocks = left / capped_product(fit.cache_token_bytes, share.block_tokens());
  fit.cache_tokens = fit.cache_blocks * share.block_tokens();
  const std::uint64_t one = fit.cache_bytes / std::max<std::uint64_t>(1, question.batch);
  if (one > 0) fit.largest_batch = left / one;
}

const MigProfile& mig_profile(const Catalog& catalog, const Gpu& gpu, const std::string& mig) {
  std::vector<std::string> known;
  for (const MigProfile& row : catalog.mig_profiles()) {
    if (gpu.mig.empty() || row.gpu != gpu.mig) continue;
    if (row.profile == mig) return row;
    known.emplace_back(row.profile);
  }
  throw Error(Fault::usage,
              fmt::format("{} has no MIG profile `{}`", gpu.name, printable(mig)),
              known.empty() ? "name the GPU without a profile" : "use one of " + join(known, ", "));
}

const GpuMemory* measured_memory(const Catalog& catalog, const Gpu& gpu) {
  for (const GpuMemory& row : catalog.gpu_memory()) {
    if (row.gpu == gpu.name) return &row;
  }
  return nullptr;
}

Fit refusal(const FitQuestion& question, std::string reason) {
  Fit fit;
  fit.verdict = Verdict::no;
  fit.parallel = capped_product(question.parallel.value_or(1), stages_of(question));
  fit.reason = std::move(reason);
  return fit;
}

// A server that the catalog does not know may divide a model by itself.
bool may_be_divided(const Fit& fit, const MemoryOverhead& rules, std::uint64_t count) {
  if (rules.split != MemoryOverhead::Split::single || fit.verdict != Verdict::no) return false;
  return count > 1 && fit.need_bytes / count < fit.have_bytes;
}

// Of a mixture of experts the layers of experts are divided over the GPUs of all copies, and which
// of the weights they are is not known.
bool may_share_experts(const Fit& fit, const ModelShape& shape, const FitQuestion& question) {
  const ParallelSizes& sizes = question.sizes;
  const bool does_share = sizes.experts == ParallelSizes::Experts::shared && sizes.data > 1;
  if (fit.verdict != Verdict::no || shape.experts < 2 || !does_share) return false;
  return fit.need_bytes - fit.weight_bytes / sizes.data * (sizes.data - 1) <= fit.have_bytes;
}

// What is left in the memory of the machine, and what becomes smaller on the way to the GPU: to a
// quarter at most, of 16 bits.
std::uint64_t may_be_saved(const Fit& fit, const ModelShape& shape, const FitQuestion& question) {
  const bool is_quantised = !question.quantisation.empty() && shape.quantisation.empty();
  const std::uint64_t smaller = is_quantised ? fit.weight_bytes / 4 * 3 : 0;
  return std::min(fit.weight_bytes, smaller + question.offload_bytes);
}

std::string loading_gap(const Fit& fit, const ModelShape& shape, const FitQuestion& question) {
  const std::uint64_t saved = may_be_saved(fit, shape, question);
  if (fit.verdict != Verdict::no || saved == 0 || fit.need_bytes - saved > fit.have_bytes)
    return {};
  if (question.offload_bytes > 0) {
    return fmt::format("up to {} of the weights stay in the memory of the machine",
                       human_size(question.offload_bytes));
  }
  return fmt::format(
      "weights are made smaller as they are loaded ({}), and how large they are then "
      "is not known",
      printable(question.quantisation));
}

// The fewest GPUs that hold it, or the most there are.
Fit best_fit(const std::vector<std::uint64_t>& sizes,
             FitShare share,
             const ModelShape& shape,
             const FitQuestion& question) {
  Fit fit;
  for (const std::uint64_t gpus : sizes) {
    share.gpus = gpus;
    fit = measured(share, shape, question);
    if (fit.verdict != Verdict::no) break;
  }
  add_limits(fit, share, shape, question);
  return fit;
}

// What nobody knows of a runtime or a model turns a no into an answer that is not known.
void doubt(Fit& fit,
           const ModelShape& shape,
           const FitQuestion& question,
           const MemoryOverhead& rules) {
  std::string gap;
  if (may_be_divided(fit, rules, question.mig.empty() ? question.count : 1)) {
    gap = "nothing is known of how this runtime divides a model over GPUs";
  } else if (may_share_experts(fit, shape, question)) {
    gap = fmt::format(
        "experts are divided over the GPUs of all {} copies, and how large they are "
        "is not known",
        question.sizes.data);
  }
  if (gap.empty()) gap = loading_gap(fit, shape, question);
  const bool may_offload = rules.split == MemoryOverhead::Split::layers;
  if (gap.empty() && may_offload && fit.verdict == Verdict::no) {
    gap = "layers without room there stay with the processor, if the command lets them";
  }
  if (gap.empty()) return;
  fit.verdict = Verdict::unknown;
  fit.reason += "; " + gap;
}

// As the runtime holds it in memory.
ModelShape as_loaded(ModelShape shape, const FitQuestion& question) {
  const bool is_as_it_is = !shape.quantisation.empty() || !question.quantisation.empty();
  if (question.element_bytes == 0 || shape.element_bytes == 0 || is_as_it_is) return shape;
  shape.weight_bytes =
      std::min(most_fit_bytes, shape.weight_bytes / shape.element_bytes * question.element_bytes);
  return shape;
}

Fit estimated(const Catalog& catalog,
              const ModelShape& shape,
              const FitQuestion& question,
              const std::vector<std::uint64_t>& possible) {
  const std::uint64_t memory = gpu_bytes(catalog, *question.gpu, question.mig);
  if (auto gap = division_gap(shape, question, possible); !gap.empty()) {
    return refusal(question, std::move(gap));
  }
  Fit fit;
  if (shape.weight_bytes == 0) {
    fit.reason = "no file of weights says how large the model is";
    return fit;
  }
  const MemoryOverhead& rules = memory_overhead(catalog, question.runtime);
  FitShare share(shape, question, rules);
  share.memory = memory;
  const auto sizes = question.parallel ? std::vector{*question.parallel} : possible;
  fit = best_fit(sizes, share, shape, question);
  fit.reason = reason_of(fit, shape, question);
  if (!lacks_room(fit)) doubt(fit, shape, question, rules);
  fit.evidence = {rules.row, question.gpu->row};
  if (const GpuMemory* const known = measured_memory(catalog, *question.gpu)) {
    fit.evidence.push_back(known->row);
  }
  return fit;
}

}  // namespace

std::uint64_t gpu_bytes(const Catalog& catalog, const Gpu& gpu, const std::string& mig) {
  const std::uint64_t nominal = std::uint64_t{gpu.memory_gib} * 1024;
  const GpuMemory* const known = measured_memory(catalog, gpu);
  const std::uint64_t visible = known != nullptr ? known->visible_mib : nominal * 15 / 16;
  if (mig.empty()) return visible * mib;
  const MigProfile& profile = mig_profile(catalog, gpu, mig);
  const std::uint64_t slice = std::uint64_t{profile.memory_gib.value_or(gpu.memory_gib)} * 1024;
  return std::min(visible, slice * visible / nominal) * mib;
}

const MemoryOverhead& memory_overhead(const Catalog& catalog, const std::string& runtime) {
  const MemoryOverhead* other = nullptr;
  for (const MemoryOverhead& row : catalog.memory_overheads()) {
    if (row.runtime == runtime) return row;
    if (row.runtime == "other") other = &row;
  }
  if (other == nullptr) fail(Fault::internal, "memory_overheads has no row `other`");
  return *other;
}

Fit estimate_fit(const Catalog& catalog, const ModelShape& files, const FitQuestion& question) {
  const ModelShape shape = as_loaded(files, question);
  const MemoryOverhead& rules = memory_overhead(catalog, question.runtime);
  // A process sees one slice, and NCCL connects none (recalled; no document was read).
  const std::uint64_t count = question.mig.empty() ? gpus_of_a_stage(question) : 1;
  const auto possible = possible_parallel(shape, rules.split, count, question.sizes.attention);
  FitQuestion asked = question;
  const std::string gap = context_gap(shape, question);
  if (!gap.empty()) asked.context = shape.context;
  Fit fit = estimated(catalog, shape, asked, possible);
  if (!gap.empty()) {
    fit.verdict = Verdict::no;
    fit.context = *question.context;
    fit.reason = gap;
  }
  const bool takes_less = question.context_use == FitQuestion::ContextUse::as_room;
  if (takes_less && fit.verdict == Verdict::no && fit.largest_context > 0) {
    FitQuestion shorter = question;
    shorter.context = fit.largest_context;
    fit = estimated(catalog, shape, shorter, possible);
  }
  fit.possible = possible;
  fit.stages = stages_of(question);
  fit.copies = std::max<std::uint64_t>(1, question.sizes.copies);
  return fit;
}

}  // namespace mlpack
