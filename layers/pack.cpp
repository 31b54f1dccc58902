#include "layers/pack.h"

#include "layers/compress.h"
#include "layers/pack_text.h"
#include "layers/snapshot.h"
#include "lib/error.h"
#include "lib/store/downloads.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>
#include <semaphore>
#include <thread>
#include <utility>

namespace mlpack {
namespace {

// One line of progress; an exception ends it as failed.
class Task {
 public:
  Task(const PackContext& context, const std::string& label, std::uint64_t total)
      : context_(context) {
    if (context.progress != nullptr) number_ = context.progress->begin(label, total);
  }
  ~Task() {
    if (context_.progress != nullptr) context_.progress->end(number_, outcome_);
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  void advance(std::size_t bytes) {
    if (context_.stop != nullptr) context_.stop->check();
    if (context_.progress != nullptr) context_.progress->advance(number_, bytes);
  }
  // An attempt begins anew at 0; a person sees only what is further than ever.
  void reach(std::uint64_t position) {
    advance(position - std::min(position, reached_));
    reached_ = std::max(position, reached_);
  }
  void succeed(std::string outcome) { outcome_ = std::move(outcome); }

 private:
  const PackContext& context_;
  int number_ = 0;
  std::uint64_t reached_ = 0;
  std::string outcome_ = "failed";
};

bool is_member(const RecipeEntry& entry) {
  return archive_of(entry.content) != nullptr;
}

// Whether the layer's bytes can be made again from the user's files, and need not be kept.
bool stays_recipe(const PackJob& job) {
  const auto& entries = job.recipe.entries;
  return job.compression == Compression::none &&
         std::none_of(entries.begin(), entries.end(), is_member);
}

Descriptor descriptor_of(const PackJob& job, const Digest& digest, std::uint64_t size) {
  Descriptor descriptor{
      std::string(layer_media_type(job.compression)), digest, size, {}, std::nullopt};
  descriptor.annotations.emplace(annotation::role, role_name(job.recipe.role));
  descriptor.annotations.emplace(annotation::name, job.recipe.name);
  descriptor.annotations.emplace(annotation::codec, codec_id(job.compression));
  return descriptor;
}

Layer layer_of(const PackJob& job, const KnownLayer& known, bool reused) {
  Layer layer{job.recipe.role, job.recipe.name, known.descriptor, known.diff_id, {}, reused};
  layer.created_by = "mlpack: " + layer_label(job.recipe);
  return layer;
}

// What packing one layer goes through; each step is the name of a function.
class Packing {
 public:
  Packing(const PackJob& job, Store& store, const PackContext& context)
      : job_(job),
        store_(store),
        context_(context),
        key_(layer_key(job.recipe, codec_id(job.compression))) {}

  // The layer as it is remembered; nullopt where it has to be read.
  std::optional<Layer> recall() {
    known_ = store_.known_layer(key_);
    const bool is_wanted = context_.memo == PackContext::Memo::trust || is_remote(job_.recipe);
    if (!is_wanted) return std::nullopt;
    if (!known_) return recall_elsewhere();
    // The same content may lie at another place than last time.
    if (stays_recipe(job_)) store_.put_recipe(known_->descriptor.digest, job_.recipe);
    Task task(context_, layer_label(job_.recipe), known_->descriptor.size);
    task.succeed("reused: nothing changed");
    return layer_of(job_, *known_, true);
  }

  // Of what somebody else made nothing is remembered: it was never held against the recipe.
  std::optional<Layer> recall_elsewhere() const {
    const auto made = context_.known ? context_.known(job_) : std::nullopt;
    if (!made) return std::nullopt;
    Task task(context_, layer_label(job_.recipe), made->descriptor.size);
    task.succeed("reused: the registry has it");
    return layer_of(job_, *made, true);
  }

  Layer pack(std::size_t workers) {
    const FileLock lock = wait_for_lock();
    if (auto made_meanwhile = recall()) return std::move(*made_meanwhile);
    const TarView view(
        job_.recipe, context_.open_members, context_.open_remote, [this](const auto&... content) {
          return open_range(store_, content...);
        });
    const std::int64_t snapshot = snapshot_of(job_.recipe);
    Task task(context_, layer_label(job_.recipe), view.size());
    const KnownLayer packed = is_streamed()        ? stream(view, task)
                              : stays_recipe(job_) ? hash(view, task)
                                                   : store_blob(view, workers, task);
    store_.remember_layer(key_, job_.recipe, snapshot, packed);
    if (stays_recipe(job_)) store_.put_recipe(packed.descriptor.digest, job_.recipe);
    warn_of_difference(packed);
    task.succeed((is_streamed() ? "streamed: " : "packed: ") + human_size(packed.descriptor.size));
    return layer_of(job_, packed, false);
  }

  // Whether packing it is sending it.
  bool is_streamed() const {
    return context_.stream && stays_recipe(job_) && is_remote(job_.recipe);
  }

 private:
  FileLock wait_for_lock() const {
    constexpr std::chrono::milliseconds pause(50);
    for (;;) {
      if (auto lock = store_.try_lock_layer(key_)) return std::move(*lock);
      if (context_.stop != nullptr) context_.stop->check();
      std::this_thread::sleep_for(pause);
    }
  }

  static void move(const TarView& view, Sink& sink, Task& task) {
    copy(*view.open(), sink, [&task](std::size_t bytes) { task.advance(bytes); });
  }

  KnownLayer stream(const TarView& view, Task& task) const {
    const Digest digest =
        context_.stream({layer_label(job_.recipe),
                         view.size(),
                         [&view] { return view.open(); },
                         [&task](std::uint64_t position) { task.reach(position); }});
    return {descriptor_of(job_, digest, view.size()), digest};
  }

  KnownLayer hash(const TarView& view, Task& task) const {
    Hasher hasher;
    move(view, hasher, task);
    const Digest digest = hasher.finish();
    return {descriptor_of(job_, digest, view.size()), digest};
  }

  // tar → hash (diff id) → compressor → hash (digest) → blob
  KnownLayer store_blob(const TarView& view, std::size_t workers, Task& task) const {
    const auto blob = store_.new_blob();
    Hasher digest;
    Tee out(digest, *blob);
    const auto compressor = make_compressor(job_.compression, out, workers);
    Hasher diff_id;
    Tee in(diff_id, *compressor);
    move(view, in, task);
    compressor->finish();
    const std::uint64_t size = digest.bytes();
    const Descriptor descriptor = descriptor_of(job_, digest.finish(), size);
    blob->commit_as(store_.blob_path(descriptor.digest));
    return {descriptor, diff_id.finish()};
  }

  void warn_of_difference(const KnownLayer& packed) const {
    const bool differs = known_ && known_->diff_id != packed.diff_id;
    if (!differs || context_.progress == nullptr) return;
    context_.progress->warn(silent_change(job_.recipe) + "; its layer was made anew");
  }

  const PackJob& job_;
  Store& store_;
  const PackContext& context_;
  Digest key_;
  std::optional<KnownLayer> known_;
};

std::uint64_t content_size(const PackJob& job) {
  return std::accumulate(
      job.recipe.entries.begin(),
      job.recipe.entries.end(),
      std::uint64_t{0},
      [](std::uint64_t sum, const RecipeEntry& entry) { return sum + entry.size; });
}

}  // namespace

Layer pack_layer(const PackJob& job, Store& store, const PackContext& context) {
  Packing packing(job, store, context);
  if (auto layer = packing.recall()) return std::move(*layer);
  return packing.pack(context.jobs);
}

std::vector<Layer> pack_layers(const std::vector<PackJob>& jobs,
                               Store& store,
                               const PackContext& context) {
  std::vector<std::optional<Layer>> slots(jobs.size());
  std::vector<Packing> packings;
  std::vector<std::size_t> missing;
  std::size_t compressed = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    slots[i] = packings.emplace_back(jobs[i], store, context).recall();
    if (slots[i]) continue;
    missing.push_back(i);
    if (jobs[i].compression != Compression::none) ++compressed;
  }
  std::stable_sort(missing.begin(), missing.end(), [&](std::size_t a, std::size_t b) {
    return content_size(jobs[a]) > content_size(jobs[b]);
  });
  // Threads of compressors, and with them memory, are shared among the layers that compress.
  const std::size_t workers = std::max<std::size_t>(
      context.jobs / std::max<std::size_t>(std::min(compressed, context.jobs), 1), 1);
  // While one is handed on, which may take long, the next one is packed.
  const std::size_t threads = context.packed ? context.jobs + 1 : context.jobs;
  std::counting_semaphore<> free(static_cast<std::ptrdiff_t>(context.jobs));
  parallel_for(missing.size(), threads, [&](std::size_t i) {
    std::optional<Layer>& made = slots[missing[i]];
    {
      const Slot slot(free);
      made = packings[missing[i]].pack(workers);
    }
    if (context.packed && !packings[missing[i]].is_streamed()) context.packed(*made);
  });
  std::vector<Layer> layers;
  layers.reserve(slots.size());
  for (auto& slot : slots) {
    if (slot) layers.push_back(std::move(*slot));
  }
  return layers;
}

}  // namespace mlpack
