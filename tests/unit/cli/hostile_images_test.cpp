#include "layers/tar_view.h"
#include "lib/digest.h"
#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <functional>
#include <string_view>
#include <vector>

// Layouts and archives come from strangers: each of these is refused with the text and the exit
// code that tests/golden/cli/hostile-layouts.txt and hostile-archives.txt have.
using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr std::string_view manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view config_type = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view layer_type = "application/vnd.oci.image.layer.v1.tar";

std::string descriptor(std::string_view type,
                       std::string_view digest,
                       std::size_t size,
                       std::string_view more = {}) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}{}}})", type, digest, size, more);
}

// An OCI layout that is made piece by piece.
class Layout {
 public:
  explicit Layout(fs::path at) : at_(std::move(at)) {
    write_file(at_ / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    fs::create_directories(at_ / "blobs/sha256");
  }
  const fs::path& path() const { return at_; }
  fs::path blob_path(std::string_view text) const {
    return at_ / "blobs/sha256" / Digest::of(text).hex();
  }
  // Writes the blob; gives its descriptor.
  std::string blob(std::string_view type, const std::string& text) const {
    write_file(blob_path(text), text);
    return descriptor(type, Digest::of(text).text(), text.size());
  }
  void index(const std::string& entries) const {
    write_file(at_ / "index.json",
               fmt::format(R"({{"schemaVersion":2,"manifests":[{}]}})", entries));
  }
  void manifest(const std::string& text) const { index(blob(manifest_type, text)); }
  std::string config() const { return blob(config_type, config_text); }
  std::string layer() const { return blob(layer_type, layer_text); }

  // A manifest of `config` and `layers`.
  static std::string image(std::string_view config, std::string_view layers) {
    return fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}]}})",
                       manifest_type,
                       config,
                       layers);
  }

  inline static const std::string layer_text = std::string(1024, '\0');
  inline static const std::string config_text =
      R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
      Digest::of(layer_text).text() + R"("]}})";

 private:
  fs::path at_;
};

struct BadLayout {
  std::string name;
  std::function<void(const Layout&)> spoil;
};

std::string same_size(std::string text) {
  text.back() = ' ';
  return text;
}

void replace_by_fifo(const fs::path& path) {
  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
}

std::vector<BadLayout> bad_indexes() {
  const auto text = [](std::string_view index) {
    return [index](const Layout& at) { write_file(at.path() / "index.json", index); };
  };
  const auto entry = [](const std::string& digest, const std::string& size) {
    return [=](const Layout& at) {
      at.index(fmt::format(
          R"({{"mediaType":"{}","digest":"{}","size":{}}})", manifest_type, digest, size));
    };
  };
  return {
      {"index-missing", [](const Layout&) {}},
      {"index-empty", text("")},
      {"index-cut-off", text("{\"schemaVersion\":2,")},
      {"index-key-twice", text(R"({"schemaVersion":2,"manifests":[],"manifests":[]})")},
      {"index-nested", text(R"({"schemaVersion":2,"manifests":[[[[]]]]})")},
      {"index-digest-path", entry("sha256:../../../etc/passwd", "7")},
      {"index-size-negative", entry("sha256:" + std::string(64, 'a'), "-1")},
      {"index-size-huge", entry("sha256:" + std::string(64, 'a'), "9223372036854775807")},
      {"index-blob-missing", entry("sha256:" + std::string(64, 'a'), "7")},
      {"index-of-nothing", [](const Layout& at) { at.index(""); }},
      {"index-folder", [](const Layout& at) { fs::create_directories(at.path() / "index.json"); }},
      {"index-fifo", [](const Layout& at) { replace_by_fifo(at.path() / "index.json"); }}};
}

std::vector<BadLayout> bad_manifests() {
  const auto manifest = [](std::string_view text) {
    return [text](const Layout& at) { at.manifest(std::string(text)); };
  };
  return {{"manifest-deep", [](const Layout& at) { at.manifest(std::string(100'000, '[')); }},
          {"manifest-schema-1", manifest(R"({"schemaVersion":1,"fsLayers":[]})")},
          {"manifest-and-index", manifest(R"({"schemaVersion":2,"layers":[],"manifests":[]})")},
          {"manifest-case", manifest(R"({"schemaVersion":2,"layers":[],"Config":{}})")},
          {"manifest-other-bytes",
           [](const Layout& at) {
             const std::string text = Layout::image(at.config(), at.layer());
             at.manifest(text);
             write_file(at.blob_path(text), same_size(text));
           }},
          {"manifest-longer",
           [](const Layout& at) {
             const std::string text = Layout::image(at.config(), at.layer());
             at.manifest(text);
             write_file(at.blob_path(text), text + "\n");
           }},
          {"manifest-fifo",
           [](const Layout& at) {
             const std::string text = Layout::image(at.config(), at.layer());
             at.manifest(text);
             replace_by_fifo(at.blob_path(text));
           }},
          {"manifest-of-an-artifact",
           [](const Layout& at) {
             at.manifest(Layout::image(at.blob("application/vnd.oci.empty.v1+json", "{}"), ""));
           }},
          {"layer-of-no-layer",
           [](const Layout& at) {
             at.manifest(Layout::image(at.config(), at.blob("application/x-gguf", "GGUF")));
           }},
          {"layer-too-many", [](const Layout& at) {
             at.manifest(Layout::image(at.config(), at.layer() + "," + at.layer()));
           }}};
}

std::vector<BadLayout> bad_configs() {
  const auto config = [](std::string_view text) {
    return [text](const Layout& at) {
      at.manifest(Layout::image(at.blob(config_type, std::string(text)), at.layer()));
    };
  };
  return {
      {"config-not-json", config("{\"architecture\":")},
      {"config-list", config("[]")},
      {"config-no-layers", config(R"({"architecture":"amd64","os":"linux"})")},
      {"config-diff-id",
       config(
           R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["x"]}})")},
      {"config-nul", config("{\"architecture\":\"a\\u0000\",\"os\":\"linux\"}")},
      {"config-missing", [](const Layout& at) {
         const std::string text = Layout::image(at.config(), at.layer());
         at.manifest(text);
         fs::remove(at.blob_path(Layout::config_text));
       }}};
}

using Members = std::vector<std::pair<std::string, std::string>>;

std::string tar_of(const Members& members) {
  LayerRecipe recipe;
  for (const auto& [path, text] : members) {
    RecipeEntry entry;
    entry.path = path;
    entry.size = text.size();
    entry.content = text;
    recipe.entries.push_back(std::move(entry));
  }
  StringSink sink(1 << 20);
  copy(*TarView(recipe).open(), sink);
  return sink.text;
}

// The lines of archives, which are written below `dir`.
std::vector<std::string> bad_archives(const TempDir& dir) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view kind, const std::string& name, const std::string& bytes) {
    lines.push_back(fmt::format("inspect {}:{}", kind, dir.write(name, bytes).string()));
  };
  const std::string list = R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":["l.tar"]}])";
  const std::string good = tar_of({{"c.json", Layout::config_text}, {"manifest.json", list}});
  add("docker-archive", "empty.tar", "");
  add("docker-archive", "text.tar", "schema: 1\n");
  add("docker-archive", "gzip.tar", "\x1f\x8b\x08 and more");
  add("docker-archive", "no-manifest.tar", tar_of({{"a", "b"}}));
  add("docker-archive", "not-json.tar", tar_of({{"manifest.json", "[{"}}));
  add("docker-archive", "no-list.tar", tar_of({{"manifest.json", "{}"}}));
  add("docker-archive", "no-image.tar", tar_of({{"manifest.json", "[]"}}));
  add("docker-archive", "no-config.tar", tar_of({{"manifest.json", list}}));
  add("docker-archive", "no-layer.tar", good);
  add("docker-archive", "cut-off.tar", good.substr(0, 700));
  add("docker-archive",
      "path.tar",
      tar_of({{"manifest.json", R"([{"Config":"../../etc/passwd","Layers":["/etc/passwd"]}])"}}));
  add("oci-archive", "empty-oci.tar", "");
  add("oci-archive", "text-oci.tar", std::string(2000, 'x'));
  add("oci-archive", "no-index.tar", tar_of({{"oci-layout", "{}"}}));
  add("oci-archive", "bad-index.tar", tar_of({{"index.json", "{"}, {"oci-layout", "{}"}}));
  return lines;
}

}  // namespace

TEST_CASE("a hostile layout is refused with the reason") {
  AppRun app;
  std::vector<std::string> lines;
  for (const auto& layouts : {bad_indexes(), bad_manifests(), bad_configs()}) {
    for (const BadLayout& bad : layouts) {
      const Layout layout(app.dir / bad.name);
      bad.spoil(layout);
      lines.push_back("inspect oci:" + layout.path().string());
    }
  }
  CHECK(lines.size() >= 28);
  const std::string text = app.transcript(lines);
  CHECK(text == golden("cli/hostile-layouts.txt", text));
}

TEST_CASE("a hostile archive is refused with the reason") {
  AppRun app;
  const std::string text = app.transcript(bad_archives(app.dir));
  CHECK(text == golden("cli/hostile-archives.txt", text));
}

TEST_CASE("the layout that the hostile ones are made from is a good one") {
  AppRun app;
  const Layout layout(app.dir / "good");
  layout.manifest(Layout::image(layout.config(), layout.layer()));
  CHECK(app.run({"inspect", "oci:" + layout.path().string()}).code == 0);
}
