#include "layers/archive.h"

#include "layers/compress.h"
#include "layers/tar_view.h"
#include "lib/error.h"
#include "lib/oci/image.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

using namespace mlpack;
using test::TempDir;

namespace {

// Blobs by digest, as a store or registry would have them.
struct Blobs {
  std::map<Digest, std::string> bytes;

  OpenBlob opener() const {
    return [this](const Descriptor& blob) -> std::unique_ptr<Source> {
      return std::make_unique<StringSource>(bytes.at(blob.digest));
    };
  }

  Layer add(const std::string& name, const std::string& tar, Compression compression) {
    StringSink compressed(1 << 20);
    const auto compressor = make_compressor(compression, compressed, 1);
    compressor->write(as_bytes(tar));
    compressor->finish();
    const Digest digest = Digest::of(compressed.text);
    bytes[digest] = compressed.text;
    return {Role::files,
            name,
            {std::string(layer_media_type(compression)), digest, compressed.text.size(), {}, {}},
            Digest::of(tar),
            "mlpack",
            false};
  }
};

std::string tar_of(const std::string& path, const std::string& text) {
  LayerRecipe recipe;
  RecipeEntry entry;
  entry.path = path;
  entry.size = text.size();
  entry.content = text;
  recipe.entries.push_back(entry);
  StringSink sink(1 << 20);
  const auto source = TarView(recipe).open();
  copy(*source, sink);
  return sink.text;
}

ImageSet image_set(Blobs& blobs, const std::string& platform = "linux/amd64") {
  ImageConfig config;
  config.platform = *Platform::parse(platform);
  config.created = rfc3339(0);
  const std::vector<Layer> layers{
      blobs.add("a", tar_of("a", "plain " + platform), Compression::none),
      blobs.add("b", tar_of("b", "zipped " + platform), Compression::gzip)};
  return {{assemble(BaseImage{}, layers, config, {})}, {}, ""};
}

std::string text_of(Source& source) {
  StringSink sink(1 << 20);
  copy(source, sink);
  return sink.text;
}

ArchiveLocation at(ArchiveLocation::Kind kind, const fs::path& path, std::string tag = "") {
  return {kind, path, std::move(tag)};
}

constexpr auto layout = ArchiveLocation::Kind::oci_layout;
constexpr auto oci_archive = ArchiveLocation::Kind::oci_archive;
constexpr auto docker_archive = ArchiveLocation::Kind::docker_archive;

void write(const ArchiveLocation& location, const ImageSet& set, const Blobs& blobs) {
  write_archive(location, "acme/demo:1", set, {blobs.opener(), nullptr, nullptr, nullptr});
}

}  // namespace

TEST_CASE("an image comes back from a layout and from an OCI archive as it was") {
  for (const auto kind : {layout, oci_archive}) {
    const TempDir dir;
    Blobs blobs;
    const ImageSet set = image_set(blobs);
    write(at(kind, dir / "out", "v1"), set, blobs);
    const LoadedArchive loaded = load_archive(at(kind, dir / "out"));
    CHECK(loaded.name == "v1");
    REQUIRE(loaded.images.images.size() == 1);
    CHECK(loaded.images.images[0].digest() == set.images[0].digest());
    for (const Descriptor& layer : set.images[0].manifest.layers) {
      CHECK(text_of(*loaded.open(layer)) == blobs.bytes.at(layer.digest));
    }
  }
}

TEST_CASE("a layout keeps the tags it had, and a tag moves") {
  const TempDir dir;
  Blobs blobs;
  const ImageSet first = image_set(blobs, "linux/amd64");
  const ImageSet second = image_set(blobs, "linux/arm64");
  write(at(layout, dir / "out", "one"), first, blobs);
  write(at(layout, dir / "out", "two"), first, blobs);
  write(at(layout, dir / "out", "one"), second, blobs);
  CHECK(load_archive(at(layout, dir / "out", "one")).images.root() == second.root());
  CHECK(load_archive(at(layout, dir / "out", "two")).images.root() == first.root());
}

TEST_CASE("a tag that a layout does not have is answered with those it has") {
  const TempDir dir;
  Blobs blobs;
  write(at(layout, dir / "out", "one"), image_set(blobs), blobs);
  try {
    load_archive(at(layout, dir / "out", "three"));
    FAIL("loaded");
  } catch (const Error& error) {
    CHECK(error.what() == "`" + (dir / "out").string() + "` holds no image `three`");
    CHECK(error.hint() == "it has `one`");
    CHECK(error.fault() == Fault::input);
  }
}

TEST_CASE("a folder that holds something else is not made a layout") {
  const TempDir dir;
  dir.write("out/precious.txt", "mine");
  Blobs blobs;
  const ImageSet set = image_set(blobs);
  const std::string expected =
      "`" + (dir / "out").string() + "` holds something else than an OCI layout";
  CHECK_THROWS_WITH_AS(write(at(layout, dir / "out"), set, blobs), expected.c_str(), Error);
}

TEST_CASE("an archive that cannot be finished is not there") {
  const TempDir dir;
  Blobs blobs;
  const ImageSet set = image_set(blobs);
  blobs.bytes[set.images[0].manifest.layers[1].digest] += "more";
  CHECK_THROWS_AS(write(at(oci_archive, dir / "out"), set, blobs), Error);
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("layers of a docker-archive are uncompressed, and it is read back") {
  const TempDir dir;
  Blobs blobs;
  const ImageSet set = image_set(blobs);
  write(at(docker_archive, dir / "out"), set, blobs);
  const LoadedArchive loaded = load_archive(at(docker_archive, dir / "out"));
  CHECK(loaded.name == "acme/demo:1");
  const Image& image = loaded.images.images.at(0);
  CHECK(image.config_bytes == set.images[0].config_bytes);
  CHECK(image.manifest.layers.at(1).media_type == media_type::oci_layer);
  CHECK(text_of(*loaded.open(image.manifest.layers[1])) == tar_of("b", "zipped linux/amd64"));
}

TEST_CASE("a docker-archive of several platforms is refused") {
  const TempDir dir;
  Blobs blobs;
  ImageSet set = image_set(blobs, "linux/amd64");
  set.images.push_back(image_set(blobs, "linux/arm64").images[0]);
  CHECK_THROWS_WITH_AS(write(at(docker_archive, dir / "out"), set, blobs),
                       "a docker-archive holds one platform, and this image has 2",
                       Error);
}

TEST_CASE("a damaged blob of a layout is noticed when it is read") {
  const TempDir dir;
  Blobs blobs;
  const ImageSet set = image_set(blobs);
  write(at(layout, dir / "out"), set, blobs);
  const Descriptor& layer = set.images[0].manifest.layers[0];
  std::string damaged = blobs.bytes.at(layer.digest);
  damaged[600] = 'X';
  dir.write("out/blobs/sha256/" + layer.digest.hex(), damaged);
  const LoadedArchive loaded = load_archive(at(layout, dir / "out"));
  const auto source = loaded.open(layer);
  CHECK_THROWS_AS(text_of(*source), Error);
}

TEST_CASE("an archive goes through a FIFO, and the FIFO stays") {
  const TempDir dir;
  const fs::path pipe = dir / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  fs::create_symlink("pipe", dir / "link");
  Blobs blobs;
  const ImageSet set = image_set(blobs);
  write(at(docker_archive, dir / "file"), set, blobs);
  // Both ends in one process: with a reader that does not wait for a writer, and room for all.
  const Fd reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(reader);
  ::fcntl(reader.get(), F_SETPIPE_SZ, 1 << 20);
  write(at(docker_archive, dir / "link"), set, blobs);
  std::string received(fs::file_size(dir / "file") + 1, '\0');
  const ssize_t count = ::read(reader.get(), received.data(), received.size());
  received.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  CHECK(received == dir.read("file"));
  CHECK(fs::is_fifo(pipe));
  CHECK(fs::is_symlink(dir / "link"));
}

TEST_CASE("an archive behind a link is replaced, and the link stays") {
  const TempDir dir;
  dir.write("real", "old");
  fs::create_symlink("real", dir / "out");
  Blobs blobs;
  write(at(oci_archive, dir / "out"), image_set(blobs), blobs);
  CHECK(fs::read_symlink(dir / "out") == "real");
  CHECK(load_archive(at(oci_archive, dir / "real")).images.images.size() == 1);
}

TEST_CASE("a layout holds what image-layout.md says and nothing else") {
  const TempDir dir;
  Blobs blobs;
  write(at(layout, dir / "out"), image_set(blobs), blobs);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir / "out"))
    names.insert(entry.path().filename().string());
  CHECK(names == std::set<std::string>{"blobs", "index.json", "oci-layout"});
}

TEST_CASE("a malformed local archive is a bad input, not a matter of integrity") {
  const TempDir dir;
  const auto fault_of = [](const ArchiveLocation& location) {
    try {
      load_archive(location);
    } catch (const Error& error) {
      return error.fault();
    }
    return Fault::internal;
  };
  const fs::path text = dir.write("mlpack.yaml", "schema: 1\nname: x\n");
  CHECK(fault_of(at(docker_archive, text)) == Fault::input);
  CHECK(fault_of(at(oci_archive, text)) == Fault::input);

  Blobs blobs;
  const ImageSet set = image_set(blobs);
  write(at(layout, dir / "out"), set, blobs);
  const std::string config = "out/blobs/sha256/" + set.images[0].manifest.config.digest.hex();
  std::string damaged = dir.read(config);
  damaged.back() = ' ';
  dir.write(config, damaged);
  CHECK(fault_of(at(layout, dir / "out")) == Fault::integrity);  // another digest
  dir.write("out/index.json", "{");
  CHECK(fault_of(at(layout, dir / "out")) == Fault::input);
}

TEST_CASE("a compressed archive is refused with what to do") {
  const TempDir dir;
  const fs::path path = dir.write("out.tar.gz", "\x1f\x8b\x08 and more");
  try {
    load_archive(at(docker_archive, path));
    FAIL("loaded");
  } catch (const Error& error) {
    CHECK(error.what() == "`" + path.string() + "` is compressed as a whole");
    CHECK(error.hint() == "decompress it first, with `gunzip` or `zstd -d`");
  }
}

TEST_CASE("an export removes what a killed one left") {
  const TempDir dir;
  Blobs blobs;
  const ImageSet set = image_set(blobs);
  for (const std::string left : {".x.tar.999999.0.tmp",
                                 "out/.oci-layout.999999.0.tmp",
                                 "out/index.lock",
                                 "out/blobs/sha256/.0a.999999.0.tmp"}) {
    dir.write(left, "half");
  }
  fs::rename(dir / "out/blobs", dir / "blobs");  // a layout that is only begun has none
  write(at(oci_archive, dir / "x.tar"), set, blobs);
  write(at(layout, dir / "out"), set, blobs);
  fs::rename(dir / "blobs/sha256/.0a.999999.0.tmp", dir / "out/blobs/sha256/.0a.999999.0.tmp");
  fs::remove_all(dir / "blobs");
  write(at(layout, dir / "out"), set, blobs);
  std::size_t dotted = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir.path()))
    dotted += entry.path().filename().string().starts_with(".") ? 1U : 0U;
  CHECK(dotted == 0);
  CHECK_FALSE(fs::exists(dir / "out/index.lock"));
}

TEST_CASE("an export that cannot fit ends before a layer is opened") {
  const TempDir dir;
  Blobs blobs;
  ImageSet set = image_set(blobs);
  set.images[0].manifest.layers[0].size = std::uint64_t{1} << 60;
  const ExportContext context{[](const Descriptor&) -> std::unique_ptr<Source> {
                                throw std::logic_error("a layer was opened");
                              },
                              nullptr,
                              nullptr,
                              nullptr};
  for (const auto kind : {layout, oci_archive, docker_archive}) {
    try {
      write_archive(at(kind, dir / "out"), "acme/demo:1", set, context);
      FAIL("it fits");
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::disk);
      CHECK(std::string(error.what()).starts_with("`" + (dir / "out").string() + "` needs "));
    }
    fs::remove_all(dir / "out");
  }
}

TEST_CASE("what lies in the place of a blob and is no file is called what it is") {
  const TempDir dir;
  Blobs blobs;
  const ImageSet set = image_set(blobs);
  write(at(layout, dir / "out"), set, blobs);
  const LoadedArchive loaded = load_archive(at(layout, dir / "out"));
  const Descriptor& layer = set.images[0].manifest.layers[0];
  const fs::path path = dir / "out/blobs/sha256" / layer.digest.hex();
  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const std::string start = "`" + path.string() + "` is ";
  CHECK_THROWS_WITH_AS(loaded.open(layer), (start + "a FIFO, not a regular file").c_str(), Error);
  fs::remove(path);
  fs::create_directory(path);
  CHECK_THROWS_WITH_AS(loaded.open(layer), (start + "a folder, not a regular file").c_str(), Error);
}

namespace {

// The first time the compressed layer is opened, other bytes come, which turn out wrong at the end.
OpenBlob lying_once(const Blobs& blobs, const Descriptor& layer, int& opened) {
  class LyingSource : public StringSource {
   public:
    using StringSource::StringSource;
    std::size_t read(std::span<std::byte> buffer) override {
      const std::size_t count = StringSource::read(buffer);
      if (count > 0) return count;
      Error error(Fault::integrity, "the bytes are others");
      error.set_again(Error::Again::helps);
      throw error;
    }
  };
  return [&blobs, layer, &opened](const Descriptor& blob) -> std::unique_ptr<Source> {
    const bool is_first = blob.digest == layer.digest && ++opened == 1;
    if (is_first) return std::make_unique<LyingSource>("lies");
    return blobs.opener()(blob);
  };
}

}  // namespace

TEST_CASE("an export begins anew where a layer was read from a copy that is bad") {
  for (const auto kind : {layout, oci_archive, docker_archive}) {
    const TempDir dir;
    Blobs blobs;
    const ImageSet set = image_set(blobs);
    const Descriptor& layer = set.images[0].manifest.layers[1];
    int opened = 0;
    const ExportContext context{lying_once(blobs, layer, opened), nullptr, nullptr, nullptr};
    write_archive(at(kind, dir / "out"), "acme/demo:1", set, context);
    CHECK(opened == (kind == docker_archive ? 3 : 2));
    const LoadedArchive loaded = load_archive(at(kind, dir / "out"));
    const Descriptor& found = loaded.images.images.at(0).manifest.layers.at(1);
    CHECK(Digest::of(text_of(*loaded.open(found))) == found.digest);
    CHECK(loaded.images.images[0].config.diff_ids == set.images[0].config.diff_ids);
  }
}

TEST_CASE("of what is out nothing can be taken back, which is told") {
  const TempDir dir;
  Blobs blobs;
  const ImageSet set = image_set(blobs);
  int opened = 0;
  const OpenBlob open = lying_once(blobs, set.images[0].manifest.layers[1], opened);
  const fs::path fifo = dir / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  try {
    write_archive(at(oci_archive, fifo), "", set, {open, nullptr, nullptr, nullptr});
    FAIL("it was taken back");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::integrity);
    CHECK(error.hint().starts_with("what is out cannot be taken back: write to a file"));
  }
  CHECK(opened == 1);
}
