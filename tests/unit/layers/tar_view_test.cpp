#include "layers/tar_view.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>

using namespace mlpack;
using namespace mlpack::test;

namespace {

LayerRecipe recipe_of(std::vector<RecipeEntry> entries) {
  LayerRecipe recipe;
  recipe.name = "test";
  recipe.entries = std::move(entries);
  return recipe;
}

std::string tar_of(const LayerRecipe& recipe) {
  return all_of(*TarView(recipe).open());
}

// A line for each member as Python reads it: path, type, mode, owner, size, link, data offset.
std::string python_listing(const fs::path& archive) {
  return output_of(
      "python3 -B -c 'import sys, tarfile\n"
      "for m in tarfile.open(sys.argv[1], errors=\"surrogateescape\"):\n"
      "  text = \"%s %s %o %d:%d %d %s %d\" % (m.name, m.type.decode(), m.mode, m.uid, m.gid, "
      "m.size, m.linkname or \"-\", m.mtime)\n"
      "  sys.stdout.buffer.write(text.encode(errors=\"surrogateescape\") + b\"\\n\")' " +
      archive.string());
}

}  // namespace

TEST_CASE("an archive of nothing is two zero blocks") {
  CHECK(tar_of(recipe_of({})) == std::string(1024, '\0'));
  CHECK(TarView(recipe_of({})).size() == 1024);
}

TEST_CASE("a short file is one header, its data and zeros") {
  const std::string tar = tar_of(recipe_of({text_entry("a/b", "hello")}));
  REQUIRE(tar.size() == 512 + 512 + 1024);
  CHECK(tar.substr(0, 4) == std::string("a/b\0", 4));
  CHECK(tar.substr(100, 36) == std::string("0000644\0"
                                           "0000000\0"
                                           "0000000\0"
                                           "00000000005\0",
                                           36));
  CHECK(tar.substr(257, 8) == std::string("ustar\00000", 8));
  CHECK(tar.substr(265, 64) == std::string(64, '\0'));
  CHECK(tar.substr(512, 6) == std::string("hello\0", 6));
}

TEST_CASE("the size is known before a byte is read") {
  const TempDir dir;
  const fs::path file = dir.write("f", std::string(70'000, 'x'));
  LayerRecipe recipe = recipe_of(
      {folder_entry("d"), text_entry("d/" + std::string(200, 'n'), "x"), file_entry("d/z", file)});
  const TarView view(recipe);
  CHECK(view.size() == tar_of(recipe).size());
  ::unlink(file.c_str());
  CHECK(TarView(recipe).size() == view.size());
}

TEST_CASE("reads of any length give the same bytes") {
  const TempDir dir;
  const fs::path file = dir.write("f", std::string(100'001, 'x'));
  const TarView view(recipe_of({folder_entry("d"), file_entry("d/f", file), text_entry("e", "")}));
  const std::string whole = all_of(*view.open());
  std::mt19937 random(1);
  const auto source = view.open();
  std::string pieces;
  std::array<std::byte, 5000> buffer{};
  while (const std::size_t count =
             source->read(std::span(buffer).first(1 + random() % buffer.size()))) {
    pieces.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  CHECK(pieces == whole);
}

TEST_CASE("data of 64 KiB and more starts at a multiple of 4096, wherever the file lies") {
  for (std::size_t before = 0; before < 10; ++before) {
    std::vector<RecipeEntry> entries;
    for (std::size_t i = 0; i < before; ++i) {
      entries.push_back(folder_entry(fmt::format("d{}", i)));
    }
    entries.push_back(text_entry("large", std::string(65536, 'L')));
    entries.push_back(text_entry("small", std::string(65535, 's')));
    entries.push_back(text_entry(std::string(150, 'n'), std::string(65537, 'M')));
    const TarView view(recipe_of(entries));
    const std::string tar = all_of(*view.open());
    REQUIRE(tar.size() == view.size());
    for (std::size_t i = before; i < entries.size(); ++i) {
      CHECK(tar.substr(view.data_offset(i), entries[i].size) ==
            std::get<std::string>(entries[i].content));
    }
    CHECK(view.data_offset(before) % 4096 == 0);
    CHECK(view.data_offset(before + 2) % 4096 == 0);
    CHECK(view.data_offset(before) <= before * 512 + 2 * 512 + 4096 + 512);
  }
}

TEST_CASE("a large file that is aligned by chance has no extended header") {
  std::vector<RecipeEntry> entries(7, folder_entry("d"));
  entries.push_back(text_entry("large", std::string(65536, 'L')));
  CHECK(TarView(recipe_of(entries)).header(7).size() == 512);
}

TEST_CASE("a path is split at a slash where it can, and extended where it cannot") {
  const std::string name(100, 'n');
  const std::string prefix(155, 'p');
  const auto header = [](const std::string& path) {
    return TarView(recipe_of({text_entry(path, "")})).header(0);
  };
  CHECK(header(name).size() == 512);
  CHECK(header(prefix + "/" + name).size() == 512);
  CHECK(header(prefix + "/" + name).substr(345, 155) == prefix);
  CHECK(header("a/b/" + name).substr(345, 4) == std::string("a/b\0", 4));
  CHECK(header(name + "n").size() == 3 * 512);
  CHECK(header(prefix + "p/" + name).size() == 3 * 512);
}

TEST_CASE("GNU tar and Python read odd names, owners and links as they are") {
  const TempDir dir;
  const std::string latin1 = "caf\xe9";
  const std::string long_latin1 = "x\xff" + std::string(240, 'l');
  RecipeEntry owned = text_entry("owned", "o");
  owned.uid = 2097152;
  owned.gid = std::uint64_t{1} << 31;
  owned.mode = 04711;
  RecipeEntry hard = text_entry("hard", "");
  hard.kind = EntryKind::hardlink;
  hard.link = "owned";
  LayerRecipe recipe = recipe_of({folder_entry(std::string(99, 'd')),
                                  folder_entry(std::string(100, 'd')),
                                  text_entry(latin1, "1"),
                                  text_entry("\xd0\xb6", "2"),
                                  text_entry(long_latin1, "3"),
                                  owned,
                                  hard,
                                  link_entry("short", "a b"),
                                  link_entry("long", std::string(101, 't'))});
  recipe.mtime = 1'700'000'000;
  write_tar(TarView(recipe), dir / "a.tar");
  const std::string expected = std::string(99, 'd') + " 5 755 0:0 0 - 1700000000\n" +
                               std::string(100, 'd') + " 5 755 0:0 0 - 1700000000\n" + latin1 +
                               " 0 644 0:0 1 - 1700000000\n\xd0\xb6 0 644 0:0 1 - 1700000000\n" +
                               long_latin1 +
                               " 0 644 0:0 1 - 1700000000\n"
                               "owned 0 4711 2097152:2147483648 1 - 1700000000\n"
                               "hard 1 644 0:0 0 owned 1700000000\n"
                               "short 2 777 0:0 0 a b 1700000000\n"
                               "long 2 777 0:0 0 " +
                               std::string(101, 't') + " 1700000000\n";
  CHECK(python_listing(dir / "a.tar") == expected);
  output_of("mkdir " + (dir / "out").string() + " && tar --no-same-owner -C " +
            (dir / "out").string() + " -xf " + (dir / "a.tar").string());
  CHECK(dir.read("out/" + latin1) == "1");
  CHECK(dir.read("out/\xd0\xb6") == "2");
  CHECK(fs::exists(dir / "out/owned"));
  CHECK(fs::read_symlink(dir / "out/long") == std::string(101, 't'));
  CHECK(output_of("tar --numeric-owner -tvf " + (dir / "a.tar").string() + " owned")
            .find("2097152/2147483648") != std::string::npos);
}

TEST_CASE("times that do not fit the header are extended") {
  const TempDir dir;
  for (const std::int64_t mtime : {std::int64_t{-5}, std::int64_t{1} << 33}) {
    LayerRecipe recipe = recipe_of({text_entry("f", "x")});
    recipe.mtime = mtime;
    write_tar(TarView(recipe), dir / "t.tar");
    CHECK(python_listing(dir / "t.tar") == fmt::format("f 0 644 0:0 1 - {}\n", mtime));
  }
}

TEST_CASE("GNU tar and Python read a file of 8 GiB and what follows it") {
  const TempDir dir;
  const fs::path sparse = dir.write("sparse", "");
  const std::uint64_t size = (std::uint64_t{8} << 30) + 3;
  REQUIRE(::truncate(sparse.c_str(), static_cast<off_t>(size)) == 0);
  const TarView view(recipe_of({file_entry("a", sparse), text_entry("b", "after")}));
  CHECK(view.size() == 4096 + size + 509 + 512 + 512 + 1024);
  // The archive with a hole where the data is: both readers seek over it.
  AtomicFile file(dir / "big.tar");
  file.write(as_bytes(view.header(0)));
  REQUIRE(::lseek(file.fd().get(), static_cast<off_t>(view.data_offset(0) + size + 509), SEEK_SET) >
          0);
  file.write(as_bytes(view.header(1) + "after"));
  REQUIRE(::ftruncate(file.fd().get(), static_cast<off_t>(view.size())) == 0);
  file.commit();
  CHECK(python_listing(dir / "big.tar") == "a 0 644 0:0 8589934595 - 0\nb 0 644 0:0 5 - 0\n");
  CHECK(output_of("tar --numeric-owner -tvf " + (dir / "big.tar").string() +
                  " | tr -s ' ' | cut -d' ' -f 3,6") == "8589934595 a\n5 b\n");
}

TEST_CASE("a file that grows, shrinks or goes after it was listed is named") {
  const TempDir dir;
  const fs::path file = dir.write("w", "12345678");
  const TarView view(recipe_of({file_entry("w", file)}));
  dir.write("w", "123456789");
  const std::string changed = "`" + file.string() + "` changed after it was looked at";
  CHECK_THROWS_WITH_AS(all_of(*view.open()), changed.c_str(), Error);
  ::unlink(file.c_str());
  const std::string gone = "cannot open `" + file.string() + "`: No such file or directory";
  CHECK_THROWS_WITH_AS(all_of(*view.open()), gone.c_str(), Error);
}

TEST_CASE("a file that is cut while it is read is named, and nothing is padded") {
  const TempDir dir;
  const fs::path file = dir.write("w", std::string(3'000'000, 'w'));
  const TarView view(recipe_of({file_entry("w", file)}));
  const auto source = view.open();
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  REQUIRE(source->read(buffer) == buffer.size());
  REQUIRE(::truncate(file.c_str(), 1'500'000) == 0);
  std::uint64_t total = buffer.size();
  const auto rest = [&] {
    while (const std::size_t count = source->read(buffer)) {
      total += count;
    }
  };
  const std::string message = "`" + file.string() + "` ended at byte 1500000, 1500000 bytes short";
  CHECK_THROWS_WITH_AS(rest(), message.c_str(), Error);
  CHECK(total <= 4096 + 1'500'000);
}

TEST_CASE("a file that is put together is one file of the archive") {
  const TempDir dir;
  const fs::path file = dir.write("f", "0123456789");
  const FileRange range{file, identity_of(open_regular(file)), 2};
  RecipeEntry entry = text_entry("a", "");
  entry.content = Parts{{std::string("head "), 5}, {range, 3}, {std::string(), 0}, {range, 8}};
  entry.size = 16;
  const std::string whole = all_of(*TarView(recipe_of({entry})).open());
  CHECK(whole == all_of(*TarView(recipe_of({text_entry("a", "head 23423456789")})).open()));

  dir.write("f", "012345678");
  CHECK_THROWS_WITH_AS(
      all_of(*TarView(recipe_of({entry})).open()), doctest::Contains(file.c_str()), Error);
}

TEST_CASE("members of a package are asked for in order, once for each pass") {
  const Digest archive = Digest::of("deb");
  std::vector<std::string> asked;
  const OpenMembers members = [&asked] {
    asked.push_back("pass");
    return [&asked](const ArchiveMember& asked_for) -> std::unique_ptr<Source> {
      const auto& member = std::get<DebMember>(asked_for);
      asked.push_back(member.member);
      return std::make_unique<StringSource>("content of " + member.member);
    };
  };
  std::vector<RecipeEntry> entries{text_entry("a", ""), text_entry("b", "")};
  for (RecipeEntry& entry : entries) {
    entry.size = 12;
    entry.content = DebMember{archive, entry.path};
  }
  const TarView view(recipe_of(entries), members);
  const std::string tar = all_of(*view.open());
  CHECK(tar.substr(512, 12) == "content of a");
  CHECK(all_of(*view.open()) == tar);
  CHECK(asked == std::vector<std::string>{"pass", "a", "b", "pass", "a", "b"});

  entries[1].size = 13;
  const std::string message =
      "`b` of package file " + archive.text() + " is not as long as it was when it was listed";
  CHECK_THROWS_WITH_AS(
      all_of(*TarView(recipe_of(entries), members).open()), message.c_str(), Error);
}
