#include "lib/resolve/fit.h"
#include "lib/resolve/fit_division.h"
#include "lib/resolve/rules_code.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

// Of GPUs that one machine has: what NVIDIA's HGX boards carry, more only where more are asked for.
constexpr std::uint64_t gpus_of_a_machine = 8;
constexpr std::uint64_t most_tried = 2 * most_gpus;
constexpr std::uint64_t most_told = std::uint64_t{1} << 40;  // so that its products stay whole

// A way to make the weights smaller: 256ths of a bit for each, scales and zero points included
// (AWQ and GPTQ: groups of 128 with zero points; of GGUF: the sizes of its blocks).
struct Smaller {
  std::string_view method;  // of the table quantisations
  std::string_view title;
  std::uint64_t bits_256;
  std::uint64_t group;
};
constexpr std::array tensor_methods{Smaller{"fp8", "FP8", 8 * 256, 0},
                                    Smaller{"awq", "4 bits (AWQ)", 4 * 256 + 40, 128},
                                    Smaller{"gptq", "4 bits (GPTQ)", 4 * 256 + 40, 128}};
constexpr std::array gguf_methods{Smaller{"gguf", "8 bits (GGUF Q8_0)", 8 * 256 + 128, 0},
                                  Smaller{"gguf", "4 bits (GGUF Q4_K)", 4 * 256 + 128, 0}};

// Embeddings, the head and norms keep 16 bits.
std::uint64_t quantised_bytes(const ModelShape& shape, const Smaller& method) {
  const std::uint64_t outer =
      2 * shape.vocabulary * shape.hidden + (2 * shape.layers + 1) * shape.hidden;
  const std::uint64_t kept = std::min(shape.parameters, outer);
  return kept * 2 + (shape.parameters - kept) / 2048 * method.bits_256;
}

std::string gpus(std::uint64_t count) {
  return count == 1 ? "1 GPU" : fmt::format("{} GPUs", count);
}

class Remedies {
 public:
  Remedies(const Catalog& catalog,
           const ModelShape& shape,
           const FitQuestion& question,
           const std::vector<FitQuestion>& others)
      : catalog_(catalog),
        shape_(shape),
        question_(question),
        machines_(question.sizes.machines),
        others_(others) {}

  std::vector<FitRemedy> find(const Fit& fit) {
    try_context(fit);
    try_told();
    try_cache();
    try_quantisation();
    if (const auto count = nearest(shape_)) add(FitRemedy::Kind::count, count_text(*count));
    try_copies();
    try_gpu();
    if (found_.empty()) try_several();
    return std::move(found_);
  }

 private:
  void add(FitRemedy::Kind kind, std::string text) { found_.push_back({kind, std::move(text)}); }

  bool fits(const ModelShape& shape, const FitQuestion& question) const {
    return estimate_fit(catalog_, shape, question).verdict == Verdict::yes;
  }

  bool runs(std::string_view method) const {
    const auto runs_on = [&](const FitQuestion& machines) {
      const Version& device = machines.gpu->compute_capability;
      return quantisation_runs(catalog_, method, device).verdict == Verdict::yes;
    };
    return runs_on(question_) && std::all_of(others_.begin(), others_.end(), runs_on);
  }

  void try_context(const Fit& fit) {
    if (fit.largest_context == 0 || fit.largest_context >= fit.context) return;
    add(FitRemedy::Kind::context,
        fmt::format("a context of {} tokens at most", fit.largest_context));
  }

  // Without what a command says beside the usual.
  void try_told() {
    const auto in_16_bits = [](FitQuestion& machines) {
      machines.element_bytes = 2;
      if (machines.cache == CacheType::full) machines.cache = CacheType::half;
    };
    const auto of_all_memory = [](FitQuestion& machines) {
      machines.utilisation_permille.reset();
      machines.static_permille.reset();
    };
    const auto of_the_rest = [](FitQuestion& machines) { machines.room = {}; };
    const CacheRoom& room = question_.room;
    if (room.kind != CacheRoom::Kind::rest && hold_with(shape_, of_the_rest)) {
      add(FitRemedy::Kind::told,
          fmt::format(
              "the room for keys and values that the runtime takes by default, without `{}`",
              printable(room.told)));
    }
    if (question_.element_bytes == 4 && hold_with(shape_, in_16_bits)) {
      add(FitRemedy::Kind::told, "weights in 16 bits instead of 32");
    }
    if (is_limited() && hold_with(shape_, of_all_memory)) {
      add(FitRemedy::Kind::told, "the share of a GPU's memory that the runtime takes by default");
    }
  }

  bool is_limited() const { return question_.utilisation_permille || question_.static_permille; }

  void try_cache() {
    FitQuestion smaller = question_;
    smaller.cache = CacheType::fp8;
    if (question_.cache != CacheType::half || !runs("fp8") || !shares_tensors()) return;
    if (fits(shape_, smaller)) add(FitRemedy::Kind::cache, "keys and values in FP8");
  }

  bool shares_tensors() const {
    return memory_overhead(catalog_, question_.runtime).split == MemoryOverhead::Split::tensor;
  }

  std::vector<Smaller> methods() const {
    const bool is_quantised = !shape_.quantisation.empty() || shape_.parameters == 0;
    if (is_quantised || shape_.kind != ModelShape::Kind::generates) return {};
    if (shares_tensors()) return {tensor_methods.begin(), tensor_methods.end()};
    return {gguf_methods.begin(), gguf_methods.end()};
  }

  ModelShape quantised(const Smaller& method) const {
    ModelShape smaller = shape_;
    smaller.weight_bytes = std::min(shape_.weight_bytes, quantised_bytes(shape_, method));
    smaller.quantisation = method.method;
    smaller.group = method.group;
    return smaller;
  }

  void try_quantisation() {
    for (const Smaller& method : methods()) {
      const ModelShape smaller = quantised(method);
      if (!runs(method.method) || !fits(smaller, question_)) continue;
      return add(
          FitRemedy::Kind::quantisation,
          fmt::format("weights in {}, about {}", method.title, human_size(smaller.weight_bytes)));
    }
  }

  // Over how many GPUs of a machine the question has it; over how many of all, where nobody says
  // how many machines work as one.
  std::uint64_t told() const {
    if (!question_.parallel) return question_.count;
    const std::uint64_t gpus = std::min(*question_.parallel, most_told) * parts();
    const std::uint64_t machines = std::max<std::uint64_t>(1, machines_.value_or(1));
    return gpus / machines + (gpus % machines == 0 ? 0 : 1);
  }

  // That a copy of the tensors is one of.
  std::uint64_t parts() const {
    const auto counted = [](std::uint64_t size) {
      return std::clamp<std::uint64_t>(size, 1, most_tried);
    };
    const std::uint64_t copies = machines_ ? counted(question_.sizes.copies) : 1;
    return stages_of(question_) * counted(question_.sizes.context) * copies;
  }

  // A command says one number, for all machines.
  bool is_for_all() const { return question_.parallel && !others_.empty(); }

  // What `count` GPUs of a machine leave for tensors; nullopt: some would be idle.
  std::optional<std::uint64_t> tensors_with(std::uint64_t count) const {
    if (!question_.parallel) return count;
    const std::uint64_t gpus = count * std::min(machines_.value_or(1), most_tried);
    return gpus % parts() == 0 ? std::optional(gpus / parts()) : std::nullopt;
  }

  // Whether all machines that run the same command hold `shape`, changed by `change`.
  template <class Change>
  bool hold_with(const ModelShape& shape, Change change) const {
    const auto hold_as = [&](FitQuestion machines) {
      change(machines);
      return fits(shape, machines);
    };
    return hold_as(question_) &&
           (!is_for_all() || std::all_of(others_.begin(), others_.end(), hold_as));
  }

  // Whether `count` GPUs of the same kind hold `shape`: all of them, where a command says over how
  // many.
  bool hold(const ModelShape& shape, std::uint64_t count) const {
    const auto tensors = tensors_with(count);
    return tensors && hold_with(shape, [&](FitQuestion& machines) {
             machines.count = count;
             if (machines.parallel) machines.parallel = tensors;
           });
  }

  // The number of GPUs of the same kind that holds `shape` and is the nearest to what was told; of
  // two the smaller.
  std::optional<std::uint64_t> nearest(const ModelShape& shape) const {
    const std::uint64_t from = std::min(told(), std::max(most_tried, question_.count));
    const std::uint64_t limit = std::max(gpus_of_a_machine, machines_ ? question_.count : 2 * from);
    for (std::uint64_t step = 0; step < std::max(limit, from); ++step) {
      if (step < from && hold(shape, from - step)) return from - step;
      if (from + step <= limit && hold(shape, from + step)) return from + step;
    }
    return std::nullopt;
  }

  // Fewer copies of the model on the same GPUs.
  void try_copies() {
    if (!machines_ || !question_.parallel) return;
    for (std::uint64_t copies = std::min(question_.sizes.copies, most_tried); copies-- > 1;) {
      ParallelSizes sizes = question_.sizes;
      sizes.copies = sizes.data = copies;
      sizes.tensor = sizes.tensors_of(question_.count);
      const bool hold_it = hold_with(shape_, [&](FitQuestion& machines) {
        machines.sizes = sizes;
        machines.parallel = sizes.tensor;
      });
      if (!hold_it) continue;
      return add(FitRemedy::Kind::copies,
                 fmt::format("{} of the model instead of {} ({})",
                             copies == 1 ? "1 copy" : fmt::format("{} copies", copies),
                             question_.sizes.copies,
                             sizes.text()));
    }
  }

  std::string_view every_row() const { return is_for_all() ? " in every row of `fleet`" : ""; }

  // ` (tensor 4 x pipeline 2)`: what a command has to say then; empty: of tensors alone.
  std::string sizes_with(std::uint64_t count) const {
    if (parts() == 1) return {};
    ParallelSizes sizes = question_.sizes;
    sizes.tensor = tensors_with(count);
    return fmt::format(" ({})", sizes.text());
  }

  std::string count_text(std::uint64_t count) const {
    const bool says_other = told() != question_.count;
    if (!machines_ || (says_other && count <= question_.count)) {
      return fmt::format(
          "the model over {} instead of {}{}", gpus(count), told(), sizes_with(count));
    }
    const bool says_another = says_other && count != told();
    return fmt::format("{} instead of {}{}{}{}",
                       gpus(count),
                       question_.count,
                       every_row(),
                       says_another ? ", and the model over all of them" : "",
                       sizes_with(count));
  }

  // Those of the same kind with more memory, and no older; the least first.
  std::vector<const Gpu*> larger_gpus() const {
    const Gpu& own = *question_.gpu;
    std::vector<const Gpu*> gpus;
    for (const Gpu& gpu : catalog_.gpus()) {
      const bool is_larger = gpu.memory_gib > own.memory_gib || !question_.mig.empty();
      const bool is_no_older = gpu.compute_capability >= own.compute_capability;
      if (gpu.kind == own.kind && is_larger && is_no_older) gpus.push_back(&gpu);
    }
    std::stable_sort(gpus.begin(), gpus.end(), [](const Gpu* a, const Gpu* b) {
      return a->memory_gib < b->memory_gib;
    });
    return gpus;
  }

  void try_gpu() {
    FitQuestion other = question_;
    other.mig.clear();
    for (const Gpu* gpu : larger_gpus()) {
      other.gpu = gpu;
      if (!fits(shape_, other)) continue;
      return add(FitRemedy::Kind::gpu,
                 fmt::format("{} of {} ({} GB each)", other.count, gpu->name, gpu->memory_gib));
    }
  }

  // Smaller weights and more GPUs.
  void try_several() {
    for (const Smaller& method : methods()) {
      if (!runs(method.method)) continue;
      const auto count = nearest(quantised(method));
      if (!count) continue;
      return add(FitRemedy::Kind::several,
                 fmt::format("weights in {} on {}{}{}",
                             method.title,
                             gpus(*count),
                             every_row(),
                             sizes_with(*count)));
    }
  }

  const Catalog& catalog_;
  const ModelShape& shape_;
  const FitQuestion& question_;
  const std::optional<std::uint64_t> machines_;  // that work as one
  const std::vector<FitQuestion>& others_;
  std::vector<FitRemedy> found_;
};

}  // namespace

Fit fit_model(const Catalog& catalog,
              const ModelShape& shape,
              const FitQuestion& question,
              const std::vector<FitQuestion>& others) {
  Fit fit = estimate_fit(catalog, shape, question);
  if (fit.verdict == Verdict::no) {
    fit.remedies = Remedies(catalog, shape, question, others).find(fit);
  }
  return fit;
}

}  // namespace mlpack
