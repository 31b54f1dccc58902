#include "lib/model/model.h"

#include <type_traits>
#include <utility>
#include <variant>

namespace mlpack {
namespace {

OpenReadAt opener(const FileRange& range, std::uint64_t size) {
  return [range, size] {
    return std::make_unique<FileReadAt>(range.path, range.offset, size, range.identity);
  };
}

OpenReadAt opener(const std::string& text, std::uint64_t /*size*/) {
  return [text] { return std::make_unique<TextReadAt>(text); };
}

OpenReadAt opener(const Parts& parts, std::uint64_t /*size*/) {
  std::vector<PartsReadAt::Part> openers;
  for (const Part& part : parts) {
    const auto open = [&](const auto& content) { return opener(content, part.size); };
    openers.push_back({part.size, std::visit(open, part.content)});
  }
  return [openers = std::move(openers)] { return std::make_unique<PartsReadAt>(openers); };
}

OpenReadAt opener(const RemoteContent& remote, std::uint64_t size, const OpenRemoteReadAt& open) {
  if (!open) return {};
  return [open, remote, size] { return open(remote, size); };
}

OpenReadAt opener(const DebMember& /*member*/, std::uint64_t /*size*/) {
  return {};
}

OpenReadAt opener(const WheelMember& /*member*/, std::uint64_t /*size*/) {
  return {};
}

}  // namespace

ModelFile model_file(std::string path, const fs::path& place, std::uint64_t size) {
  return {std::move(path), size, [place, size] {
            return std::make_unique<FileReadAt>(place, 0, size);
          }};
}

std::vector<ModelFile> model_files(const std::vector<RecipeEntry>& entries,
                                   const std::string& target,
                                   const OpenRemoteReadAt& open_remote) {
  const std::string folder = target.empty() ? target : target + "/";
  std::vector<ModelFile> files;
  for (const RecipeEntry& entry : entries) {
    if (entry.kind != EntryKind::file || !entry.path.starts_with(folder)) continue;
    const auto open_content = [&](const auto& content) {
      if constexpr (std::is_same_v<decltype(content), const RemoteContent&>) {
        return opener(content, entry.size, open_remote);
      } else {
        return opener(content, entry.size);
      }
    };
    if (OpenReadAt open = std::visit(open_content, entry.content)) {
      files.push_back({entry.path.substr(folder.size()), entry.size, std::move(open)});
    }
  }
  return files;
}

}  // namespace mlpack
