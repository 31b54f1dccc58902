#include "lib/oci/recipe.h"

#include "tests/unit/oci/check_error.h"

#include <fmt/format.h>

#include <set>
#include <string>

using namespace mlpack;

namespace {

const Digest some_digest = *Digest::from_hex(std::string(64, 'd'));

RecipeEntry file(std::string path, Content content, std::uint64_t size) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.size = size;
  entry.content = std::move(content);
  return entry;
}

RecipeEntry link(EntryKind kind, std::string path, std::string target) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.kind = kind;
  entry.mode = 0777;
  entry.link = std::move(target);
  return entry;
}

LayerRecipe sample_recipe() {
  LayerRecipe recipe;
  recipe.role = Role::weights;
  recipe.name = "base model";
  recipe.mtime = -5;
  RecipeEntry folder;
  folder.path = "models";
  folder.kind = EntryKind::directory;
  folder.mode = 02775;
  folder.uid = 65532;
  folder.gid = 4'000'000'000;
  const FileIdentity identity{2049, UINT64_MAX, 1ULL << 40U, -1, 1'700'000'000'123'456'789};
  recipe.entries = {folder,
                    file("models/a b%", FileRange{"/src/x y", identity, 512}, 1ULL << 39U),
                    file("models/empty", std::string(), 0),
                    file("models/text", std::string("a\n\0\xff%41", 7), 7),
                    file("usr/lib/x", DebMember{some_digest, "./usr/lib/ä"}, 3),
                    link(EntryKind::symlink, "models/l", "../caf\xe9 \n"),
                    link(EntryKind::hardlink, "models/h", "models/text"),
                    file("models/parts",
                         Parts{{std::string("a b\n"), 4}, {FileRange{"/src/z", identity, 7}, 9}},
                         13),
                    file("models/far", RemoteContent{"hf://a/b", "c d", "v 1", some_digest}, 5),
                    file("models/s3", RemoteContent{"s3://bucket/x", "e", "", {}}, 6),
                    file("opt/venv/x", WheelMember{some_digest, "a b.py", Digest::of("x")}, 7)};
  return recipe;
}

Digest key(const LayerRecipe& recipe) {
  return layer_key(recipe, "zstd 1.5.4 l3");
}

LayerRecipe large(std::size_t count) {
  LayerRecipe recipe;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = fmt::format("usr/lib/python3/dist-packages/package{}/file.py", i);
    recipe.entries.push_back(
        file(name, FileRange{"/home/me/" + name, {1, i, 1000, 1, 1}, 0}, 1000));
  }
  return recipe;
}

std::string with_sum(const std::string& body) {
  return body + "sha256 " + Digest::of(body).hex() + "\n";
}

}  // namespace

TEST_CASE("a recipe is read back as it was written") {
  const auto again = parse_recipe(write_recipe(sample_recipe()));
  REQUIRE(again);
  CHECK(*again == sample_recipe());
}

TEST_CASE("a recipe without entries is a recipe") {
  CHECK(parse_recipe(write_recipe(LayerRecipe())) == LayerRecipe());
}

TEST_CASE("a recipe is text that can be looked at") {
  LayerRecipe recipe;
  recipe.name = "/app dir";
  recipe.entries = {file("a", std::string("hello\n"), 6), link(EntryKind::symlink, "ü", "caf\xe9")};
  const std::string body =
      "mlpack-recipe 1\n"
      "files /app%20dir 0 2\n"
      "f a 644 0 0 6 =hello%0A\n"
      "l ü 777 0 0 caf%E9\n";
  CHECK(write_recipe(recipe) == with_sum(body));
}

TEST_CASE("a recipe that is cut or changed anywhere is none") {
  const std::string text = write_recipe(sample_recipe());
  for (std::size_t i = 0; i < text.size(); ++i) {
    CAPTURE(i);
    CHECK_FALSE(parse_recipe(text.substr(0, i)));
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(parse_recipe(changed));
  }
  CHECK_FALSE(parse_recipe(text + "\n"));
}

TEST_CASE("a recipe of another version is none") {
  CHECK_FALSE(parse_recipe(with_sum("mlpack-recipe 2\nfiles  0 0\n")));
  CHECK_FALSE(parse_recipe(""));
}

TEST_CASE("hostile recipes are none, though their sum is right") {
  const std::string head = "mlpack-recipe 1\nfiles x 0 1\n";
  REQUIRE(parse_recipe(with_sum(head + "f a 644 0 0 1 =x\n")));
  for (const std::string line : {"f ../a 644 0 0 1 =x",
                                 "f /a 644 0 0 1 =x",
                                 "f a/ 644 0 0 1 =x",
                                 "f a//b 644 0 0 1 =x",
                                 "f a/./b 644 0 0 1 =x",
                                 "f a%2F..%2Fb 644 0 0 1 =x",
                                 "f  644 0 0 1 =x",
                                 "x a 644 0 0 1 =x",
                                 "f a 648 0 0 1 =x",
                                 "f a 777777 0 0 1 =x",
                                 "f a 644 -1 0 1 =x",
                                 "f a 644 0 99999999999999999999 1 =x",
                                 "f a 644 0 0 1",
                                 "f a 644 0 0 1 ",
                                 "f a 644 0 0 1 ?x",
                                 "f a 644 0 0 1 =%4",
                                 "f a 644 0 0 1 =%zz",
                                 "f a 644 0 0 1 =x y",
                                 "f a 644 0 0 1 !abc m",
                                 "f a 644 0 0 1 </p 1 2 3 4 5",
                                 "f a 644 0 0 1 </p 1 2 3 4 5 --6",
                                 "d a 644 0 0",
                                 "",
                                 "f a 644 0 0 1 =x\nf b 644 0 0 1 =x"}) {
    CAPTURE(line);
    CHECK_FALSE(parse_recipe(with_sum(head + line + "\n")));
  }
  CHECK_FALSE(parse_recipe(with_sum("mlpack-recipe 1\nnone x 0 0\n")));
  CHECK_FALSE(parse_recipe(with_sum("mlpack-recipe 1\nfiles x 0\n")));
  CHECK_FALSE(parse_recipe(with_sum("mlpack-recipe 1\nfiles x 0 0 0\n")));
}

TEST_CASE("a recipe of twenty thousand entries is read back") {
  const LayerRecipe recipe = large(20'000);
  CHECK(parse_recipe(write_recipe(recipe)) == recipe);
}

TEST_CASE("the key of a layer is the same for the same recipe") {
  CHECK(key(sample_recipe()) == key(sample_recipe()));
  CHECK(layer_key(sample_recipe(), "none") != layer_key(sample_recipe(), "gzip"));
}

TEST_CASE("every field of a recipe changes its key") {
  std::set<Digest> keys{key(sample_recipe())};
  const auto changed = [&](auto&& change) {
    LayerRecipe recipe = sample_recipe();
    change(recipe);
    CHECK(keys.insert(key(recipe)).second);
  };
  changed([](LayerRecipe& r) { r.role = Role::files; });
  changed([](LayerRecipe& r) { r.name += "x"; });
  changed([](LayerRecipe& r) { r.mtime = 5; });
  changed([](LayerRecipe& r) { r.entries.pop_back(); });
  changed([](LayerRecipe& r) { std::swap(r.entries[0], r.entries[1]); });
  changed([](LayerRecipe& r) { r.entries[0].path = "model"; });
  changed([](LayerRecipe& r) { r.entries[0].kind = EntryKind::file; });
  changed([](LayerRecipe& r) { r.entries[0].mode = 0755; });
  changed([](LayerRecipe& r) { r.entries[0].uid = 0; });
  changed([](LayerRecipe& r) { r.entries[0].gid = 0; });
  changed([](LayerRecipe& r) { r.entries[5].link = "x"; });
  changed([](LayerRecipe& r) { r.entries[1].size = 1; });
  changed([](LayerRecipe& r) { r.entries[3].content = std::string("1234567"); });
  changed([](LayerRecipe& r) { r.entries[4].content = DebMember{some_digest, "./x"}; });
  changed(
      [](LayerRecipe& r) { std::get<DebMember>(r.entries[4].content).archive = Digest::of(""); });
  changed([](LayerRecipe& r) { std::get<WheelMember>(r.entries[10].content).member = "c.py"; });
  changed([](LayerRecipe& r) {
    std::get<WheelMember>(r.entries[10].content).archive = Digest::of("");
  });
  const auto range = [&](auto&& change) {
    changed([&](LayerRecipe& r) { change(std::get<FileRange>(r.entries[1].content)); });
  };
  range([](FileRange& r) { r.path = "/other"; });
  range([](FileRange& r) { r.offset = 0; });
  range([](FileRange& r) { r.identity.device = 1; });
  range([](FileRange& r) { r.identity.inode = 1; });
  range([](FileRange& r) { r.identity.size = 1; });
  range([](FileRange& r) { r.identity.mtime_ns = 1; });
  range([](FileRange& r) { r.identity.ctime_ns = 1; });
  const auto parts = [&](auto&& change) {
    changed([&](LayerRecipe& r) { change(std::get<Parts>(r.entries[7].content)); });
  };
  parts([](Parts& p) { p.pop_back(); });
  parts([](Parts& p) { std::swap(p[0], p[1]); });
  parts([](Parts& p) { p[0].content = std::string("a b "); });
  parts([](Parts& p) { p[1].size = 8; });
  parts([](Parts& p) { std::get<FileRange>(p[1].content).offset = 8; });
}

TEST_CASE("the ranges of parts are found") {
  std::vector<std::string> found;
  for (const RecipeEntry& entry : sample_recipe().entries) {
    for_each_range(entry.content, [&](const FileRange& range) { found.push_back(range.path); });
  }
  CHECK(found == std::vector<std::string>{"/src/x y", "/src/z"});
}

TEST_CASE("parts that do not fit their count are no recipe") {
  const auto is_recipe = [](const std::string& content) {
    const std::string line = "f a 644 0 0 1 " + content + "\n";
    return parse_recipe(with_sum("mlpack-recipe 1\nfiles x 0 1\n" + line)).has_value();
  };
  CHECK(is_recipe("+0"));
  CHECK(is_recipe("+2 1 =a 0 ="));
  CHECK_FALSE(is_recipe("+"));
  CHECK_FALSE(is_recipe("+1"));
  CHECK_FALSE(is_recipe("+1 1 =a 1 =b"));
  CHECK_FALSE(is_recipe("+18446744073709551615 1 =a"));
  CHECK_FALSE(is_recipe("+1 1 +0"));
}

TEST_CASE("fields of a recipe cannot run into each other") {
  LayerRecipe a;
  LayerRecipe b;
  a.entries = {file("ab", std::string("c"), 1)};
  b.entries = {file("a", std::string("bc"), 1)};
  CHECK(key(a) != key(b));
  a.entries = {link(EntryKind::symlink, "x", "")};
  b.entries = {link(EntryKind::symlink, "", "x")};
  CHECK(key(a) != key(b));
}

TEST_CASE("a file in the network is what its sha256 says, wherever it comes from") {
  const auto key_of = [](const RemoteContent& content) {
    LayerRecipe recipe;
    recipe.entries = {file("a", content, 5)};
    return key(recipe);
  };
  const Digest once = key_of({"hf://a/b", "c", "1", some_digest});
  CHECK(once == key_of({"https://example.com/d", "d", "", some_digest}));
  CHECK(once != key_of({"hf://a/b", "c", "1", Digest::of("x")}));
}

TEST_CASE("a file in the network without a sha256 is the version of a path of a source") {
  std::set<Digest> keys;
  for (const RemoteContent& content : {RemoteContent{"s3://a", "b", "\"1\""},
                                       RemoteContent{"s3://a", "b", "\"2\""},
                                       RemoteContent{"s3://a", "c", "\"1\""},
                                       RemoteContent{"s3://b", "b", "\"1\""}}) {
    LayerRecipe recipe;
    recipe.entries = {file("a", content, 5)};
    keys.insert(key(recipe));
  }
  CHECK(keys.size() == 4);
}
