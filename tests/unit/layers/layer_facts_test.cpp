#include "layers/layer_facts.h"

#include "layers/tar_view.h"
#include "layers/weights_sample.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/elf_support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

#include <iterator>
#include <span>
#include <string>
#include <vector>

using namespace mlpack;
using namespace mlpack::test;
using namespace std::string_literals;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::string token() {
  return "hf" + std::string("_AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
}

// Bytes that are other ones everywhere.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

LayerRecipe many_kinds() {
  FakeElf elf;
  elf.soname = "libkernels.so.1";
  elf.runpath = "$ORIGIN";
  elf.needed = {"libc.so.6", "libz.so.1"};
  elf.versions = {{"libc.so.6", "GLIBC_2.34"}};
  elf.data = fatbin({{2, 90, 0x11, 4096, 8, 1}, {1, 90, 0x11, 4096, 8, 4}});
  LayerRecipe recipe{Role::files, "m", 0, {}};
  recipe.entries = {
      folder_entry("app"),
      text_entry("app/download.py", "login('" + token() + "')\n"),
      text_entry("app/plain.txt", "nothing of interest"),
      text_entry("app/run", "#!/usr/bin/env python3\nprint()\n"),
      text_entry("etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
      text_entry("lib/libkernels.so.1", elf_bytes(elf)),
      link_entry("lib/libkernels.so", "libkernels.so.1"),
      text_entry("models/model.gguf", noise(3 * mebibyte + 17)),
      text_entry("models/model.pkl",
                 "\x80\x02"
                 "cposix\nsystem\nX\x01\0\0\0a\x85R."s),
      text_entry(
          "models/model.safetensors.index.json",
          R"({"metadata":{"total_size":8},"weight_map":{"b":"2.safetensors","a":"1.safetensors"}})"),
      text_entry("models/no/tokenizer_config.json",
                 R"({"chat_template" : null, "x": "\"chat_template\""})"),
      text_entry(
          "models/yes/tokenizer_config.json",
          R"({"filler": ")" + std::string(100'000, 'x') + R"(", "chat_template": "{{ x }}"})"),
      text_entry("models/pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
  };
  return recipe;
}

const FileFacts& file_of(const LayerFacts& facts, std::string_view path) {
  for (const FileFacts& file : facts.files)
    if (file.path == path) return file;
  FAIL("no such file: ", path);
  return facts.files.front();
}

NewTemporary temporaries_in(const TempDir& dir, int& made) {
  return [&] {
    ++made;
    return std::make_unique<AtomicFile>(dir.path() / "temporary");
  };
}

LayerFacts streamed(const LayerRecipe& recipe, const TempDir& dir) {
  const TarView view(recipe);
  TarReader tar(view.open());
  int made = 0;
  return read_layer_facts(tar, temporaries_in(dir, made), Stop());
}

}  // namespace

TEST_CASE("what matters of the files of a layer is found out") {
  const LayerFacts facts = read_layer_facts(many_kinds(), Stop()).value();
  CHECK(file_of(facts, "app/download.py").content->secret == "a token of Hugging Face");
  CHECK(file_of(facts, "app/plain.txt").content == nullptr);
  CHECK(file_of(facts, "app/run").content->text == "#!/usr/bin/env python3");
  CHECK(file_of(facts, "etc/passwd").content->text == "root:x:0:0::/root:/bin/sh\n");
  const ElfFacts& elf = file_of(facts, "lib/libkernels.so.1").content->elf.value();
  CHECK(elf.needed == std::vector<std::string>{"libc.so.6", "libz.so.1"});
  CHECK(elf.gpu_code.size() == 2);
  CHECK(file_of(facts, "lib/libkernels.so").link == "libkernels.so.1");
  CHECK(file_of(facts, "models/model.gguf").content->sample.size() == 64);
  CHECK(file_of(facts, "models/model.pkl").content->imports ==
        std::vector<std::string>{"posix.system"});
  CHECK(file_of(facts, "models/model.safetensors.index.json").content->shards ==
        std::vector<std::string>{"1.safetensors", "2.safetensors"});
  CHECK(file_of(facts, "models/pointer").content->is_lfs_pointer);
  CHECK(file_of(facts, "models/no/tokenizer_config.json").content->chat_template ==
        FileContent::ChatTemplate::absent);
  CHECK(file_of(facts, "models/yes/tokenizer_config.json").content->chat_template ==
        FileContent::ChatTemplate::present);
}

TEST_CASE("a chat template is looked for in one pass, whatever a file is made of") {
  constexpr std::string_view key = "\"chat_template\"";
  std::string keys;
  while (keys.size() < 8 * mebibyte)
    keys += key;
  keys += std::string(8 * mebibyte - key.size() * 2, ' ');
  LayerRecipe recipe{Role::files, "m", 0, {}};
  recipe.entries = {text_entry("a/tokenizer_config.json", keys),
                    text_entry("b/tokenizer_config.json", std::string(key) + "\n:\t"),
                    text_entry("c/tokenizer_config.json", std::string(key) + " \r\n:\t\"x\"")};
  const LayerFacts facts = read_layer_facts(recipe, Stop()).value();
  CHECK(file_of(facts, "a/tokenizer_config.json").content->chat_template ==
        FileContent::ChatTemplate::absent);
  CHECK(file_of(facts, "b/tokenizer_config.json").content->chat_template ==
        FileContent::ChatTemplate::absent);
  CHECK(file_of(facts, "c/tokenizer_config.json").content->chat_template ==
        FileContent::ChatTemplate::present);
}

TEST_CASE("facts are written and read back, and text that is cut is none") {
  LayerFacts facts = read_layer_facts(many_kinds(), Stop()).value();
  facts.removed = {"gone", "etc/old"};
  facts.emptied = {"var"};
  facts.files.front().uid = 1000;
  facts.files.front().gid = 1001;
  const std::string text = write_layer_facts(facts);
  const LayerFacts read = parse_layer_facts(text).value();
  CHECK(write_layer_facts(read) == text);
  CHECK(read.removed == facts.removed);
  CHECK(read.emptied == facts.emptied);
  REQUIRE(read.files.size() == facts.files.size());
  for (std::size_t i = 0; i < read.files.size(); ++i) {
    const FileFacts& one = read.files[i];
    const FileFacts& other = facts.files[i];
    CHECK(one.path == other.path);
    CHECK(one.kind == other.kind);
    CHECK(one.mode == other.mode);
    CHECK(one.uid == other.uid);
    CHECK(one.gid == other.gid);
    CHECK(one.size == other.size);
    CHECK(one.link == other.link);
    REQUIRE((one.content == nullptr) == (other.content == nullptr));
    if (one.content) CHECK(*one.content == *other.content);
  }
  for (std::size_t length = 0; length < text.size(); ++length)
    REQUIRE_FALSE(parse_layer_facts(std::string_view(text).substr(0, length)));
  CHECK_FALSE(parse_layer_facts(text + "1:1"));
  CHECK_FALSE(parse_layer_facts("13:layer facts 0" + text.substr(16)));
}

TEST_CASE("a layer that passes by, one in a file and one whose recipe is known have equal facts") {
  const TempDir dir;
  const LayerRecipe recipe = many_kinds();
  const std::string wanted = write_layer_facts(read_layer_facts(recipe, Stop()).value());
  CHECK(write_layer_facts(streamed(recipe, dir)) == wanted);
  const TarView view(recipe);
  dir.write("layer.tar", all_of(*view.open()));
  CHECK(write_layer_facts(read_layer_facts(dir.path() / "layer.tar", Stop())) == wanted);
}

TEST_CASE("what layers take away is no file of theirs") {
  const TempDir dir;
  const LayerRecipe recipe{Role::files,
                           "m",
                           0,
                           {text_entry("etc/.wh.old", ""),
                            text_entry("var/.wh..wh..opq", ""),
                            text_entry(".wh..wh..opq", "")}};
  const LayerFacts facts = streamed(recipe, dir);
  CHECK(facts.files.empty());
  CHECK(facts.removed == std::vector<std::string>{"etc/old"});
  CHECK(facts.emptied == std::vector<std::string>{"var", ""});
}

TEST_CASE("a sample is the same however the bytes come, and another one where they differ") {
  const std::string bytes = noise(2 * mebibyte + 4321);
  const std::string wanted = weights_sample(TextReadAt(bytes));
  for (const std::size_t step : {std::size_t{1000}, std::size_t{65536}, bytes.size()}) {
    WeightsSample sample(bytes.size());
    for (std::size_t at = 0; at < bytes.size(); at += step)
      sample.add(std::string_view(bytes).substr(at, step));
    CHECK(sample.finish() == wanted);
  }
  for (const std::size_t at : {std::size_t{0}, bytes.size() - 1}) {
    std::string other = bytes;
    other[at] = static_cast<char>(other[at] ^ 1);
    CHECK(weights_sample(TextReadAt(other)) != wanted);
  }
  CHECK(is_sampled("models/a.safetensors", mebibyte));
  CHECK_FALSE(is_sampled("models/a.safetensors", mebibyte - 1));
  CHECK_FALSE(is_sampled("lib/liba.so", 5 * mebibyte));
}

TEST_CASE("a spool keeps little in memory and much in a file that is gone with it") {
  const TempDir dir;
  int made = 0;
  const NewTemporary create = temporaries_in(dir, made);
  Spool spool(create);
  spool.write(as_bytes("small"));
  const auto small = spool.take();
  CHECK(small->size() == 5);
  CHECK(made == 0);

  const std::string part = noise(5 * mebibyte);
  for (int i = 0; i < 4; ++i)
    spool.write(as_bytes(part));
  auto large = spool.take();
  CHECK(made == 1);
  CHECK(large->size() == 20 * mebibyte);
  std::string read(100, '\0');
  large->read_at(15 * mebibyte - 50, std::as_writable_bytes(std::span(read)));
  CHECK(read == part.substr(part.size() - 50) + part.substr(0, 50));
  CHECK(spool.take()->size() == 0);
  large.reset();
  CHECK(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()) == 0);
}
