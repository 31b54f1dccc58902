#include "layers/compress.h"
#include "lib/error.h"
#include "lib/text.h"
#include "tests/unit/layers/pack_support.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a file whose modification time was set back is read again") {
  Workplace work;
  const fs::path file = work.dir.write("w", "12345678");
  const auto pack = [&] {
    const PackJob job = Workplace::job({file_entry("m/w", file)}, Compression::none);
    return pack_layer(job, work.store, work.context);
  };
  const Layer before = pack();
  CHECK(pack().reused);
  const auto time = fs::last_write_time(file);
  work.dir.write("w", "87654321");
  fs::last_write_time(file, time);
  const Layer after = pack();
  CHECK_FALSE(after.reused);
  CHECK(after.descriptor.digest != before.descriptor.digest);
}

TEST_CASE("verifying reads what is remembered, and warns where the bytes are others") {
  Workplace work;
  const fs::path file = work.dir.write("w", "12345678");
  PackJob job = Workplace::job({file_entry("m/w", file)}, Compression::none);
  const Layer before = pack_layer(job, work.store, work.context);
  work.context.memo = PackContext::Memo::verify;
  CHECK_FALSE(pack_layer(job, work.store, work.context).reused);
  CHECK(work.progress.warnings.empty());
  // A change that no time stamp shows: a memo that says something else.
  const Digest other = Digest::of("other");
  work.store.put_recipe(other, job.recipe);
  Descriptor wrong = before.descriptor;
  wrong.digest = other;
  work.store.remember_layer(
      layer_key(job.recipe, "none"), job.recipe, INT64_MAX, KnownLayer{wrong, other});
  const Layer after = pack_layer(job, work.store, work.context);
  CHECK(after.descriptor == before.descriptor);
  CHECK(work.progress.warnings ==
        std::vector<std::string>{"`" + file.string() +
                                 "` changed although its time stamps did not; its layer was made "
                                 "anew"});
  work.context.memo = PackContext::Memo::trust;
  CHECK(pack_layer(job, work.store, work.context).descriptor == before.descriptor);
}

TEST_CASE("a source that changes while it is packed is named, and nothing is remembered") {
  Workplace work;
  const fs::path file = work.dir.write("w", std::string(3'000'000, 'w'));
  const PackJob job = Workplace::job({file_entry("m/w", file)}, Compression::none);
  struct Meddler : Recorder {
    fs::path file;
    void advance(int task, std::uint64_t bytes) override {
      Recorder::advance(task, bytes);
      if (!file.empty()) REQUIRE(::truncate(file.c_str(), 2'000'000) == 0);
    }
  } meddler;
  meddler.file = file;
  work.context.progress = &meddler;
  const std::string cut = "`" + file.string() + "` ended at byte 2000000, 1000000 bytes short";
  CHECK_THROWS_WITH_AS(pack_layer(job, work.store, work.context), cut.c_str(), Error);
  CHECK(meddler.outcomes == std::multiset<std::string>{"weights base of 3005440: failed"});
  CHECK_FALSE(work.store.known_layer(layer_key(job.recipe, "none")));
  meddler.file.clear();
  const std::string changed = "`" + file.string() + "` changed after it was looked at";
  CHECK_THROWS_WITH_AS(pack_layer(job, work.store, work.context), changed.c_str(), Error);
}

TEST_CASE("bytes that changed behind their time stamps are not given away whole") {
  Workplace work;
  const fs::path file = work.dir.write("w", std::string(5000, 'w'));
  const PackJob job = Workplace::job({file_entry("m/w", file)}, Compression::none);
  Layer layer = pack_layer(job, work.store, work.context);
  // As if the file had been other bytes when it was hashed.
  const Digest was = Digest::of("other bytes");
  work.store.put_recipe(was, job.recipe);
  const Digest is = layer.descriptor.digest;
  layer.descriptor.digest = was;
  const auto source = open_blob(work.store)(layer.descriptor);
  std::uint64_t given = 0;
  std::string message;
  try {
    std::vector<std::byte> buffer(1000);
    while (const std::size_t count = source->read(buffer)) {
      given += count;
    }
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::integrity);
    message = std::string(error.what()) + " | " + error.hint();
  }
  CHECK(given < layer.descriptor.size);
  CHECK(message == "`" + file.string() +
                       "` changed although its time stamps did not: the layer was " + was.text() +
                       ", its bytes are " + is.text() +
                       " now | leave the files alone while they are sent, and build again with "
                       "`--verify-cache`");
}

TEST_CASE("a file that changed between build and push is named") {
  Workplace work;
  const fs::path file = work.dir.write("w", std::string(5000, 'w'));
  const PackJob job = Workplace::job({file_entry("m/w", file)}, Compression::none);
  const Layer layer = pack_layer(job, work.store, work.context);
  work.dir.write("w", std::string(5000, 'x'));
  const std::string changed = "`" + file.string() + "` changed after it was looked at";
  CHECK_THROWS_WITH_AS(bytes_of(open_blob(work.store), layer.descriptor), changed.c_str(), Error);
}

TEST_CASE("a file in the network that became another one is an error when its layer is sent") {
  Workplace work;
  std::string content = "content of x";
  work.context.open_remote = [&](const RemoteContent&, std::uint64_t) {
    return std::make_unique<StringSource>(content);
  };
  RecipeEntry entry = text_entry("m/x", "");
  entry.size = 12;
  entry.content = RemoteContent{"s3://a", "x", "e1", {}};
  const Layer layer =
      pack_layer(Workplace::job({entry}, Compression::none), work.store, work.context);
  content.back() = 'y';
  const OpenBlob open = open_blob(work.store, {}, work.context.open_remote);
  CHECK_THROWS_WITH_AS(bytes_of(open, layer.descriptor),
                       doctest::Contains("a file of `weights base` changed: the layer was "),
                       Error);
}

TEST_CASE("moved files are read at their new place, and give the same layer") {
  Workplace work;
  const fs::path file = work.dir.write("a/w", "weights");
  const Layer first = pack_layer(
      Workplace::job({file_entry("m/w", file)}, Compression::none), work.store, work.context);
  fs::rename(work.dir / "a", work.dir / "b");
  const PackJob moved = Workplace::job({file_entry("m/w", work.dir / "b/w")}, Compression::none);
  const Layer second = pack_layer(moved, work.store, work.context);
  CHECK(second.descriptor == first.descriptor);
  CHECK_FALSE(bytes_of(open_blob(work.store), second.descriptor).empty());
}
