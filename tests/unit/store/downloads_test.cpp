#include "lib/store/downloads.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string content = "weights";

struct Downloaded {
  Downloaded() { write_file(path, content); }
  bool is_right(Trust trust = Trust::state) { return is_intact(store, digest, {stop, trust}); }
  RecipeEntry entry(std::uint64_t offset) const {
    RecipeEntry entry;
    entry.path = "m/w";
    entry.content = FileRange{fs::absolute(path), identity_of(open_regular(path)), offset};
    entry.size = content.size() - offset;
    return entry;
  }
  std::string read(std::uint64_t offset) const {
    const RecipeEntry wanted = entry(offset);
    StringSink sink(100);
    copy(*open_range(store, wanted, std::get<FileRange>(wanted.content)), sink);
    return sink.text;
  }

  TempDir dir;
  Store store{dir / "store"};
  Stop stop;
  Digest digest = Digest::of(content);
  fs::path path = store.cache_path(digest);
};

}  // namespace

TEST_CASE("a download is what its name says until it changes") {
  Downloaded work;
  CHECK(work.is_right());
  CHECK(work.is_right(Trust::nothing));
  write_file(work.path, "WEIGHTS");
  CHECK_FALSE(work.is_right());
  note_intact(work.store, work.digest);
  CHECK(work.is_right());
  CHECK_FALSE(work.is_right(Trust::nothing));
  fs::remove(work.path);
  CHECK_FALSE(work.is_right());
  note_intact(work.store, work.digest);
  CHECK_FALSE(work.is_right());
}

TEST_CASE("a whole download is compared while it is read, a part of one is not") {
  Downloaded work;
  CHECK(work.read(0) == content);
  write_file(work.path, "WEIGHTS");
  CHECK(work.read(1) == "EIGHTS");
  const std::string message = "the bytes of `m/w` in the store's cache, `" + work.path.string() +
                              "`, have digest `" + Digest::of("WEIGHTS").text() + "`, not `" +
                              work.digest.text() + "`";
  CHECK_THROWS_WITH_AS(work.read(0), message.c_str(), Error);
  StringSink sink(100);
  CHECK_THROWS_WITH_AS(
      copy(*open_download(work.store, work.digest, "m/w"), sink), message.c_str(), Error);
  CHECK(sink.text.empty());
}
