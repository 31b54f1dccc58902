#include "layers/tar_deb.h"

#include "tests/support/deb_repository.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

#include <map>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string end(1024, '\0');

// Everything in data.tar of the .deb with those bytes.
std::vector<DebFile> members(const std::string& deb) {
  const TempDir dir;
  DebArchive archive(dir.write("a.deb", deb), DebArchive::Part::data);
  std::vector<DebFile> found;
  while (const auto file = archive.next())
    found.push_back(*file);
  return found;
}

std::vector<DebFile> members_of_tar(const std::string& data_tar) {
  return members(deb_of(end, data_tar));
}

std::string refused_deb(const std::string& deb) {
  return failure(Fault::integrity, [&] { members(deb); });
}

std::string refused_tar(const std::string& data_tar) {
  return refused_deb(deb_of(end, data_tar));
}

std::string compressed(const std::string& tool, const std::string& text) {
  const TempDir dir;
  dir.write("plain", text);
  output_of(tool + " < " + (dir / "plain").string() + " > " + (dir / "packed").string());
  return dir.read("packed");
}

std::string unpacked(const std::string& bytes, std::uint64_t limit = 1 << 20) {
  StringSource source(bytes);
  StringSink sink(1 << 24);
  decompress(source, sink, limit, "Packages");
  return sink.text;
}

}  // namespace

TEST_CASE("members are given as dpkg-deb wrote them, the root folder is not") {
  const auto found = members_of_tar(tar_header("./", '5') + tar_header("./usr/", '5') +
                                    tar_header("./usr/a", '0', 3) + "abc" + std::string(509, '\0') +
                                    tar_header("./usr/b", '1', 0, "./usr/a") +
                                    tar_header("./usr/c", '2', 0, "../etc/x") + end);
  REQUIRE(found.size() == 4);
  CHECK(found[0] == DebFile{"usr", EntryKind::directory, 0644, 0, 0, "", 0});
  CHECK(found[1] == DebFile{"usr/a", EntryKind::file, 0644, 0, 0, "", 3});
  CHECK(found[2] == DebFile{"usr/b", EntryKind::hardlink, 0644, 0, 0, "usr/a", 0});
  CHECK(found[3] == DebFile{"usr/c", EntryKind::symlink, 0644, 0, 0, "../etc/x", 0});
}

TEST_CASE("a file is read as it is, and what is left of it skipped") {
  const TempDir dir;
  const std::string tar =
      tar_of({text_entry("a", std::string(200'000, 'a')), text_entry("b", "bytes of b")});
  DebArchive archive(dir.write("a.deb", deb_of(end, tar)), DebArchive::Part::data);
  std::string buffer(100, '\0');
  REQUIRE(archive.next()->path == "a");
  CHECK(archive.read(std::as_writable_bytes(std::span(buffer))) > 0);
  REQUIRE(archive.next()->path == "b");
  CHECK(archive.read(std::as_writable_bytes(std::span(buffer))) == 10);
  CHECK(buffer.substr(0, 10) == "bytes of b");
  CHECK(archive.read(std::as_writable_bytes(std::span(buffer))) == 0);
  CHECK_FALSE(archive.next().has_value());
}

TEST_CASE("either archive may be compressed in any way that dpkg-deb knows") {
  const std::string tar = tar_of({text_entry("usr/a", "a")});
  const std::map<std::string, std::string> suffixes{{"gzip", ".gz"}, {"xz", ".xz"}};
  for (const auto& pair : suffixes) {
    const std::string& tool = pair.first;
    const std::string& suffix = pair.second;
    INFO(tool);
    const auto found = members(ar_of({{"debian-binary", "2.0\n"},
                                      {"control.tar" + suffix, compressed(tool, end)},
                                      {"_extra", "odd"},
                                      {"data.tar" + suffix + "/", compressed(tool, tar)}}));
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == "usr/a");
  }
}

TEST_CASE("names outside of ASCII are kept") {
  const auto found = members_of_tar(tar_of({text_entry("usr/caf\xc3\xa9", "")}));
  REQUIRE(found.size() == 1);
  CHECK(found[0].path == "usr/caf\xc3\xa9");
}

TEST_CASE("a package without files is one") {
  CHECK(members_of_tar(end).empty());
  CHECK(members_of_tar("").empty());
}

TEST_CASE("what is no .deb of format 2 is refused") {
  CHECK(refused_deb("") == "it is not a .deb file");
  CHECK(refused_deb("<html>") == "it is not a .deb file");
  const std::string version = "it is not a .deb file of format 2";
  CHECK(refused_deb("!<arch>\n") == version);
  CHECK(refused_deb(ar_of({{"debian-binary", "3.0\n"}})) == version);
  CHECK(refused_deb(ar_of({{"control.tar", end}, {"debian-binary", "2.0\n"}})) == version);
  CHECK(refused_deb(ar_of({{"debian-binary", "2.0\n" + std::string(100, ' ')}})) == version);
  CHECK(refused_deb(ar_of({{"debian-binary", "2.0\n"}, {"control.tar", end}})) ==
        "it has no data.tar");
}

TEST_CASE("an ar header that is damaged is refused with its place") {
  std::string deb = ar_of({{"debian-binary", "2.0\n"}, {"data.tar", end}});
  deb[8 + 60 + 4 + 58] = 'x';
  CHECK(refused_deb(deb) == "it has a bad ar header at byte 72");
  deb = ar_of({{"debian-binary", "2.0\n"}, {"data.tar", end}});
  CHECK(refused_deb(deb.substr(0, deb.size() - 1)) == "it has a bad ar header at byte 72");
  deb.replace(72 + 48, 10, "-1        ");
  CHECK(refused_deb(deb) == "it has a bad ar header at byte 72");
}

TEST_CASE("paths that leave the root are refused") {
  CHECK(refused_tar(tar_header("/etc/passwd", '0') + end) == "`/etc/passwd` is an absolute path");
  for (const char* path : {"../etc/passwd",
                           "usr/../../etc/passwd",
                           "usr/..",
                           "..",
                           "usr/./a",
                           "usr//a",
                           "./usr/../a"}) {
    CHECK(refused_tar(tar_header(path, '0') + end) ==
          std::string("the path `") + path + "` is not a plain one");
  }
  CHECK(refused_tar(tar_header(".//etc/passwd", '0') + end) ==
        "`.//etc/passwd` is an absolute path");
  CHECK(refused_tar(tar_header("caf\xe9", '0') + end) == "the path `caf\\xe9` is not UTF-8");
  CHECK(refused_tar(tar_header(".", '0') + end) == "a member has no name");
}

TEST_CASE("devices, FIFOs and what is no file at all are refused") {
  CHECK(refused_tar(tar_header("dev/sda", '3') + end) == "`dev/sda` is a device");
  CHECK(refused_tar(tar_header("dev/sda", '4') + end) == "`dev/sda` is a device");
  CHECK(refused_tar(tar_header("run/pipe", '6') + end) == "`run/pipe` is a FIFO");
}

TEST_CASE("a link must lead somewhere, a hard link to a file before it") {
  CHECK(refused_tar(tar_header("a", '2') + end) == "the link `a` leads to ``");
  CHECK(refused_tar(tar_header("a", '2', 0, "caf\xe9") + end) ==
        "the link `a` leads to `caf\\xe9`");
  const std::string no_file = "`a` is a hard link to `b`, which is no file before it";
  CHECK(refused_tar(tar_header("a", '1', 0, "b") + end) == no_file);
  CHECK(refused_tar(tar_header("a", '1', 0, "b") + tar_header("b", '0') + end) == no_file);
  CHECK(refused_tar(tar_header("b", '5') + tar_header("a", '1', 0, "b") + end) == no_file);
  CHECK(refused_tar(tar_header("b", '2', 0, "/etc/passwd") + tar_header("a", '1', 0, "b") + end) ==
        no_file);
  CHECK(refused_tar(tar_header("a", '1', 0, "/etc/passwd") + end) ==
        "`/etc/passwd` is an absolute path");
  CHECK(refused_tar(tar_header("a", '1', 0, "../b") + end) == "the path `../b` is not a plain one");
}

TEST_CASE("a path twice is refused, unless it is a folder both times") {
  const std::string twice = "it holds `a` twice";
  CHECK(refused_tar(tar_header("a", '0') + tar_header("./a", '0') + end) == twice);
  CHECK(refused_tar(tar_header("a", '5') + tar_header("a", '0') + end) == twice);
  CHECK(refused_tar(tar_header("a", '0') + tar_header("a/", '5') + end) == twice);
  CHECK(refused_tar(tar_header("a", '2', 0, "/etc") + tar_header("a", '0') + end) == twice);
  CHECK(members_of_tar(tar_header("a", '5') + tar_header("a/", '5') + end).size() == 2);
}

TEST_CASE("an archive that is cut off is refused, wherever it is cut") {
  const std::string tar = tar_of({text_entry("a", std::string(3000, 'a')), text_entry("b", "b")});
  CHECK(refused_tar(tar.substr(0, 700)).starts_with("it is damaged: "));
  CHECK(refused_tar(tar.substr(0, 100)).starts_with("it is damaged: "));
  const std::string packed = compressed("xz", tar);
  CHECK(refused_deb(ar_of({{"debian-binary", "2.0\n"},
                           {"data.tar.xz", packed.substr(0, packed.size() / 2)}}))
            .starts_with("it is damaged: "));
  const std::string deb = deb_of(end, tar);
  for (std::size_t length = 0; length < deb.size(); length += 211)
    CHECK(refused_deb(deb.substr(0, length)) != "nothing failed");
}

TEST_CASE("bytes that are no tar are refused") {
  CHECK(refused_tar(std::string(2000, 'x')).starts_with("it is damaged: "));
}

TEST_CASE("a size bomb is refused by its header, before anything is unpacked") {
  constexpr std::uint64_t gib = std::uint64_t{1} << 30;
  CHECK(refused_tar(tar_header("a", '0', gib) + end) ==
        "it unpacks to 1.00 GiB or more from 1.50 KiB");
  const std::string packed = compressed("xz", tar_header("a", '0', 150'000'000) + end);
  CHECK(refused_deb(ar_of({{"debian-binary", "2.0\n"}, {"data.tar.xz", packed}}))
            .starts_with("it unpacks to 143 MiB or more from "));
}

TEST_CASE("a list is decompressed whatever it was packed with, told by its first bytes") {
  const std::string text = "Package: a\n";
  CHECK(unpacked(text) == text);
  CHECK(unpacked(compressed("gzip", text)) == text);
  CHECK(unpacked(compressed("xz", text)) == text);
  CHECK(unpacked(compressed("xz", text) + compressed("xz", text)) == text + text);
  CHECK(unpacked("").empty());
  CHECK(unpacked(compressed("xz", "")).empty());
}

TEST_CASE("a list that is damaged, or too large, is refused") {
  const std::string packed = compressed("xz", std::string(100'000, 'x') + "y");
  const auto why = [](const std::string& bytes, std::uint64_t limit) {
    return failure(Fault::integrity, [&] { unpacked(bytes, limit); });
  };
  CHECK(why(packed.substr(0, packed.size() / 2), 1 << 20).starts_with("`Packages` is damaged: "));
  CHECK(why(packed, 100'000) == "`Packages` unpacks to more than 97.7 KiB");
  CHECK(why(std::string(2000, 'x'), 1999) == "`Packages` unpacks to more than 1.95 KiB");
}

TEST_CASE("what the source of a list fails with is passed on") {
  class Broken : public Source {
    std::size_t read(std::span<std::byte>) override { fail(Fault::input, "the disk is gone"); }
  };
  Broken source;
  StringSink sink(1);
  CHECK(failure(Fault::input, [&] { decompress(source, sink, 1, "Packages"); }) ==
        "the disk is gone");
}
