#include "layers/field_text.h"
#include "layers/layer_facts.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view facts_version = "layer facts 5";
constexpr std::size_t shortest_file = 27;  // nine fields, each `1:0` at least
constexpr std::uint64_t most_bits = 0xFFFFFFFF;

void write_list(FieldWriter& out, const std::vector<std::string>& texts) {
  out.add(texts.size());
  for (const std::string& text : texts)
    out.add(text);
}

std::vector<std::string> read_list(FieldReader& in) {
  std::vector<std::string> texts;
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left)
    texts.push_back(in.text());
  return texts;
}

unsigned small(FieldReader& in, std::uint64_t max = most_bits) {
  return static_cast<unsigned>(in.number(max));
}

void write_code(FieldWriter& out, const ElfGpuCode& code) {
  out.add(static_cast<std::uint64_t>(code.kind));
  out.add(static_cast<std::uint64_t>(code.linkage));
  out.add(static_cast<std::uint64_t>(code.content));
  out.add(code.sm);
  out.add(static_cast<std::uint64_t>(code.reach));
  out.add(code.isa_major);
  out.add(code.isa_minor);
  out.add(code.count);
}

ElfGpuCode read_code(FieldReader& in) {
  ElfGpuCode code;
  code.kind = static_cast<ElfGpuCode::Kind>(in.number(2));
  code.linkage = static_cast<ElfGpuCode::Linkage>(in.number(1));
  code.content = static_cast<ElfGpuCode::Content>(in.number(1));
  code.sm = small(in);
  code.reach = static_cast<ElfGpuCode::Reach>(in.number(2));
  code.isa_major = small(in);
  code.isa_minor = small(in);
  code.count = in.number();
  return code;
}

void write_elf(FieldWriter& out, const ElfFacts& elf) {
  out.add(static_cast<std::uint64_t>(elf.kind));
  out.add(elf.machine);
  out.add(elf.bits);
  out.add(static_cast<std::uint64_t>(elf.order));
  for (const std::string* text :
       {&elf.soname, &elf.interpreter, &elf.rpath, &elf.runpath, &elf.compat_note})
    out.add(*text);
  out.add(elf.x86_level);
  out.add(elf.is_cut ? 1 : 0);
  write_list(out, elf.system_folders);
  write_list(out, elf.needed);
  out.add(elf.versions_needed.size());
  for (const ElfNeededVersion& needed : elf.versions_needed) {
    out.add(needed.library);
    out.add(needed.version);
  }
  write_list(out, elf.versions_defined);
  out.add(elf.gpu_code.size());
  for (const ElfGpuCode& code : elf.gpu_code)
    write_code(out, code);
}

ElfFacts read_elf_text(FieldReader& in) {
  ElfFacts elf;
  elf.kind = static_cast<ElfFacts::Kind>(in.number(1));
  elf.machine = small(in);
  elf.bits = small(in);
  elf.order = static_cast<ElfFacts::Order>(in.number(1));
  for (std::string* text :
       {&elf.soname, &elf.interpreter, &elf.rpath, &elf.runpath, &elf.compat_note})
    *text = in.text();
  elf.x86_level = small(in);
  elf.is_cut = in.number(1) == 1;
  elf.system_folders = read_list(in);
  elf.needed = read_list(in);
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left) {
    std::string library = in.text();
    elf.versions_needed.push_back({std::move(library), in.text()});
  }
  elf.versions_defined = read_list(in);
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left)
    elf.gpu_code.push_back(read_code(in));
  return elf;
}

void write_content(FieldWriter& out, const FileContent& content) {
  out.add(content.text);
  out.add(content.secret);
  out.add(content.unread);
  out.add(content.is_lfs_pointer ? 1 : 0);
  out.add(static_cast<std::uint64_t>(content.chat_template));
  write_list(out, content.imports);
  out.add(content.sample);
  write_list(out, content.shards);
  out.add(content.elf ? 1 : 0);
  if (content.elf) write_elf(out, *content.elf);
}

FileContent read_content_text(FieldReader& in) {
  FileContent content;
  content.text = in.text();
  content.secret = in.text();
  content.unread = in.text();
  content.is_lfs_pointer = in.number(1) == 1;
  content.chat_template = static_cast<FileContent::ChatTemplate>(in.number(2));
  content.imports = read_list(in);
  content.sample = in.text();
  content.shards = read_list(in);
  if (in.number(1) == 1) content.elf = read_elf_text(in);
  return content;
}

// Paths in a row begin alike: how much of the one before is not written again.
std::size_t alike(std::string_view one, std::string_view other) {
  const auto end = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return static_cast<std::size_t>(end.first - one.begin());
}

void write_file_facts(FieldWriter& out, const FileFacts& file, std::string_view before) {
  const std::size_t shared = alike(before, file.path);
  out.add(shared);
  out.add(std::string_view(file.path).substr(shared));
  out.add(static_cast<std::uint64_t>(file.kind));
  out.add(file.mode);
  out.add(file.uid);
  out.add(file.gid);
  out.add(file.size);
  out.add(file.link);
  out.add(file.content ? 1 : 0);
  if (file.content) write_content(out, *file.content);
}

FileFacts read_file_facts(FieldReader& in, std::string_view before) {
  FileFacts file;
  file.path = before.substr(0, in.number(before.size()));
  file.path += in.text();
  file.kind = static_cast<EntryKind>(in.number(3));
  file.mode = small(in, 07777);
  file.uid = in.number();
  file.gid = in.number();
  file.size = in.number();
  file.link = in.text();
  if (in.number(1) == 1) {
    file.content = std::make_shared<const FileContent>(read_content_text(in));
  }
  return file;
}

}  // namespace

std::string write_layer_facts(const LayerFacts& facts) {
  FieldWriter out;
  out.add(facts_version);
  out.add(facts.files.size());
  std::string_view before;
  for (const FileFacts& file : facts.files) {
    write_file_facts(out, file, before);
    before = file.path;
  }
  write_list(out, facts.removed);
  write_list(out, facts.emptied);
  return out.take();
}

std::optional<LayerFacts> parse_layer_facts(std::string_view text) {
  FieldReader in(text);
  if (in.text() != facts_version) return std::nullopt;
  LayerFacts facts;
  std::string before;
  std::uint64_t left = in.count();
  facts.files.reserve(std::min<std::uint64_t>(left, text.size() / shortest_file));
  for (; left > 0 && in.good(); --left) {
    facts.files.push_back(read_file_facts(in, before));
    before = facts.files.back().path;
  }
  facts.removed = read_list(in);
  facts.emptied = read_list(in);
  if (!in.done()) return std::nullopt;
  return facts;
}

}  // namespace mlpack
