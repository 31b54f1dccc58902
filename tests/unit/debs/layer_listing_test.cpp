#include "layers/layer_listing.h"

#include "layers/compress.h"
#include "lib/error.h"
#include "tests/support/deb_repository.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Texts = std::vector<std::string>;

const Stop no_stop;

std::string packed(const std::string& tar, Compression compression) {
  StringSink out(1 << 20);
  const auto compressor = make_compressor(compression, out, 1);
  compressor->write(as_bytes(tar));
  compressor->finish();
  return out.text;
}

LayerListing listed(const std::string& blob, Compression compression = Compression::none) {
  return list_layer(std::make_unique<StringSource>(blob), compression, no_stop);
}

RecipeEntry closed_folder(const std::string& path) {
  RecipeEntry folder = folder_entry(path);
  folder.mode = 01750;
  folder.uid = 7;
  folder.gid = 8;
  return folder;
}

std::vector<RecipeEntry> sample() {
  RecipeEntry hard = text_entry("usr/lib/again", "");
  hard.kind = EntryKind::hardlink;
  hard.link = "etc/os-release";
  return {closed_folder("etc"),
          text_entry("etc/os-release", "ID=debian\n"),
          text_entry("etc/shadow", "secret\n"),
          link_entry("lib", "usr/lib"),
          hard,
          text_entry("var/lib/dpkg/status.d/libc6", "Package: libc6\n"),
          text_entry("var/lib/dpkg/status.d/libc6.md5sums", "0  x\n")};
}

}  // namespace

TEST_CASE("a layer is listed with links, the rights of folders, and what says what is installed") {
  for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    const LayerListing listing = listed(packed(tar_of(sample()), compression), compression);
    REQUIRE(listing.entries.size() == 7);
    CHECK(listing.entries[0] == closed_folder("etc"));
    CHECK(listing.entries[1] == text_entry("etc/os-release", "ID=debian\n"));
    CHECK(listing.entries[2] == text_entry("etc/shadow", ""));
    CHECK(listing.entries[3].link == "usr/lib");
    CHECK(listing.entries[4].kind == EntryKind::hardlink);
    CHECK(listing.entries[4].link == "etc/os-release");
    CHECK(listing.entries[5] == text_entry("var/lib/dpkg/status.d/libc6", "Package: libc6\n"));
    CHECK(listing.entries[6] == text_entry("var/lib/dpkg/status.d/libc6.md5sums", ""));
  }
}

TEST_CASE("whiteouts are told apart from files") {
  const LayerListing listing = listed(tar_of({text_entry("a/.wh.gone", ""),
                                              text_entry(".wh.top", ""),
                                              text_entry("b/.wh..wh..opq", ""),
                                              text_entry(".wh..wh.plnk", ""),
                                              text_entry("b/new", "")}));
  CHECK(listing.removed == Texts{"a/gone", "top"});
  CHECK(listing.emptied == Texts{"b"});
  REQUIRE(listing.entries.size() == 1);
  CHECK(listing.entries[0].path == "b/new");
}

TEST_CASE("paths of a layer are cleaned, and those that leave the root are passed over") {
  const LayerListing listing =
      listed(tar_header("/etc/x", '0') + tar_header("./a//b/./c", '0') + tar_header("../out", '0') +
             tar_header("./", '5') + tar_header("dev/null", '3') + std::string(1024, '\0'));
  REQUIRE(listing.entries.size() == 3);
  CHECK(listing.entries[0].path == "etc/x");
  CHECK(listing.entries[1].path == "a/b/c");
  CHECK(listing.entries[2].path == "dev/null");
}

TEST_CASE("a layer that ends with its last byte of data is whole, as umoci writes it") {
  const std::string tar = tar_of({text_entry("etc/os-release", "ID=debian\n")});
  const LayerListing listing = listed(tar.substr(0, 512 + 10));
  REQUIRE(listing.entries.size() == 1);
  CHECK(listing.entries[0] == text_entry("etc/os-release", "ID=debian\n"));
}

TEST_CASE("a damaged layer is an integrity fault, to its last byte") {
  const std::string tar = tar_of(sample());
  const std::string cut = failure(Fault::integrity, [&] { listed(tar.substr(0, 1700)); });
  CHECK(cut.starts_with("the tar archive is damaged after byte "));
  std::string gzip = packed(tar, Compression::gzip);
  gzip.resize(gzip.size() - 4);
  CHECK(failure(Fault::integrity, [&] { listed(gzip, Compression::gzip); }) != "nothing failed");
}

TEST_CASE("a listing survives the store, and nothing else passes for one") {
  LayerListing listing = listed(tar_of(sample()));
  listing.removed = {"a", "b/c"};
  listing.emptied = {"d"};
  const std::string text = write_layer_listing(listing);
  CHECK(parse_layer_listing(text) == listing);
  CHECK(!parse_layer_listing(""));
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK(!parse_layer_listing(text.substr(0, size)));
  CHECK(!parse_layer_listing(text + "1:x"));
}

TEST_CASE("a recipe is listed as its archive is, where it holds what is wanted") {
  LayerRecipe recipe;
  recipe.entries = sample();
  CHECK(list_recipe(recipe) == listed(tar_of(sample())));
  recipe.entries[1].content = DebMember{Digest::of("deb"), "etc/os-release"};
  CHECK(!list_recipe(recipe));
}
