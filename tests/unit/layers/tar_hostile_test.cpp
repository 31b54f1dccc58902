#include "layers/tar_reader.h"
#include "lib/error.h"
#include "lib/file.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::vector<TarEntry> listing(std::string bytes) {
  return list_tar(std::make_unique<StringSource>(std::move(bytes)));
}

std::string tar_of(std::vector<RecipeEntry> entries) {
  LayerRecipe recipe;
  recipe.entries = std::move(entries);
  return all_of(*TarView(recipe).open());
}

// What Python's tarfile writes for the members that `script` adds to `t`.
std::string python_tar(const std::string& format, const std::string& script) {
  const TempDir dir;
  dir.write("make.py",
            "import io, sys, tarfile\n"
            "t = tarfile.open(sys.argv[1], 'w', format=tarfile." +
                format +
                ", errors='surrogateescape')\n"
                "def add(name, data=b'', **fields):\n"
                "  m = tarfile.TarInfo(name)\n"
                "  m.size = len(data)\n"
                "  for key, value in fields.items(): setattr(m, key, value)\n"
                "  t.addfile(m, io.BytesIO(data))\n" +
                script + "\nt.close()\n");
  output_of("python3 -B " + (dir / "make.py").string() + " " + (dir / "t.tar").string());
  return dir.read("t.tar");
}

// One header with the checksum made right.
std::string header(const std::string& name, char type, const std::string& size) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(100, 7, "0000644");
  block.replace(124, size.size(), size);
  block[156] = type;
  block.replace(257, 8, std::string("ustar\00000", 8));
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char byte : block) {
    sum += static_cast<unsigned char>(byte);
  }
  block.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  return block;
}

}  // namespace

TEST_CASE("what the writer writes is read back") {
  RecipeEntry owned = text_entry("d/" + std::string(150, 'n'), std::string(70'000, 'x'));
  owned.uid = std::uint64_t{1} << 31;
  owned.mode = 04755;
  const auto entries = listing(tar_of(
      {folder_entry("d"), owned, link_entry("l", std::string(120, 't')), text_entry("z", "z")}));
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].path == "d");
  CHECK(entries[0].kind == TarEntry::Kind::directory);
  CHECK(entries[1].path == owned.path);
  CHECK(entries[1].uid == owned.uid);
  CHECK(entries[1].mode == 04755);
  CHECK(entries[1].size == 70'000);
  CHECK(entries[1].offset % 4096 == 0);
  CHECK(entries[2].kind == TarEntry::Kind::symlink);
  CHECK(entries[2].link == std::string(120, 't'));
  CHECK(entries[3].path == "z");
}

TEST_CASE("data is read entry by entry, and what is left of it is skipped") {
  TarReader reader(std::make_unique<StringSource>(tar_of(
      {text_entry("a", std::string(1000, 'a')), text_entry("b", "bb"), text_entry("c", "c")})));
  std::vector<std::byte> buffer(10);
  CHECK(reader.next()->path == "a");
  CHECK(reader.read(buffer) == 10);
  CHECK(reader.next()->path == "b");
  CHECK(reader.read(buffer) == 2);
  CHECK(reader.read(buffer) == 0);
  CHECK(reader.next()->path == "c");
  CHECK_FALSE(reader.next());
}

TEST_CASE("ustar, pax and GNU archives of others are read") {
  const std::string script =
      "add('./a/', type=tarfile.DIRTYPE, mode=0o1777)\n"
      "add('n' * 90 + '/' + 'm' * 90, b'data')\n"
      "add('hard', type=tarfile.LNKTYPE, linkname='a')\n"
      "add('dev', type=tarfile.CHRTYPE)\n"
      "add('pipe', type=tarfile.FIFOTYPE)\n";
  const std::string more =
      "add('x' * 300, b'1', uid=3000000, mtime=1700000000.5 if t.format == tarfile.PAX_FORMAT else "
      "17)\n"
      "add('link', type=tarfile.SYMTYPE, linkname='y' * 300)\n";
  for (const char* format : {"USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT"}) {
    const bool extended = std::string(format) != "USTAR_FORMAT";
    const auto entries = listing(python_tar(format, extended ? script + more : script));
    REQUIRE(entries.size() == (extended ? 7 : 5));
    CHECK(entries[0].path == "a");
    CHECK(entries[0].mode == 01777);
    CHECK(entries[1].path == std::string(90, 'n') + "/" + std::string(90, 'm'));
    CHECK(entries[1].size == 4);
    CHECK(entries[2].kind == TarEntry::Kind::hardlink);
    CHECK(entries[3].kind == TarEntry::Kind::character_device);
    CHECK(entries[4].kind == TarEntry::Kind::fifo);
    if (!extended) continue;
    CHECK(entries[5].path == std::string(300, 'x'));
    CHECK(entries[5].uid == 3'000'000);
    CHECK(entries[6].link == std::string(300, 'y'));
  }
}

TEST_CASE("sparse files of GNU tar are listed with their real size") {
  const TempDir dir;
  const std::string at = dir.path().string();
  for (const char* options :
       {"--format=gnu", "--format=pax --sparse-version=1.0", "--format=pax --sparse-version=0.1"}) {
    output_of("cd " + at + " && rm -f s && truncate -s 50M s && printf x >> s && printf y > t && " +
              "tar -S " + options + " -cf s.tar s t");
    const auto entries = listing(dir.read("s.tar"));
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].path == "s");
    CHECK(entries[0].size == 50 * 1024 * 1024 + 1);
    CHECK(entries[1].path == "t");
    CHECK(entries[1].size == 1);
  }
}

TEST_CASE("hostile names are listed and flagged") {
  const auto entries = listing(
      python_tar("PAX_FORMAT",
                 "add('/etc/passwd')\nadd('a/../../b')\nadd('ok/..b/c')\nadd('d/.wh.gone')\n"
                 "add('d/.wh..wh..opq')\nadd('caf\\udce9')\n"));
  REQUIRE(entries.size() == 6);
  CHECK_FALSE(entries[0].is_safe());
  CHECK_FALSE(entries[1].is_safe());
  CHECK(entries[2].is_safe());
  CHECK_FALSE(entries[2].is_whiteout());
  CHECK(entries[3].is_whiteout());
  CHECK(entries[4].is_whiteout());
  CHECK(entries[5].path == "caf\xe9");
}

TEST_CASE("malformed archives are refused, with the place") {
  const std::string end(1024, '\0');
  const auto damaged_after = [](const std::string& bytes, std::uint64_t offset) {
    try {
      listing(bytes);
    } catch (const Error& error) {
      INFO(error.what());
      const std::string start = fmt::format("the tar archive is damaged after byte {}: ", offset);
      return error.fault() == Fault::integrity && std::string(error.what()).starts_with(start);
    }
    return false;
  };
  CHECK(damaged_after(std::string(512, 'x'), 0));
  CHECK(damaged_after(std::string(100, 'x'), 0));
  CHECK(damaged_after(header("a", '0', "00000002000") + "short", 517));
  CHECK(damaged_after(header("a", 'x', "77777777777") + end, 512));
  const std::string negative("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
  CHECK(damaged_after(header("a", '0', negative), 512));
  std::string records = "28 size=4611686018427387903\n";
  const std::string size = fmt::format("{:011o}", records.size());
  records.resize(512);
  CHECK(damaged_after(header("x", 'x', size) + records + header("a", '0', "0") + end, 2560));
}

TEST_CASE("an archive without its end marker ends with the file") {
  CHECK(listing("").empty());
  CHECK(listing(header("a", '0', "0")).size() == 1);
}

TEST_CASE("no cut of an archive crashes") {
  const std::string tar = tar_of({text_entry(std::string(150, 'n'), std::string(3000, 'x')),
                                  link_entry("l", std::string(120, 't'))});
  for (std::size_t length = 0; length < tar.size(); length += 37) {
    try {
      listing(tar.substr(0, length));
    } catch (const Error& error) {
      CHECK(error.fault() == Fault::integrity);
    }
  }
}
