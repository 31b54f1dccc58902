#include "registry/remote_cache.h"

#include "tests/unit/registry/remote_rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string cached_weights = "the weights of a model";

class Breaking : public Source {
 public:
  Breaking(const std::string& text, std::uint64_t after)
      : text_(text.substr(0, after)), is_cut_(after < text.size()) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = text_.read(buffer);
    if (count == 0 && is_cut_) fail(Fault::network, "gone");
    return count;
  }

 private:
  StringSource text_;
  bool is_cut_;
};

// A source in memory that may break off.
class Shelf : public RemoteSource {
 public:
  const std::string& name() const override { return name_; }
  RemoteListing list() override { return {}; }
  void describe(RemoteFile& file) override { file.sha256 = described; }
  std::unique_ptr<Source> open(const RemoteFile&,
                               std::uint64_t offset,
                               std::uint64_t length) override {
    const std::scoped_lock lock(guard_);
    offsets.push_back(offset);
    return std::make_unique<Breaking>(content.substr(offset, length), breaks_after);
  }

  std::string content = cached_weights;
  std::optional<Digest> described;
  std::uint64_t breaks_after = 1000;
  std::vector<std::uint64_t> offsets;

 private:
  std::string name_ = "test://shelf";
  std::mutex guard_;
};

struct Cache {
  TempDir folder;
  Stop stop;
  NotedProgress progress;
  Shelf shelf;
  RemoteFile file{.path = "a/model.bin", .size = cached_weights.size()};

  Cache() { file.sha256 = Digest::of(cached_weights); }
  RemoteCache cache() { return RemoteCache(folder.path(), stop); }
  CachedFile get() { return cache().download_to(shelf, file, progress); }
  std::vector<std::string> files() {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      if (entry.is_regular_file()) found.push_back(fs::relative(entry, folder.path()).string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
};

const std::string place = "sha256/" + Digest::of(cached_weights).hex();

}  // namespace

TEST_CASE("a file is fetched once, and lies under its digest") {
  Cache cache;
  CHECK_FALSE(cache.cache().find(cache.shelf, cache.file));
  const CachedFile file = cache.get();
  CHECK(file.path == cache.folder / place);
  CHECK(file.sha256 == Digest::of(cached_weights));
  CHECK(cache.folder.read(place) == cached_weights);
  CHECK(cache.get().path == file.path);
  CHECK(cache.shelf.offsets == std::vector<std::uint64_t>{0});
  CHECK(cache.files() == std::vector<std::string>{place});
}

TEST_CASE("what an interrupted download left is gone on from") {
  Cache cache;
  cache.shelf.breaks_after = 5;
  CHECK(error_of([&] { cache.get(); }).fault() == Fault::network);
  CHECK(error_of([&] { cache.get(); }).fault() == Fault::network);
  CHECK(cache.files() == std::vector<std::string>{"part/" + Digest::of(cached_weights).hex()});
  cache.shelf.breaks_after = 1000;
  cache.get();
  CHECK(cache.shelf.offsets == std::vector<std::uint64_t>{0, 5, 10});
  CHECK(cache.folder.read(place) == cached_weights);
}

TEST_CASE("a part that was damaged is fetched again from the start") {
  for (const std::string damaged :
       {"not it", "longer than the weights of a model", "another size of model."}) {
    Cache cache;
    cache.folder.write("part/" + Digest::of(cached_weights).hex(), damaged);
    cache.get();
    CHECK(cache.folder.read(place) == cached_weights);
    CHECK(cache.shelf.offsets.back() == 0);
  }
}

TEST_CASE("bytes that are not what they should be leave nothing") {
  Cache cache;
  cache.shelf.content = "the weights of a trap!";
  CHECK(error_of([&] { cache.get(); }).fault() == Fault::integrity);
  CHECK(cache.files().empty());
}

TEST_CASE("a file without a digest is known by its version") {
  Cache cache;
  cache.file.sha256.reset();
  cache.file.version = "\"e1\"";
  CHECK(cache.get().sha256 == Digest::of(cached_weights));
  CHECK(cache.get().path == cache.folder / place);
  CHECK(cache.shelf.offsets.size() == 1);
  cache.file.version = "\"e2\"";
  cache.get();
  CHECK(cache.shelf.offsets.size() == 2);
}

TEST_CASE("a digest that the server says when asked saves the download") {
  Cache cache;
  cache.get();
  cache.file.sha256.reset();
  cache.file.version = "\"e1\"";
  cache.shelf.described = Digest::of(cached_weights);
  CHECK(cache.get().path == cache.folder / place);
  CHECK(cache.shelf.offsets.size() == 1);
  CHECK(cache.files() == std::vector<std::string>{place});
}

TEST_CASE("without digest and version nothing is gone on from") {
  Cache cache;
  cache.file.sha256.reset();
  cache.shelf.breaks_after = 5;
  CHECK(error_of([&] { cache.get(); }).fault() == Fault::network);
  cache.shelf.breaks_after = 1000;
  cache.get();
  CHECK(cache.shelf.offsets == std::vector<std::uint64_t>{0, 0});
}

TEST_CASE("an empty file is a file") {
  Cache cache;
  cache.file.size = 0;
  cache.file.sha256 = Digest::of("");
  CHECK(fs::file_size(cache.get().path) == 0);
  CHECK(cache.shelf.offsets.empty());
}

TEST_CASE("many that want one file fetch it once") {
  Cache cache;
  parallel_for(8, 8, [&](std::size_t) { cache.get(); });
  CHECK(cache.shelf.offsets.size() == 1);
  CHECK(cache.files() == std::vector<std::string>{place});
}

TEST_CASE("a download that another process has is waited for until a stop") {
  Cache cache;
  const FileLock other(cache.folder / ("part/" + Digest::of(cached_weights).hex()),
                       FileLock::Mode::exclusive);
  cache.stop.request(Fault::interrupted);
  CHECK(error_of([&] { cache.get(); }).fault() == Fault::interrupted);
}

TEST_CASE("a folder that cannot be written is the disk's fault") {
  Cache cache;
  cache.folder.write("part", "a file");
  CHECK(error_of([&] { cache.get(); }).fault() == Fault::disk);
}

TEST_CASE("a listing is kept by its source, and read back as it was") {
  Cache cache;
  RemoteFile small{.path = "b/config.json", .size = 2};
  small.git_sha1 = std::string(40, 'c');
  small.version = std::string(40, 'd');
  const RemoteListing listing{"rev", {cache.file, small}, RemoteListing::Kind::file};
  cache.cache().put_listing("hf://a/b@main", listing);
  const auto found = cache.cache().listing("hf://a/b@main");
  REQUIRE(found);
  CHECK(found->revision == "rev");
  CHECK(found->kind == RemoteListing::Kind::file);
  REQUIRE(found->files.size() == 2);
  CHECK(found->files[0].path == "a/model.bin");
  CHECK(found->files[0].size == cached_weights.size());
  CHECK(found->files[0].sha256 == Digest::of(cached_weights));
  CHECK_FALSE(found->files[0].git_sha1);
  CHECK(found->files[1].git_sha1 == small.git_sha1);
  CHECK(found->files[1].version == small.version);
  CHECK_FALSE(cache.cache().listing("hf://a/b"));
}

TEST_CASE("a listing that is damaged is none") {
  Cache cache;
  cache.cache().put_listing("s", {"rev", {cache.file}});
  const std::string place = "listing/" + Digest::of("s").hex();
  const std::string good = cache.folder.read(place);
  REQUIRE(cache.cache().listing("s"));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    cache.folder.write(place, text);
    return cache.cache().listing("s").has_value();
  };
  CHECK_FALSE(with("{", ""));
  CHECK_FALSE(with("\"schema\":1", "\"schema\":2"));
  CHECK_FALSE(with("\"schema\":1", "\"schema\":\"x\""));
  CHECK_FALSE(with("a/model.bin", "../model.bin"));
  CHECK_FALSE(with("\"size\":22", "\"size\":\"x\""));
  CHECK_FALSE(with("\"rev\"", "7"));
}

TEST_CASE("what is not here must have room before anything is fetched") {
  Cache cache;
  cache.cache().require_room_for(cache.shelf, {cache.file});
  RemoteFile huge{.path = "huge", .size = std::uint64_t{1} << 60};
  huge.sha256 = Digest::of("huge");
  CHECK(error_of([&] { cache.cache().require_room_for(cache.shelf, {huge}); }).fault() ==
        Fault::disk);
}
