#include "layers/layer_facts.h"

#include "layers/elf.h"
#include "layers/weights_sample.h"
#include "lib/check/pickle.h"
#include "lib/error.h"
#include "lib/model/damage.h"
#include "lib/model/folder.h"
#include "lib/model/secret_files.h"
#include "lib/model/tokens.h"
#include "lib/model/weight_index.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t front_size = std::uint64_t{64} << 10;
constexpr std::uint64_t largest_setup_file = std::uint64_t{1} << 20;
constexpr std::uint64_t largest_tokenizer_config = std::uint64_t{16} << 20;
constexpr std::size_t longest_script_line = 512;
constexpr std::string_view lfs_line = "version https://git-lfs.github.com/spec/v1";

constexpr std::array<std::string_view, 7> setup_files{"etc/group",
                                                      "etc/ld.so.cache",
                                                      "etc/ld.so.conf",
                                                      "etc/os-release",
                                                      "etc/passwd",
                                                      "usr/lib/os-release",
                                                      "etc/ld-musl-x86_64.path"};
constexpr std::array<std::string_view, 9> pickle_suffixes{
    ".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pt2", ".pth", ".pyt"};

bool is_setup_file(std::string_view path) {
  if (std::find(setup_files.begin(), setup_files.end(), path) != setup_files.end()) return true;
  return path.starts_with("etc/ld.so.conf.d/") || path.ends_with("/pyvenv.cfg");
}

bool may_be_pickle(std::string_view path) {
  const std::string name = to_lower(name_in(path));
  return std::any_of(pickle_suffixes.begin(), pickle_suffixes.end(), [&](std::string_view suffix) {
    return name.ends_with(suffix);
  });
}

std::string front_of(const ReadAt& file, std::uint64_t length) {
  std::string text(static_cast<std::size_t>(std::min(length, file.size())), '\0');
  if (!text.empty()) file.read_at(0, std::as_writable_bytes(std::span(text)));
  return text;
}

bool is_weight_index(std::string_view path) {
  return path.ends_with(".safetensors.index.json") || path.ends_with(".bin.index.json");
}

bool is_tokenizer_config(std::string_view path) {
  return name_in(path) == "tokenizer_config.json";
}

// The front of a file, which is in memory, and nothing behind it.
bool is_wanted_whole(const std::string& path, std::string_view front) {
  if (is_elf(front) || is_setup_file(path) || is_weight_index(path)) return true;
  if (is_tokenizer_config(path)) return true;
  const bool is_pickle = front.starts_with("PK\x03\x04") || front.starts_with("\x80");
  return may_be_pickle(path) && is_pickle;
}

void add_secret(FileContent& content, const std::string& path, const std::string& front) {
  if (!is_source_code(path)) {
    const ModelFile file{path, front.size(), [&] { return std::make_unique<TextReadAt>(front); }};
    const auto problem = find_secret(file);
    constexpr std::string_view verb = "holds ";
    if (problem) content.secret = problem->what.substr(std::min(problem->what.size(), verb.size()));
  }
  const bool is_whole = front.size() < front_size;
  if (content.secret.empty() && is_whole && may_hold_token(path)) content.secret = token_in(front);
}

// The key with a value: transformers writes null where there is none.
FileContent::ChatTemplate chat_template_in(std::string_view text) {
  constexpr std::string_view key = "\"chat_template\"";
  constexpr std::string_view blank = " \t\r\n";
  for (std::size_t at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
    const std::size_t colon = text.find_first_not_of(blank, at + key.size());
    if (colon == text.npos || text[colon] != ':') continue;
    const std::size_t value = text.find_first_not_of(blank, colon + 1);
    if (value != text.npos && !text.substr(value).starts_with("null"))
      return FileContent::ChatTemplate::present;
  }
  return FileContent::ChatTemplate::absent;
}

// An index that cannot be read names nothing: what loads it will say why.
void add_shards(FileContent& content, const ReadAt& file) {
  try {
    for (const auto& [shard, tensors] : read_weight_index(file).shards)
      content.shards.push_back(shard);
  } catch (const Damage&) {
    content.shards.clear();
  }
}

// transformers' and PEFT's own; other programs have files of the same names.
bool is_model_config(std::string_view path, std::string_view front) {
  const std::string_view name = name_in(path);
  if (name == "adapter_config.json") return front.find("\"peft_type\"") != std::string::npos;
  return name == "config.json" && front.find("\"model_type\"") != std::string::npos;
}

void add_text(FileContent& content, const std::string& path, const ReadAt& file) {
  if (is_setup_file(path)) content.text = front_of(file, largest_setup_file);
  if (file.size() > front_size) return;
  if (std::string front = front_of(file, front_size); is_model_config(path, front))
    content.text = std::move(front);
}

// Passes on what it is given from a source that outlives it, as long as nobody stops it.
class FactsPassage : public Source {
 public:
  FactsPassage(std::string front, TarReader& tar, const Stop& stop)
      : front_(std::move(front)), tar_(tar), stop_(stop) {}
  std::size_t read(std::span<std::byte> buffer) override {
    stop_.check();
    if (const std::size_t count = front_.read(buffer)) return count;
    return tar_.read(buffer);
  }

 private:
  StringSource front_;
  TarReader& tar_;
  const Stop& stop_;
};

// Of a file that passes by, whose front has passed already.
std::string passing_sample(std::string_view front,
                           TarReader& tar,
                           const TarEntry& entry,
                           const Stop& stop) {
  WeightsSample sample(entry.size);
  sample.add(front);
  std::vector<std::byte> buffer(std::size_t{256} << 10);
  while (const std::size_t count = tar.read(buffer)) {
    stop.check();
    sample.add({reinterpret_cast<const char*>(buffer.data()), count});
  }
  return sample.finish();
}

std::string read_front(TarReader& tar, std::uint64_t size) {
  std::string front(static_cast<std::size_t>(std::min(front_size, size)), '\0');
  std::size_t filled = 0;
  while (filled < front.size()) {
    const auto room = std::as_writable_bytes(std::span(front)).subspan(filled);
    const std::size_t count = tar.read(room);
    if (count == 0) break;
    filled += count;
  }
  front.resize(filled);
  return front;
}

EntryKind kind_of_entry(TarEntry::Kind kind) {
  switch (kind) {
    case TarEntry::Kind::directory:
      return EntryKind::directory;
    case TarEntry::Kind::symlink:
      return EntryKind::symlink;
    case TarEntry::Kind::hardlink:
      return EntryKind::hardlink;
    default:
      return EntryKind::file;
  }
}

// As recipes have paths; empty where it is the root, or leaves it.
std::string clean_path(std::string_view path) {
  std::string cleaned;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return {};
    if (!cleaned.empty()) cleaned += '/';
    cleaned += part;
  }
  return cleaned;
}

using ContentOf = std::function<std::optional<FileContent>(const std::string&, const TarEntry&)>;

// Adds what the entry does to a root (image-spec, layer.md).
void add_tar_entry(LayerFacts& facts, const TarEntry& entry, const ContentOf& content_of) {
  const std::string path = clean_path(entry.path);
  if (path.empty()) return;
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string_view name = std::string_view(path).substr(folder.size());
  if (name == ".wh..wh..opq") {
    facts.emptied.push_back(
        folder.substr(0, folder.size() - std::min<std::size_t>(1, folder.size())));
  } else if (name.starts_with(".wh.")) {
    if (!name.starts_with(".wh..wh."))
      facts.removed.push_back(folder + std::string(name.substr(4)));
  } else {
    FileFacts file;
    file.path = path;
    file.kind = kind_of_entry(entry.kind);
    file.mode = entry.mode & 07777;
    file.uid = entry.uid;
    file.gid = entry.gid;
    file.link = file.kind == EntryKind::hardlink ? clean_path(entry.link) : entry.link;
    if (entry.kind == TarEntry::Kind::file) {
      file.size = entry.size;
      if (auto content = content_of(path, entry)) {
        file.content = std::make_shared<const FileContent>(std::move(*content));
      }
    }
    facts.files.push_back(std::move(file));
  }
}

std::unique_ptr<ReadAt> open_content(const Content& content, std::uint64_t size) {
  if (const auto* text = std::get_if<std::string>(&content)) {
    return std::make_unique<TextReadAt>(*text);
  }
  if (const auto* range = std::get_if<FileRange>(&content)) {
    return std::make_unique<FileReadAt>(range->path, range->offset, size, range->identity);
  }
  if (const auto* parts = std::get_if<Parts>(&content)) {
    std::vector<PartsReadAt::Part> opened;
    for (const Part& part : *parts) {
      const Content inner =
          std::visit([](const auto& value) { return Content(value); }, part.content);
      opened.push_back(
          {part.size, [inner, size = part.size] { return open_content(inner, size); }});
    }
    return std::make_unique<PartsReadAt>(std::move(opened));
  }
  return nullptr;
}

}  // namespace

std::optional<FileContent> read_content(const std::string& path, const ReadAt& file) {
  FileContent content;
  const std::string front = front_of(file, front_size);
  if (is_elf(front)) content.elf = read_elf(file);
  add_text(content, path, file);
  if (front.starts_with("#!")) {
    content.text = front.substr(0, std::min(front.find('\n'), longest_script_line));
  }
  content.is_lfs_pointer = file.size() < 1024 && front.starts_with(lfs_line);
  add_secret(content, path, front);
  if (is_weight_index(path)) add_shards(content, file);
  if (is_tokenizer_config(path) && file.size() <= largest_tokenizer_config) {
    content.chat_template = chat_template_in(front_of(file, largest_tokenizer_config));
  }
  if (is_sampled(path, file.size())) content.sample = weights_sample(file);
  if (may_be_pickle(path)) {
    PickleReport report = read_pickles(file);
    content.imports = std::move(report.imports);
    content.unread = std::move(report.unread);
  }
  if (content == FileContent{}) return std::nullopt;
  return content;
}

LayerFacts read_layer_facts(TarReader& tar, const NewTemporary& create, const Stop& stop) {
  LayerFacts facts;
  const ContentOf content_of = [&](const std::string& path, const TarEntry& entry) {
    std::string front = read_front(tar, entry.size);
    if (!is_wanted_whole(path, front)) {
      auto content = read_content(path, TextReadAt(front));
      if (!is_sampled(path, entry.size)) return content;
      if (!content) content.emplace();
      content->sample = passing_sample(front, tar, entry, stop);
      return content;
    }
    Spool spool(create);
    FactsPassage whole(std::move(front), tar, stop);
    copy(whole, spool);
    return read_content(path, *spool.take());
  };
  while (const auto entry = tar.next()) {
    stop.check();
    add_tar_entry(facts, *entry, content_of);
  }
  return facts;
}

LayerFacts read_layer_facts(const fs::path& path, const Stop& stop) {
  LayerFacts facts;
  const std::uint64_t size = fs::file_size(path);
  const ContentOf content_of = [&](const std::string& name, const TarEntry& entry) {
    return read_content(name, FileReadAt(path, entry.offset, entry.size));
  };
  TarReader tar(open_tar_file(path));
  while (const auto entry = tar.next()) {
    stop.check();
    // What is passed over is not missed by the reader.
    if (entry->size > size - std::min(size, entry->offset)) {
      fail(Fault::integrity, "the tar archive ends within `{}`", printable(entry->path));
    }
    add_tar_entry(facts, *entry, content_of);
  }
  return facts;
}

std::optional<LayerFacts> read_layer_facts(const LayerRecipe& recipe, const Stop& stop) {
  LayerFacts facts;
  for (const RecipeEntry& entry : recipe.entries) {
    stop.check();
    FileFacts file{entry.path, entry.kind, entry.mode, entry.uid, entry.gid, 0, entry.link, {}};
    if (entry.kind == EntryKind::file) {
      file.size = entry.size;
      const auto opened = open_content(entry.content, entry.size);
      if (!opened) return std::nullopt;
      if (auto content = read_content(entry.path, *opened)) {
        file.content = std::make_shared<const FileContent>(std::move(*content));
      }
    }
    facts.files.push_back(std::move(file));
  }
  return facts;
}

}  // namespace mlpack
