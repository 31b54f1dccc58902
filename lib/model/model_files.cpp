#include "lib/model/model.h"

#include <utility>
#include <variant>

namespace mlpack {
namespace {

OpenReadAt open_content(const RecipeEntry& entry) {
  if (const auto* const range = std::get_if<FileRange>(&entry.content)) {
    return [range = *range, size = entry.size] {
      return std::make_unique<FileReadAt>(range.path, range.offset, size, range.identity);
    };
  }
  if (const auto* const text = std::get_if<std::string>(&entry.content)) {
    return [text = *text] { return std::make_unique<TextReadAt>(text); };
  }
  return {};
}

}  // namespace

ModelFile model_file(std::string path, const fs::path& place, std::uint64_t size) {
  return {std::move(path), size, [place, size] {
            return std::make_unique<FileReadAt>(place, 0, size);
          }};
}

std::vector<ModelFile> model_files(const std::vector<RecipeEntry>& entries,
                                   const std::string& target) {
  const std::string folder = target.empty() ? target : target + "/";
  std::vector<ModelFile> files;
  for (const RecipeEntry& entry : entries) {
    if (entry.kind != EntryKind::file || !entry.path.starts_with(folder)) continue;
    if (OpenReadAt open = open_content(entry)) {
      files.push_back({entry.path.substr(folder.size()), entry.size, std::move(open)});
    }
  }
  return files;
}

}  // namespace mlpack
