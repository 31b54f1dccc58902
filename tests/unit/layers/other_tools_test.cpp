#include "layers/archive.h"
#include "layers/pack.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

using namespace mlpack;
using namespace mlpack::test;

namespace {

bool is_installed(const std::string& tool) {
  const bool found = std::system(("command -v " + tool + " > /dev/null 2>&1").c_str()) == 0;
  if (!found) MESSAGE(tool << " is not installed: nothing was compared with it");
  return found;
}

const std::string latin1 = "caf\xe9";
const std::string long_name = "caf\xe9" + std::string(200, 'n');

// Everything that needs care in a tar, in one layer of `codec`.
PackJob odd_layer(const TempDir& dir, Compression codec) {
  RecipeEntry owned = text_entry("data/owned", "o");
  owned.uid = 3'000'000;
  owned.gid = 3'000'001;
  owned.mode = 0640;
  RecipeEntry hard = text_entry("data/twin", "");
  hard.kind = EntryKind::hardlink;
  hard.link = "data/owned";
  PackJob job;
  job.recipe.name = "odd";
  job.compression = codec;
  job.recipe.entries = {folder_entry("data"),
                        text_entry("data/" + latin1, "1"),
                        text_entry("data/" + long_name, "2"),
                        folder_entry("data/" + std::string(120, 'd')),
                        file_entry("data/" + std::string(120, 'd') + "/large",
                                   dir.write("large", std::string(70'001, 'L'))),
                        link_entry("data/link", std::string(150, 't')),
                        owned,
                        hard};
  return job;
}

// An OCI layout `dir`/out with the image `odd:v1`.
void write_odd_image(const TempDir& dir, Compression codec) {
  Store store(dir / "store");
  const Layer layer = pack_layer(odd_layer(dir, codec), store, {});
  ImageConfig config;
  config.platform = Platform::host();
  config.created = rfc3339(0);
  ImageSet images;
  images.images.push_back(assemble(BaseImage{}, {layer}, config, {}));
  write_archive({ArchiveLocation::Kind::oci_layout, dir / "out", "v1"},
                "odd:v1",
                images,
                {open_blob(store), &store, nullptr, nullptr});
}

}  // namespace

TEST_CASE("umoci unpacks odd names, owners and links as they are") {
  if (!is_installed("umoci")) return;
  for (const Compression codec : {Compression::none, Compression::gzip}) {
    const TempDir dir;
    write_odd_image(dir, codec);
    const bool root = ::geteuid() == 0;
    output_of(fmt::format("umoci unpack {} --image {}:v1 {}",
                          root ? "" : "--rootless",
                          (dir / "out").string(),
                          (dir / "bundle").string()));
    const std::string data = "bundle/rootfs/data/";
    CHECK(dir.read(data + latin1) == "1");
    CHECK(dir.read(data + long_name) == "2");
    CHECK(dir.read(data + std::string(120, 'd') + "/large") == std::string(70'001, 'L'));
    CHECK(fs::read_symlink(dir / (data + "link")) == std::string(150, 't'));
    struct stat owned {};
    REQUIRE(::stat((dir / (data + "owned")).c_str(), &owned) == 0);
    CHECK(owned.st_nlink == 2);
    CHECK((owned.st_mode & 07777U) == 0640);
    if (root) CHECK(owned.st_uid == 3'000'000);
    if (root) CHECK(owned.st_gid == 3'000'001);
  }
}

TEST_CASE("skopeo copies and decompresses layers of every codec") {
  if (!is_installed("skopeo")) return;
  for (const Compression codec : {Compression::none, Compression::gzip, Compression::zstd}) {
    const TempDir dir;
    write_odd_image(dir, codec);
    output_of(fmt::format("skopeo --insecure-policy copy -q --dest-decompress oci:{}:v1 dir:{}",
                          (dir / "out").string(),
                          (dir / "copy").string()));
    const std::string tar = all_of(*TarView(odd_layer(dir, codec).recipe).open());
    CHECK(dir.read("copy/" + Digest::of(tar).hex()) == tar);
  }
}
