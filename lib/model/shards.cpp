#include "lib/model/shards.h"

#include "lib/model/cursor.h"
#include "lib/model/folder.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t most_shards = 999'999;
constexpr const char* complete_it = "download the model again, or check `include` and `exclude`";

std::uint64_t tensor_bytes(const ModelFileFacts& facts) {
  std::uint64_t sum = 0;
  for (const auto& [dtype, bytes] : facts.dtypes)
    sum += bytes;
  return sum;
}

// Only one line for an index, however many shards are missing.
void check_present(Findings& findings, const std::string& path, const WeightIndex& index) {
  const std::string folder(folder_of(path));
  std::vector<std::string> missing;
  for (const auto& [shard, tensors] : index.shards) {
    if (!stays_inside(shard)) {
      findings.add_problem(path,
                           "names a file outside of its folder",
                           "the shard " + in_backticks(shard),
                           "download the index again, or exclude it");
    } else if (!findings.files.contains(folder + without_dots(shard))) {
      missing.push_back(shard);
      findings.missing.insert(folder + without_dots(shard));
    }
  }
  if (missing.empty()) return;
  const std::string more =
      missing.size() == 1 ? std::string() : fmt::format(" and {} more", missing.size() - 1);
  findings.add_problem(path,
                       "names a shard that is missing",
                       in_backticks(missing.front()) + more + " is not among the files",
                       complete_it);
}

// Whether two names are of one kind: of shards with one prefix, or at least of one suffix.
bool is_numbered_alike(const std::string& path, const std::set<std::string>& named) {
  const auto shard = parse_shard_name(path);
  return shard && std::any_of(named.begin(), named.end(), [&](const std::string& other) {
           const auto known = parse_shard_name(other);
           return known && known->prefix == shard->prefix && known->suffix == shard->suffix;
         });
}

std::set<std::string> paths_of(const std::string& path, const WeightIndex& index) {
  std::set<std::string> paths;
  for (const auto& [shard, tensors] : index.shards)
    paths.insert(std::string(folder_of(path)) + without_dots(shard));
  return paths;
}

void check_unnamed(Findings& findings, const std::string& path, const WeightIndex& index) {
  const std::set<std::string> named = paths_of(path, index);
  const std::string_view suffix =
      path.find(".safetensors.") == std::string::npos ? ".bin" : ".safetensors";
  for (const auto& [file, facts] : findings.files) {
    const bool is_beside = folder_of(file) == folder_of(path) && file.ends_with(suffix);
    if (!is_beside || named.contains(file)) continue;
    if (is_numbered_alike(file, named)) {
      findings.add_problem(file,
                           "is a shard of no index",
                           in_backticks(name_in(path)) + " names its like, and not this one",
                           "download the model again, or exclude the shard");
    } else if (holds_weights(facts.format) && !name_in(file).starts_with("adapter_model")) {
      findings.warnings.push_back(
          fmt::format("{} is not named by {}", in_backticks(file), in_backticks(name_in(path))));
    }
  }
}

void check_total(Findings& findings, const std::string& path, const WeightIndex& index) {
  std::uint64_t sum = 0;
  for (const std::string& shard : paths_of(path, index)) {
    const auto found = findings.files.find(shard);
    if (found == findings.files.end() || !found->second.parameters) return;
    sum += tensor_bytes(found->second);
  }
  if (!index.total_size || *index.total_size == sum) return;
  findings.warnings.push_back(
      fmt::format("{} says that the tensors have {} bytes, and they have {}",
                  in_backticks(path),
                  *index.total_size,
                  sum));
}

void check_split(Findings& findings, const std::string& path, const Gguf& gguf) {
  const std::uint64_t count = gguf.number("split.count").value_or(0);
  const auto name = parse_shard_name(path);
  const char* const again = "split or download the model again, under the names that it had";
  if (!name) {
    if (count < 2) return;
    const auto number = checked_sum(gguf.number("split.no").value_or(0), 1).value_or(0);
    return findings.add_problem(
        path,
        "is a shard by another name",
        fmt::format("it is {} of {}, and loaders want `-{:05}-of-{:05}.gguf`",
                    number,
                    count,
                    number,
                    count),
        again);
  }
  if (!gguf.number("split.count")) return;
  const auto number = checked_sum(gguf.number("split.no").value_or(0), 1).value_or(0);
  if (count == name->total && number == name->number) return;
  findings.add_problem(path,
                       "is another shard than its name says",
                       fmt::format("it says that it is {} of {}", number, count),
                       again);
}

// Whose shards are all there, the sum of their tensors.
void check_split_tensors(Findings& findings) {
  struct Split {
    std::uint64_t files = 0;
    std::uint64_t tensors = 0;
    std::string first;
  };
  std::map<std::pair<std::string, std::uint64_t>, Split> splits;
  for (const auto& [path, gguf] : findings.ggufs) {
    const auto name = parse_shard_name(path);
    if (!name) continue;
    Split& split = splits[{name->prefix, name->total}];
    if (split.files++ == 0) split.first = path;
    split.tensors += findings.files.at(path).tensors;
  }
  for (const auto& [name, split] : splits) {
    const auto wanted = findings.ggufs.at(split.first).number("split.tensors.count");
    if (!wanted || split.files != name.second || *wanted == split.tensors) continue;
    findings.add_problem(
        split.first,
        "does not fit the other shards",
        fmt::format("it says that all have {} tensors, and they have {}", *wanted, split.tensors),
        "download all shards again");
  }
}

void check_external_file(Findings& findings,
                         const std::string& model,
                         const std::string& location,
                         std::uint64_t end) {
  if (!stays_inside(location)) {
    return findings.add_problem(model,
                                "keeps tensors outside of its folder",
                                "in the file " + in_backticks(location),
                                "save it again with its data beside it, or exclude it");
  }
  const std::string path = std::string(folder_of(model)) + without_dots(location);
  const auto found = findings.files.find(path);
  if (found == findings.files.end()) {
    return findings.add_problem(model,
                                "keeps tensors in a file that is missing",
                                in_backticks(location) + " is not among the files",
                                complete_it);
  }
  if (found->second.size >= end) return;
  findings.add_problem(path,
                       "is cut",
                       fmt::format("tensors of {} end at its byte {}, and it has {}",
                                   in_backticks(name_in(model)),
                                   end,
                                   found->second.size),
                       "download it again");
}

}  // namespace

std::optional<ShardName> parse_shard_name(std::string_view path) {
  const std::size_t of = path.rfind("-of-");
  if (of == std::string_view::npos) return std::nullopt;
  const std::string_view rest = path.substr(of + 4);
  const std::size_t dot = rest.find('.');
  const std::string_view before = path.substr(0, of);
  const std::size_t dash = before.find_last_not_of("0123456789");
  if (dot == std::string_view::npos || dash == std::string_view::npos) return std::nullopt;
  if (before[dash] != '-' && before[dash] != '_') return std::nullopt;
  const auto number = parse_number(before.substr(dash + 1), most_shards);
  const auto total = parse_number(rest.substr(0, dot), most_shards);
  if (!number || !total || *total == 0) return std::nullopt;
  return ShardName{
      std::string(before.substr(0, dash)), *number, *total, std::string(rest.substr(dot))};
}

void check_indexes(Findings& findings) {
  for (const auto& [path, index] : findings.indexes) {
    check_present(findings, path, index);
    check_unnamed(findings, path, index);
    check_total(findings, path, index);
  }
}

void check_tensors(Findings& findings, const std::string& path, const Safetensors& file) {
  std::set<std::string_view> held;
  for (const Safetensors::Entry& entry : file.tensors)
    held.insert(entry.tensor.name);
  for (const auto& [index_path, index] : findings.indexes) {
    if (!path.starts_with(folder_of(index_path))) continue;
    const auto shard = index.shards.find(path.substr(folder_of(index_path).size()));
    if (shard == index.shards.end()) continue;
    for (const std::string& name : shard->second) {
      if (held.contains(name)) continue;
      findings.add_problem(index_path,
                           "names a tensor that is missing",
                           in_backticks(name) + " is not in " + in_backticks(shard->first),
                           "download the index and the shard again");
      break;
    }
  }
}

void check_numbers(Findings& findings) {
  std::map<std::tuple<std::string, std::uint64_t, std::string>, std::set<std::uint64_t>> groups;
  std::map<std::tuple<std::string, std::uint64_t, std::string>, std::string> firsts;
  for (const auto& [path, facts] : findings.files) {
    const auto name = parse_shard_name(path);
    if (!name || !is_weight_name(path)) continue;
    const auto group = std::tuple(name->prefix, name->total, name->suffix);
    groups[group].insert(name->number);
    firsts.emplace(group, path);
  }
  for (const std::string& path : findings.missing) {
    const auto name = parse_shard_name(path);
    if (name) groups.erase({name->prefix, name->total, name->suffix});  // said by an index
  }
  for (const auto& [group, numbers] : groups) {
    const std::uint64_t total = std::get<1>(group);
    std::uint64_t wanted = *numbers.begin() == 0 ? 0 : 1;
    if (numbers.size() == total && *numbers.rbegin() == wanted + total - 1) continue;
    for (auto next = numbers.begin(); next != numbers.end() && *next == wanted; ++next)
      ++wanted;
    findings.add_problem(
        firsts.at(group),
        "is not with all other shards",
        fmt::format(
            "{} of {} are there, and {} is the first that is not", numbers.size(), total, wanted),
        complete_it);
  }
}

void check_splits(Findings& findings) {
  for (const auto& [path, gguf] : findings.ggufs)
    check_split(findings, path, gguf);
  check_split_tensors(findings);
}

void check_external_data(Findings& findings) {
  for (const auto& [path, onnx] : findings.onnx) {
    for (const auto& [location, end] : onnx.external)
      check_external_file(findings, path, location, end);
  }
}

}  // namespace mlpack
