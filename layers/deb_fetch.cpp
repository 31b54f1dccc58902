#include "layers/deb_fetch.h"

#include "lib/error.h"
#include "lib/store/downloads.h"

#include <algorithm>

namespace mlpack {
namespace {

// Tells the progress what passes through, and stops when asked to.
class WatchedSink : public Sink {
 public:
  WatchedSink(Sink& inner, const DebianContext& context, int task)
      : inner_(inner), context_(context), task_(task) {}
  void write(Bytes bytes) override {
    context_.stop.check();
    inner_.write(bytes);
    context_.progress.advance(task_, bytes.size());
  }

 private:
  Sink& inner_;
  const DebianContext& context_;
  int task_;
};

void check_content(const WantedFile& file,
                   const std::string& url,
                   std::uint64_t size,
                   const Digest& digest) {
  if (size == file.size && digest == file.sha256) return;
  const std::string what = size != file.size
                               ? fmt::format("{} bytes instead of {}", size, file.size)
                               : fmt::format("{} instead of {}", digest.text(), file.sha256.text());
  throw Error(Fault::integrity,
              fmt::format("`{}` is not what the signed index says: {}", url, what),
              "the mirror may be in the middle of an update: try again");
}

bool fetch_from(const std::string& url,
                const WantedFile& file,
                const DebianContext& context,
                int task) {
  const std::unique_ptr<AtomicFile> out = context.store.new_cached();
  Hasher hasher;
  Tee tee(hasher, *out);
  WatchedSink sink(tee, context, task);
  if (!context.downloader.get(url, file.size, sink)) return false;
  check_content(file, url, hasher.bytes(), hasher.finish());
  // Who fetched it meanwhile reads from it: it is not put in the place of theirs.
  if (is_intact(context.store, file.sha256, {context.stop, context.downloads})) return true;
  out->commit_as(context.store.cache_path(file.sha256));
  note_intact(context.store, file.sha256);
  return true;
}

void fetch_file(const WantedFile& file, const DebianContext& context, int task) {
  context.stop.check();
  const bool found = std::any_of(file.urls.begin(), file.urls.end(), [&](const std::string& url) {
    return fetch_from(url, file, context, task);
  });
  if (found) return;
  throw Error(
      Fault::refused,
      fmt::format("the mirror has no `{}`", file.urls.back()),
      "it may have dropped that version: `mlpack lock --upgrade system_packages` takes what it "
      "has now, and a `snapshot` keeps what there was");
}

}  // namespace

void fail_offline(const std::string& name) {
  throw Error(Fault::input,
              fmt::format("`{}` is not in the store, and `--offline` forbids to fetch it", name),
              "run `mlpack fetch` while there is a network");
}

void fetch_files(const std::vector<WantedFile>& files,
                 const std::string& label,
                 const DebianContext& context) {
  std::vector<const WantedFile*> missing;
  std::uint64_t total = 0;
  for (const WantedFile& file : files) {
    if (is_intact(context.store, file.sha256, {context.stop, context.downloads})) continue;
    missing.push_back(&file);
    total += file.size;
  }
  if (missing.empty()) return;
  if (context.offline == Offline::yes) fail_offline(missing.front()->name);
  const int task = context.progress.begin(label, total);
  parallel_for(missing.size(), context.jobs, [&](std::size_t index) {
    fetch_file(*missing[index], context, task);
  });
  context.progress.end(task, "fetched");
}

}  // namespace mlpack
