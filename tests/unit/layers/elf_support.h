#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack::test {

/// `value` in `width` bytes, the lowest first.
inline std::string little(std::uint64_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i)
    bytes += static_cast<char>(i < sizeof value ? value >> (8 * i) & 0xFF : 0);
  return bytes;
}

struct FatbinEntry {
  unsigned kind = 2;  // 1: PTX, 2: binary, 8: LTO
  unsigned sm = 90;
  std::uint64_t flags = 0x11;
  std::size_t payload = 4096;
  unsigned isa_major = 8;
  unsigned isa_minor = 1;
};

/// A container as nvcc makes it, with payloads of zeros.
inline std::string fatbin(const std::vector<FatbinEntry>& entries) {
  std::string body;
  for (const FatbinEntry& entry : entries) {
    body += little(entry.kind, 2) + little(0x0101, 2) + little(64, 4) + little(entry.payload, 8);
    body += little(0, 8) + little(entry.isa_minor, 2) + little(entry.isa_major, 2);
    body += little(entry.sm, 4) + little(0, 8) + little(entry.flags, 8) + little(0, 16);
    body += std::string(entry.payload, '\0');
  }
  return little(0xBA55ED50, 4) + little(1, 2) + little(16, 2) + little(body.size(), 8) + body;
}

struct FakeElf {
  unsigned type = 3;      // ET_DYN
  unsigned machine = 62;  // x86-64
  std::string soname;
  std::string runpath;
  std::string interpreter;
  std::vector<std::string> needed;
  std::vector<std::pair<std::string, std::string>> versions;  // library, version
  std::string data;                                           // loaded, at a multiple of 8
  std::string note;                                           // of NVIDIA Corporation
};

/// A shared library without section headers whose bytes are loaded where they lie.
inline std::string elf_bytes(const FakeElf& elf) {
  std::string strings(1, '\0');
  const auto text = [&](const std::string& value) {
    const std::size_t at = strings.size();
    strings += value + '\0';
    return at;
  };
  std::string wanted;
  for (std::size_t i = 0; i < elf.versions.size(); ++i) {
    const bool is_last = i + 1 == elf.versions.size();
    wanted += little(1, 2) + little(1, 2) + little(text(elf.versions[i].first), 4) + little(16, 4) +
              little(is_last ? 0 : 32, 4);
    wanted += little(0, 4) + little(0, 2) + little(2, 2) + little(text(elf.versions[i].second), 4) +
              little(0, 4);
  }
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tags;
  for (const std::string& name : elf.needed)
    tags.emplace_back(1, text(name));
  if (!elf.soname.empty()) tags.emplace_back(14, text(elf.soname));
  if (!elf.runpath.empty()) tags.emplace_back(29, text(elf.runpath));
  const std::size_t interpreter = text(elf.interpreter);
  const std::size_t header = 64 + 4 * 56;
  const std::size_t data = header;
  const std::size_t string_place = data + (elf.data.size() + 7) / 8 * 8;
  const std::size_t wanted_place = string_place + (strings.size() + 7) / 8 * 8;
  const std::size_t note_place = wanted_place + wanted.size();
  std::string note;
  if (!elf.note.empty()) {
    note = little(19, 4) + little(elf.note.size(), 4) + little(1, 4) + "NVIDIA Corporation" +
           std::string(2, '\0') + elf.note;
    note.resize((note.size() + 7) / 8 * 8);
  }
  const std::size_t dynamic_place = note_place + note.size();
  tags.emplace_back(5, string_place);
  if (!wanted.empty()) {
    tags.emplace_back(0x6ffffffe, wanted_place);
    tags.emplace_back(0x6fffffff, elf.versions.size());
  }
  tags.emplace_back(0, 0);
  std::string dynamic;
  for (const auto& [tag, value] : tags)
    dynamic += little(tag, 8) + little(value, 8);
  const std::size_t size = dynamic_place + dynamic.size();
  const auto segment = [](std::uint64_t type, std::uint64_t at, std::uint64_t length) {
    return little(type, 4) + little(5, 4) + little(at, 8) + little(at, 8) + little(at, 8) +
           little(length, 8) + little(length, 8) + little(8, 8);
  };
  std::string bytes = std::string("\x7f") + "ELF" + little(2, 1) + little(1, 1) + little(1, 1);
  bytes += std::string(9, '\0') + little(elf.type, 2) + little(elf.machine, 2) + little(1, 4);
  bytes += little(0, 8) + little(64, 8) + little(0, 8) + little(0, 4) + little(64, 2) +
           little(56, 2) + little(4, 2) + little(64, 2) + little(0, 4);
  bytes += segment(1, 0, size) + segment(2, dynamic_place, dynamic.size());
  bytes += elf.interpreter.empty()
               ? segment(0, 0, 0)
               : segment(3, string_place + interpreter, elf.interpreter.size() + 1);
  bytes += note.empty() ? segment(0, 0, 0) : segment(4, note_place, note.size());
  const auto put = [&](std::size_t at, const std::string& part) {
    bytes.resize(at, '\0');
    bytes += part;
  };
  put(data, elf.data);
  put(string_place, strings);
  put(wanted_place, wanted);
  put(note_place, note);
  put(dynamic_place, dynamic);
  return bytes;
}

}  // namespace mlpack::test
