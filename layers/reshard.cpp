#include "layers/reshard.h"

#include "layers/layer_builder.h"
#include "lib/error.h"
#include "lib/model/folder.h"
#include "lib/model/shards.h"
#include "lib/model/split.h"
#include "lib/model/weight_index.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view safetensors = ".safetensors";
constexpr std::string_view gguf = ".gguf";
// What the tar of a layer has beside the one file in it: headers, its folders, fillings.
constexpr std::uint64_t tar_room = std::uint64_t{16} << 10;

// Files that belong together, by their places among the entries.
struct ShardSet {
  std::string prefix;  // of the new names
  std::string suffix;
  std::string index;  // its path; of GGUF none
  std::vector<std::size_t> files;
};

// Where loaders look for the index of the shards of PREFIX: that of `model.fp16` is
// `model.safetensors.index.fp16.json`. A number behind a point is of a version, not a variant.
std::string index_name(const std::string& prefix) {
  const std::size_t dot = name_in(prefix).rfind('.');
  if (dot == std::string_view::npos) return prefix + ".safetensors.index.json";
  const std::size_t at = folder_of(prefix).size() + dot;
  const bool is_variant = prefix.find_first_of("0123456789", at + 1) != at + 1;
  if (!is_variant) return prefix + ".safetensors.index.json";
  return prefix.substr(0, at) + ".safetensors.index" + prefix.substr(at) + ".json";
}

bool is_index(const std::string& path) {
  return path.ends_with(".json") && path.find(".safetensors.index.") != std::string::npos;
}

void add_slice(Parts& parts, const RecipeEntry& from, const Slice& slice) {
  if (const auto* range = std::get_if<FileRange>(&from.content)) {
    parts.push_back(
        {FileRange{range->path, range->identity, range->offset + slice.begin}, slice.size});
  } else if (const auto* text = std::get_if<std::string>(&from.content)) {
    parts.push_back({text->substr(slice.begin, slice.size), slice.size});
  } else {
    fail(Fault::internal, "`{}` cannot be split", from.path);
  }
}

// By its name.
bool can_reshard(const std::string& path) {
  // What is loaded from one file only: adapters, and the projector beside a GGUF model.
  const auto is_whole = [name = name_in(path)](std::string_view start) {
    return name.starts_with(start);
  };
  if (path.ends_with(gguf)) return !is_whole("mmproj");
  return path.ends_with(safetensors) && !is_whole("adapter_model") &&
         !is_whole("pytorch_lora_weights");
}

class Resharding {
 public:
  Resharding(std::vector<RecipeEntry>& entries, std::uint64_t max_layer)
      : entries_(entries), limit_(max_layer - std::min(max_layer, tar_room)) {}

  std::vector<std::string> run() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const RecipeEntry& entry = entries_[i];
      const bool is_large = entry.kind == EntryKind::file && entry.size > limit_;
      if (is_large && can_reshard(entry.path) && !gone_.contains(entry.path)) split(set_of(entry));
    }
    if (gone_.empty()) return {};
    std::erase_if(entries_, [&](const RecipeEntry& entry) { return gone_.contains(entry.path); });
    std::move(made_.begin(), made_.end(), std::back_inserter(entries_));
    sort_by_path(entries_);
    return std::move(notes_);
  }

 private:
  // Of each index the files that it names, read when first asked for.
  const std::map<std::string, std::set<std::string>>& indexes() {
    if (std::exchange(has_read_indexes_, true)) return indexes_;
    for (const ModelFile& file : model_files(entries_, "")) {
      if (!is_index(file.path)) continue;
      std::set<std::string>& named = indexes_[file.path];
      for (const auto& [name, tensors] : read_weight_index(*file.open()).shards)
        named.insert(std::string(folder_of(file.path)) + without_dots(name));
    }
    return indexes_;
  }

  ShardSet set_of(const RecipeEntry& entry) {
    const std::string_view suffix = entry.path.ends_with(gguf) ? gguf : safetensors;
    const auto name = parse_shard_name(entry.path);
    ShardSet set;
    set.suffix = suffix;
    // With the variant that some have behind the number: `model-00001-of-00002.fp16.safetensors`.
    const std::string stem = name ? name->prefix + name->suffix : entry.path;
    set.prefix = stem.substr(0, stem.size() - suffix.size());
    const std::set<std::string>* named = nullptr;
    if (suffix == safetensors) {
      set.index = index_name(set.prefix);
      named = index_of(entry.path, set);
      // An index names what lies beside it.
      set.prefix = fmt::format("{}{}", folder_of(set.index), name_in(set.prefix));
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const std::string& path = entries_[i].path;
      if (named != nullptr ? named->contains(path) : is_of(path, entry.path))
        set.files.push_back(i);
    }
    return set;
  }

  const std::set<std::string>* index_of(const std::string& path, ShardSet& set) {
    for (const auto& [index, named] : indexes()) {
      if (!named.contains(path)) continue;
      set.index = index;
      return &named;
    }
    return nullptr;
  }

  // Whether both are shards of one set by their names, or the same file.
  static bool is_of(const std::string& path, const std::string& other) {
    const auto a = parse_shard_name(path);
    const auto b = parse_shard_name(other);
    if (!a || !b) return path == other;
    return a->prefix == b->prefix && a->total == b->total && a->suffix == b->suffix;
  }

  void split(const ShardSet& set) {
    std::vector<RecipeEntry> files;
    files.reserve(set.files.size());
    for (const std::size_t i : set.files)
      files.push_back(entries_[i]);
    check_indexes(files);
    std::vector<ModelFile> opened = model_files(files, "");
    for (ModelFile& file : opened)
      file.path.insert(0, "/");  // as messages name it
    const std::vector<Shard> shards =
        set.suffix == gguf ? split_gguf(opened, limit_) : split_safetensors(opened, limit_);
    for (const RecipeEntry& file : files)
      gone_.insert(file.path);
    for (std::size_t i = 0; i < shards.size(); ++i)
      made_.push_back(
          entry_of(shards[i], shard_name(set.prefix, i, shards.size(), set.suffix), files));
    if (!set.index.empty()) put_index(set, shards, files.front());
    note(files, shards.size(), set);
  }

  // Whoever names some of the files would name none, or others, afterwards.
  void check_indexes(const std::vector<RecipeEntry>& files) {
    std::set<std::string> paths;
    for (const RecipeEntry& file : files)
      paths.insert(file.path);
    for (const auto& [index, named] : indexes()) {
      const auto shared = std::find_if(
          named.begin(), named.end(), [&](const auto& path) { return paths.contains(path); });
      if (shared == named.end() || named == paths) continue;
      throw Error(Fault::usage,
                  fmt::format("`/{}` is to be split, and `/{}` names it beside other files than "
                              "those that are split with it",
                              printable(*shared),
                              printable(index)),
                  "exclude one of the indexes, or the files that only one of them names");
    }
  }

  static RecipeEntry entry_of(const Shard& shard,
                              std::string path,
                              const std::vector<RecipeEntry>& files) {
    RecipeEntry entry = files.front();
    entry.path = std::move(path);
    entry.size = shard.size;
    Parts parts;
    for (const auto& part : shard.parts) {
      if (const auto* slice = std::get_if<Slice>(&part)) {
        add_slice(parts, files[slice->file], *slice);
      } else {
        const auto& text = std::get<std::string>(part);
        parts.push_back({text, text.size()});
      }
    }
    entry.content = std::move(parts);
    return entry;
  }

  // Other indexes of the same files go too.
  void put_index(const ShardSet& set, const std::vector<Shard>& shards, const RecipeEntry& like) {
    for (const auto& [index, named] : indexes()) {
      const auto is_gone = [&](const std::string& path) { return gone_.contains(path); };
      if (std::any_of(named.begin(), named.end(), is_gone)) gone_.insert(index);
    }
    gone_.insert(set.index);
    std::string text = shard_index(shards, std::string(name_in(set.prefix)));
    RecipeEntry entry = like;
    entry.path = set.index;
    entry.size = text.size();
    entry.content = std::move(text);
    made_.push_back(std::move(entry));
  }

  void note(const std::vector<RecipeEntry>& files, std::size_t count, const ShardSet& set) {
    const std::string more =
        files.size() == 1 ? std::string() : fmt::format(" and {} more", files.size() - 1);
    notes_.push_back(fmt::format("`/{}`{} ({}) {} packaged as {} {}, from `{}` on",
                                 printable(files.front().path),
                                 more,
                                 human_size(size_of(files)),
                                 files.size() == 1 ? "is" : "are",
                                 count,
                                 count == 1 ? "shard" : "shards",
                                 printable(name_in(shard_name(set.prefix, 0, count, set.suffix)))));
  }

  static std::uint64_t size_of(const std::vector<RecipeEntry>& files) {
    std::uint64_t size = 0;
    for (const RecipeEntry& file : files)
      size += file.size;
    return size;
  }

  std::vector<RecipeEntry>& entries_;
  std::uint64_t limit_;
  bool has_read_indexes_ = false;
  std::map<std::string, std::set<std::string>> indexes_;
  std::set<std::string> gone_;
  std::vector<RecipeEntry> made_;
  std::vector<std::string> notes_;
};

}  // namespace

std::vector<std::string> reshard(std::vector<RecipeEntry>& entries, std::uint64_t max_layer) {
  return Resharding(entries, max_layer).run();
}

bool would_split(const RecipeEntry& entry, std::uint64_t max_layer) {
  if (!can_reshard(entry.path) || std::holds_alternative<Parts>(entry.content)) return false;
  if (std::holds_alternative<RemoteContent>(entry.content)) return true;
  std::vector<RecipeEntry> entries{entry};
  try {
    reshard(entries, max_layer);
  } catch (const Error& error) {
    return error.fault() != Fault::usage;
  }
  return true;
}

}  // namespace mlpack
