#include "lib/model/choices.h"

#include "lib/model/folder.h"
#include "lib/oci/json_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::array other_libraries{
    "tf_model.h5"sv, "flax_model.msgpack"sv, "rust_model.ot"sv, "model.ckpt"sv};

struct Folder {
  std::vector<std::string> safetensors;  // of transformers: `model.safetensors`, shards, the index
  std::vector<std::string> pickles;
  std::vector<std::string> consolidated;
  std::vector<std::string> original;
  std::vector<std::string> others;
  bool has_config = false;
};

bool is_one_of(std::string_view name, std::string_view stem, std::string_view suffix) {
  return name.starts_with(stem) && (name.ends_with(suffix) || name.ends_with(".index.json"));
}

void sort_into(std::map<std::string, Folder>& folders, const std::string& path) {
  const std::string folder(folder_of(path));
  const std::string_view name = name_in(path);
  if (folder.ends_with("original/") && (folder.size() == 9 || folder[folder.size() - 10] == '/')) {
    folders[folder.substr(0, folder.size() - 9)].original.push_back(path);
    return;
  }
  Folder& found = folders[folder];
  if (name == "config.json") found.has_config = true;
  if (name.starts_with("consolidated")) found.consolidated.push_back(path);
  if (is_one_of(name, "model", ".safetensors")) found.safetensors.push_back(path);
  if (is_one_of(name, "pytorch_model", ".bin")) found.pickles.push_back(path);
  if (std::find(other_libraries.begin(), other_libraries.end(), name) != other_libraries.end()) {
    found.others.push_back(path);
  }
}

// The index where there is one.
const std::string& speaker(const std::vector<std::string>& set) {
  const auto index = std::find_if(set.begin(), set.end(), [](const std::string& path) {
    return path.ends_with(".index.json");
  });
  return index == set.end() ? set.front() : *index;
}

void choose(std::vector<ModelChoice>& choices,
            const std::vector<std::string>& kept,
            const std::vector<std::string>& left_out) {
  if (left_out.empty()) return;
  const std::string more =
      left_out.size() == 1 ? std::string() : fmt::format(" and {} more", left_out.size() - 1);
  choices.push_back({left_out,
                     fmt::format("the weights are there more than once: those of {} are kept, {}{} "
                                 "left out",
                                 in_backticks(speaker(kept)),
                                 in_backticks(left_out.front()),
                                 more.empty() ? std::string(" is") : more + " are")});
}

}  // namespace

std::vector<ModelChoice> choose_weights(const std::vector<std::string>& paths) {
  std::map<std::string, Folder> folders;
  for (const std::string& path : paths)
    sort_into(folders, path);
  std::vector<ModelChoice> choices;
  for (const auto& [name, folder] : folders) {
    const std::vector<std::string>& kept =
        folder.safetensors.empty() ? folder.pickles : folder.safetensors;
    const bool has_weights = std::any_of(
        kept.begin(), kept.end(), [](const std::string& path) { return !path.ends_with(".json"); });
    if (!has_weights) continue;
    if (folder.has_config) choose(choices, kept, folder.consolidated);
    if (folder.has_config) choose(choices, kept, folder.original);
    if (folder.safetensors.empty()) continue;
    choose(choices, kept, folder.pickles);
    choose(choices, kept, folder.others);
  }
  return choices;
}

}  // namespace mlpack
