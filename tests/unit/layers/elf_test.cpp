#include "layers/elf.h"

#include "lib/file.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "elf_support.h"
#include "support.h"
#include <array>
#include <cstdio>
#include <filesystem>
#include <regex>
#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

ElfFacts facts_of(const std::string& bytes) {
  const auto facts = read_elf(TextReadAt(bytes));
  REQUIRE(facts);
  return *facts;
}

std::optional<ElfFacts> facts_of_file(const fs::path& path) {
  return read_elf(FileReadAt(path, 0, fs::file_size(path)));
}

// `binary 90a`, `ptx 120 9.0`, `relocatable binary 80`, in the order of the facts.
std::vector<std::string> codes_of(const ElfFacts& facts) {
  std::vector<std::string> texts;
  for (const ElfGpuCode& code : facts.gpu_code) {
    const char* const kind = code.kind == ElfGpuCode::Kind::ptx   ? "ptx"
                             : code.kind == ElfGpuCode::Kind::lto ? "lto"
                                                                  : "binary";
    const char* const reach = code.reach == ElfGpuCode::Reach::exact    ? "a"
                              : code.reach == ElfGpuCode::Reach::family ? "f"
                                                                        : "";
    const bool is_apart = code.linkage == ElfGpuCode::Linkage::relocatable;
    const bool is_stub = code.content == ElfGpuCode::Content::stub;
    const std::string isa = code.kind == ElfGpuCode::Kind::ptx
                                ? fmt::format(" {}.{}", code.isa_major, code.isa_minor)
                                : "";
    texts.push_back(fmt::format("{}{} {}{}{}{} x{}",
                                is_apart ? "relocatable " : "",
                                kind,
                                code.sm,
                                reach,
                                isa,
                                is_stub ? " stub" : "",
                                code.count));
  }
  return texts;
}

// What readelf says of one file.
struct Oracle {
  std::string soname;
  std::string runpath;
  std::string rpath;
  std::vector<std::string> needed;
  std::multiset<std::string> wanted;
};

Oracle ask_readelf(const fs::path& path) {
  const std::string text = output_of("readelf -dVW '" + path.string() + "' 2>/dev/null");
  Oracle oracle;
  static const std::regex line("\\((NEEDED|SONAME|RPATH|RUNPATH)\\)[^\\[\n]*\\[([^\\]\n]*)\\]");
  for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at) {
    const std::string tag = (*at)[1];
    if (tag == "NEEDED") oracle.needed.push_back((*at)[2]);
    if (tag == "SONAME") oracle.soname = (*at)[2];
    if (tag == "RPATH") oracle.rpath = (*at)[2];
    if (tag == "RUNPATH") oracle.runpath = (*at)[2];
  }
  const std::size_t section = text.find("Version needs section");
  const std::string versions = section == std::string::npos ? "" : text.substr(section);
  static const std::regex want("File: (\\S+)|Name: (\\S+)  Flags: (\\S+)  Version");
  std::string library;
  for (std::sregex_iterator at(versions.begin(), versions.end(), want), end; at != end; ++at) {
    if ((*at)[1].matched) library = (*at)[1];
    if ((*at)[2].matched && (*at)[3] != "WEAK") {
      oracle.wanted.insert(library + " " + (*at)[2].str());
    }
  }
  return oracle;
}

}  // namespace

TEST_CASE("an ELF file without section headers says what a loader needs to know") {
  FakeElf elf;
  elf.soname = "libmodel.so.1";
  elf.runpath = "$ORIGIN/../lib";
  elf.interpreter = "/lib64/ld-linux-x86-64.so.2";
  elf.needed = {"libc.so.6", "libz.so.1"};
  elf.versions = {{"libc.so.6", "GLIBC_2.34"}, {"libz.so.1", "ZLIB_1.2.9"}};
  const ElfFacts facts = facts_of(elf_bytes(elf));
  CHECK(facts.kind == ElfFacts::Kind::library);
  CHECK(facts.machine == 62);
  CHECK(facts.bits == 64);
  CHECK(facts.soname == "libmodel.so.1");
  CHECK(facts.runpath == "$ORIGIN/../lib");
  CHECK(facts.rpath.empty());
  CHECK(facts.interpreter == "/lib64/ld-linux-x86-64.so.2");
  CHECK(facts.needed == std::vector<std::string>{"libc.so.6", "libz.so.1"});
  CHECK(facts.versions_needed ==
        std::vector<ElfNeededVersion>{{"libc.so.6", "GLIBC_2.34"}, {"libz.so.1", "ZLIB_1.2.9"}});
  CHECK(facts.gpu_code.empty());
}

TEST_CASE("a file that ends within what is loaded of it is cut") {
  FakeElf elf;
  elf.needed = {"libc.so.6"};
  const std::string whole = elf_bytes(elf);
  CHECK_FALSE(facts_of(whole).is_cut);
  CHECK_FALSE(facts_of(whole + "sections").is_cut);
  for (const std::size_t length : {whole.size() - 1, whole.size() / 2, std::size_t{64}})
    CHECK_MESSAGE(facts_of(whole.substr(0, length)).is_cut, length);
}

TEST_CASE("the folders that glibc's loader was built for are in it") {
  FakeElf elf;
  elf.soname = "ld-linux-x86-64.so.2";
  const std::string folders("\0/x\0/lib64/\0/usr/lib64/\0/none", 30);
  CHECK(facts_of(elf_bytes(elf) + folders).system_folders ==
        std::vector<std::string>{"/lib64", "/usr/lib64"});
  CHECK(facts_of(elf_bytes(elf) + "/lib64/").system_folders.empty());
  elf.soname = "libother.so";
  CHECK(facts_of(elf_bytes(elf) + folders).system_folders.empty());
}

TEST_CASE("what is no program and no library has no ELF facts") {
  FakeElf object;
  object.type = 1;
  CHECK_FALSE(read_elf(TextReadAt(elf_bytes(object))));
  CHECK_FALSE(read_elf(TextReadAt("")));
  CHECK_FALSE(read_elf(TextReadAt("#!/bin/sh\n")));
  CHECK_FALSE(read_elf(TextReadAt(std::string("\x7f") + "ELF")));
}

TEST_CASE("GPU code is found in any loaded part, by kind, target and language version") {
  FakeElf elf;
  elf.data = fatbin({{2, 80}, {2, 90, 0x100011}, {2, 100, 0x1200011}, {1, 120, 0x8011, 264, 9, 0}});
  elf.data += std::string(4096, 'x') + fatbin({{2, 80}, {2, 80, 0x11, 1464}, {8, 75}});
  CHECK(codes_of(facts_of(elf_bytes(elf))) == std::vector<std::string>{"binary 80 x2",
                                                                       "binary 80 stub x1",
                                                                       "binary 90a x1",
                                                                       "binary 100f x1",
                                                                       "ptx 120 9.0 x1",
                                                                       "lto 75 x1"});
}

TEST_CASE("what only looks like GPU code is none") {
  const std::string whole = fatbin({{2, 80}});
  const std::vector<std::string> wrong{
      whole.substr(0, 16),                                  // no entries where they should be
      "1234" + whole,                                       // not at a multiple of 8
      whole.substr(0, 4) + little(2, 2) + whole.substr(6),  // another version
      fatbin({{3, 80}}),                                    // a kind that nobody knows
      fatbin({{2, 5000}}),                                  // a GPU that nobody knows
      fatbin({{2, 80}}).replace(20, 4, little(8, 4)),       // a header that is too short
      fatbin({{2, 80}}).replace(24, 8, little(~std::uint64_t{0}, 8)),  // longer than the file
  };
  for (const std::string& data : wrong) {
    FakeElf elf;
    elf.data = data;
    CHECK(facts_of(elf_bytes(elf)).gpu_code.empty());
  }
}

TEST_CASE("a libcuda for newer drivers says so in a note") {
  FakeElf elf;
  elf.note = R"({"Format":1,"CUDA Version":"12.9","Driver":[535,550],"Device":[1,2]})";
  CHECK(facts_of(elf_bytes(elf)).compat_note == elf.note);
}

TEST_CASE("a file of bytes that look like broken containers is given up on in time") {
  std::string data;
  std::string entry = fatbin({{2, 80, 0x11, 0}}).substr(16);
  for (std::size_t i = 0; i < 20'000; ++i)
    data += little(0xBA55ED50, 4) + little(1, 2) + little(16, 2) + little(64 * 20'000, 8) + entry;
  FakeElf elf;
  elf.data = data;
  CHECK(facts_of(elf_bytes(elf)).gpu_code.size() <= 1);
}

TEST_CASE("no cut and no flipped bit of an ELF file crashes, hangs or reads outside of it") {
  FakeElf elf;
  elf.soname = "libmodel.so.1";
  elf.needed = {"libc.so.6"};
  elf.versions = {{"libc.so.6", "GLIBC_2.34"}};
  elf.note = R"({"CUDA Version":"12.9"})";
  elf.data = fatbin({{2, 80, 0x11, 64}, {1, 90, 0x11, 64, 9, 0}});
  const std::string whole = elf_bytes(elf);
  for (std::size_t length = 0; length < whole.size(); ++length)
    static_cast<void>(read_elf(TextReadAt(whole.substr(0, length))));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      static_cast<void>(read_elf(TextReadAt(damaged)));
    }
    std::string damaged = whole;
    damaged.replace(at, 8, 8, '\xff');
    static_cast<void>(read_elf(TextReadAt(damaged)));
  }
}

TEST_CASE("no cut and no flipped byte of a real library does either") {
  const fs::path path = fs::canonical("/proc/self/exe");
  const std::string whole = read_file(path, std::uint64_t{1} << 30).substr(0, 64 << 10);
  for (std::size_t at = 0; at < whole.size(); at += 61) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x81);
    static_cast<void>(read_elf(TextReadAt(damaged)));
    if (at % 4 == 0) static_cast<void>(read_elf(TextReadAt(whole.substr(0, at))));
  }
}

TEST_CASE("readelf says the same of programs and libraries of this machine") {
  if (std::system("command -v readelf > /dev/null") != 0) {
    MESSAGE("skipped: there is no readelf");
    return;
  }
  std::size_t compared = 0;
  for (const char* const folder : {"/usr/bin", "/usr/lib/x86_64-linux-gnu"}) {
    std::error_code ignored;
    std::vector<fs::path> paths;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.is_regular_file() && !entry.is_symlink()) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (std::size_t i = 0; i < paths.size(); i += 1 + paths.size() / 40) {
      const auto facts = facts_of_file(paths[i]);
      if (!facts) continue;
      INFO(paths[i].string());
      const Oracle oracle = ask_readelf(paths[i]);
      CHECK(facts->needed == oracle.needed);
      CHECK(facts->soname == oracle.soname);
      CHECK(facts->rpath == oracle.rpath);
      CHECK(facts->runpath == oracle.runpath);
      std::multiset<std::string> wanted;
      for (const ElfNeededVersion& version : facts->versions_needed)
        wanted.insert(version.library + " " + version.version);
      CHECK(wanted == oracle.wanted);
      ++compared;
    }
  }
  CHECK(compared > 10);
}
