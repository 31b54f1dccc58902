#include "layers/compress.h"
#include "lib/error.h"
#include "lib/text.h"
#include "tests/unit/layers/pack_support.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("an uncompressed layer of the user's files is hashed and not written") {
  Workplace work;
  const fs::path file = work.dir.write("w", std::string(100'000, 'w'));
  const PackJob job = Workplace::job({file_entry("m/w", file)}, Compression::none);
  const Layer layer = pack_layer(job, work.store, work.context);
  const std::string tar = all_of(*TarView(job.recipe).open());
  CHECK(layer.descriptor.digest == Digest::of(tar));
  CHECK(layer.descriptor.size == tar.size());
  CHECK(layer.descriptor.media_type == "application/vnd.oci.image.layer.v1.tar");
  CHECK(layer.diff_id == layer.descriptor.digest);
  CHECK(layer.role == Role::weights);
  CHECK(layer.name == "base");
  CHECK(layer.created_by == "mlpack: weights base");
  CHECK_FALSE(layer.reused);
  CHECK(layer.descriptor.annotations.at("dev.mlpack.layer.codec") == "none");
  CHECK_FALSE(work.store.has_blob(layer.descriptor.digest));
  CHECK(work.store.recipe(layer.descriptor.digest) == job.recipe);
  CHECK(bytes_of(open_blob(work.store), layer.descriptor) == tar);
}

TEST_CASE("a compressed layer is a blob with both digests") {
  Workplace work;
  const fs::path file = work.dir.write("f", std::string(3'000'000, 'f'));
  for (const Compression codec : {Compression::gzip, Compression::zstd}) {
    const PackJob job = Workplace::job({file_entry("f", file)}, codec);
    const Layer layer = pack_layer(job, work.store, work.context);
    CHECK(work.store.has_blob(layer.descriptor.digest));
    CHECK_FALSE(work.store.recipe(layer.descriptor.digest));
    const std::string blob = bytes_of(open_blob(work.store), layer.descriptor);
    CHECK(Digest::of(blob) == layer.descriptor.digest);
    CHECK(blob.size() == layer.descriptor.size);
    const auto tar = all_of(*decompress(std::make_unique<StringSource>(blob), codec));
    CHECK(Digest::of(tar) == layer.diff_id);
    CHECK(layer.descriptor.annotations.at("dev.mlpack.layer.codec") == codec_id(codec));
    CHECK(layer_compression(layer.descriptor.media_type) == codec);
  }
}

TEST_CASE("an unchanged source is not read again") {
  Workplace work;
  const fs::path file = work.dir.write("w", std::string(5000, 'w'));
  const PackJob job = Workplace::job({file_entry("m/w", file)}, Compression::zstd);
  const Layer first = pack_layer(job, work.store, work.context);
  const std::uint64_t read = work.progress.bytes();
  CHECK(read > 5000);
  // Not even opened: it may be gone.
  ::unlink(file.c_str());
  const Layer second = pack_layer(job, work.store, work.context);
  CHECK(work.progress.bytes() == read);
  CHECK(second.reused);
  CHECK(second.descriptor == first.descriptor);
  CHECK(second.diff_id == first.diff_id);
  CHECK(work.progress.outcomes ==
        std::multiset<std::string>{
            fmt::format("weights base of 6656: packed: {}", human_size(first.descriptor.size)),
            fmt::format("weights base of {}: reused: nothing changed", first.descriptor.size)});
}

TEST_CASE("a file that was written in the last moment is remembered all the same") {
  Workplace work;
  const fs::path file = work.dir.write("w", "fresh");
  const PackJob job = Workplace::job({file_entry("m/w", file)}, Compression::none);
  pack_layer(job, work.store, work.context);
  CHECK(pack_layer(job, work.store, work.context).reused);
}

TEST_CASE("a blob that is nowhere is an error that says what to do") {
  Workplace work;
  Descriptor blob{"application/x", Digest::of("none"), 4, {}, {}};
  const std::string message = "`" + blob.digest.text() + "` is not in the store";
  CHECK_THROWS_WITH_AS(open_blob(work.store)(blob), message.c_str(), Error);
}

TEST_CASE("an uncompressed layer of package members is stored: it cannot be read from files") {
  Workplace work;
  work.context.open_members = [] {
    return [](const ArchiveMember& asked_for) -> std::unique_ptr<Source> {
      const auto& member = std::get<DebMember>(asked_for);
      return std::make_unique<StringSource>("content of " + member.member);
    };
  };
  RecipeEntry entry = text_entry("usr/lib/x", "");
  entry.size = 12;
  entry.content = DebMember{Digest::of("deb"), "x"};
  const PackJob job = Workplace::job({entry}, Compression::none);
  const Layer layer = pack_layer(job, work.store, work.context);
  CHECK(work.store.has_blob(layer.descriptor.digest));
  CHECK(layer.diff_id == layer.descriptor.digest);
  CHECK(bytes_of(open_blob(work.store), layer.descriptor).substr(512, 12) == "content of x");
}

TEST_CASE("a layer of files in the network is sent while it is read, once") {
  Workplace work;
  int opened = 0;
  const OpenRemoteFile open_remote = [&](const RemoteContent& file, std::uint64_t size) {
    ++opened;
    CHECK(size == 12);
    return std::make_unique<StringSource>("content of " + file.path);
  };
  work.context.open_remote = open_remote;
  std::vector<std::string> sent;
  work.context.stream = [&](const BlobStream& stream) {
    CHECK(stream.label == "weights base");
    StringSink sink(1 << 20);
    copy(*stream.open(), sink);
    CHECK(sink.text.size() == stream.size);
    stream.moved(stream.size / 2);
    stream.moved(0);  // another attempt
    stream.moved(stream.size);
    sent.push_back(sink.text);
    return Digest::of(sink.text);
  };
  work.context.packed = [](const Layer&) { FAIL("it was sent already"); };
  RecipeEntry entry = text_entry("m/x", "");
  entry.size = 12;
  entry.content = RemoteContent{"hf://a/b", "x", "1", Digest::of("content of x")};
  const PackJob job = Workplace::job({entry}, Compression::none);
  const Layer layer = pack_layers({job}, work.store, work.context).front();
  REQUIRE(sent.size() == 1);
  CHECK(layer.descriptor.digest == Digest::of(sent.front()));
  CHECK_FALSE(work.store.has_blob(layer.descriptor.digest));
  CHECK(work.progress.bytes() == layer.descriptor.size);
  work.context.memo = PackContext::Memo::verify;
  CHECK(pack_layers({job}, work.store, work.context).front().reused);
  CHECK(opened == 1);
  CHECK(bytes_of(open_blob(work.store, {}, open_remote), layer.descriptor) == sent.front());
}

TEST_CASE("layers come back in their order and do not depend on the threads") {
  Workplace work;
  std::vector<PackJob> jobs;
  for (int i = 0; i < 9; ++i) {
    const std::string name = fmt::format("f{}", i);
    const auto size = static_cast<std::size_t>(1 + (i * 7919) % 50'000);
    const fs::path file = work.dir.write(name, std::string(size, static_cast<char>('a' + i)));
    const auto codec = static_cast<Compression>(i % 3);
    jobs.push_back(Workplace::job({file_entry(name, file)}, codec));
  }
  const auto digests = [&](std::size_t threads) {
    const TempDir dir;
    Store store(dir.path());
    PackContext context;
    context.jobs = threads;
    std::vector<Digest> found;
    for (const Layer& layer : pack_layers(jobs, store, context)) {
      found.push_back(layer.descriptor.digest);
    }
    return found;
  };
  const auto one = digests(1);
  CHECK(one.size() == 9);
  CHECK(digests(8) == one);
  CHECK(digests(3) == one);
}

TEST_CASE("each layer is handed on as soon as it is made, and not when it is remembered") {
  Workplace work;
  const fs::path large = work.dir.write("a", std::string(100'000, 'a'));
  const fs::path small = work.dir.write("b", "b");
  const std::vector<PackJob> jobs{Workplace::job({file_entry("a", large)}, Compression::none),
                                  Workplace::job({file_entry("b", small)}, Compression::gzip)};
  std::mutex mutex;
  std::set<std::string> handed;
  work.context.packed = [&](const Layer& layer) {
    const OpenBlob open = open_blob(work.store);
    CHECK(Digest::of(bytes_of(open, layer.descriptor)) == layer.descriptor.digest);
    const std::scoped_lock lock(mutex);
    handed.insert(layer.descriptor.digest.text());
  };
  const auto layers = pack_layers(jobs, work.store, work.context);
  CHECK(handed == std::set<std::string>{layers[0].descriptor.digest.text(),
                                        layers[1].descriptor.digest.text()});
  handed.clear();
  pack_layers(jobs, work.store, work.context);
  CHECK(handed.empty());
}

TEST_CASE("while a layer is handed on, the next one is made") {
  Workplace work;
  work.context.jobs = 1;
  std::vector<PackJob> jobs;
  for (const char* const name : {"a", "b"}) {
    const fs::path file = work.dir.write(name, name);
    jobs.push_back(Workplace::job({file_entry(name, file)}, Compression::none));
  }
  std::atomic<int> handed = 0;
  std::promise<void> second;
  bool overlapped = false;
  work.context.packed = [&](const Layer&) {
    if (++handed == 2) return second.set_value();
    overlapped =
        second.get_future().wait_for(std::chrono::seconds(30)) == std::future_status::ready;
  };
  pack_layers(jobs, work.store, work.context);
  CHECK(overlapped);
}

TEST_CASE("a stop ends packing and leaves no blob") {
  Workplace work;
  const fs::path file = work.dir.write("f", std::string(3'000'000, 'f'));
  Stop stop;
  stop.request(Fault::interrupted);
  work.context.stop = &stop;
  const std::vector<PackJob> jobs{Workplace::job({file_entry("f", file)}, Compression::zstd)};
  CHECK_THROWS_WITH_AS(pack_layers(jobs, work.store, work.context), "interrupted", Error);
  const fs::path blobs = work.store.root() / "blobs/sha256";
  CHECK((!fs::exists(blobs) || fs::is_empty(blobs)));
}
