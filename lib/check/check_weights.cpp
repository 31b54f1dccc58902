#include "lib/check/check.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace mlpack {
namespace {

using Level = Finding::Level;

constexpr std::uint64_t hidden_worth_telling = std::uint64_t{16} << 20;

std::string folder_with_slash(std::string_view path) {
  return std::string(path.substr(0, path.rfind('/') + 1));
}

class WeightsCheck {
 public:
  explicit WeightsCheck(const CheckInput& input) : input_(input) {}

  Findings run() {
    for (const auto& [path, file] : input_.files.read()) {
      check_shards(path, *file);
      if (!file->content->sample.empty()) note_weights(path, *file);
    }
    check_copies();
    check_formats();
    check_hidden();
    return std::move(findings_);
  }

 private:
  void check_shards(std::string_view path, const FileFacts& index) {
    std::vector<std::string> missing;
    for (const std::string& shard : index.content->shards) {
      const std::string place = folder_with_slash(path) + shard;
      if (!input_.files.real_path(place)) missing.push_back(fmt::format("`{}`", printable(shard)));
    }
    if (missing.empty()) return;
    Finding& finding = add_finding(findings_, "shard-missing", Level::error, index.path);
    const std::string more =
        missing.size() == 1 ? "" : fmt::format(" and {} more", missing.size() - 1);
    finding.what = fmt::format("`/{}` names {}{}, which {} not in the image",
                               printable(path),
                               missing.front(),
                               more,
                               missing.size() == 1 ? "is" : "are");
    finding.why = "what loads the model stops there";
    finding.fix = "add the shards, or take the index out where one file has all tensors";
  }

  void note_weights(std::string_view path, const FileFacts& file) {
    same_[{file.size, file.content->sample}].push_back(&file);
    const std::string folder = folder_with_slash(path);
    const std::string_view name = path.substr(folder.size());
    if (name.ends_with(".safetensors")) {
      (name.starts_with("consolidated") ? consolidated_ : safetensors_).emplace(folder, &file);
    } else if (name.starts_with("pytorch_model") && name.ends_with(".bin")) {
      pickles_.emplace(folder, &file);
    } else if (name.starts_with("consolidated") && name.ends_with(".pth")) {
      consolidated_.emplace(folder, &file);
    }
  }

  // Hard links are one file.
  void check_copies() {
    for (const auto& [key, files] : same_) {
      std::set<const FileContent*> contents;
      for (const FileFacts* file : files)
        contents.insert(file->content.get());
      if (contents.size() < 2) continue;
      Finding& finding =
          add_finding(findings_, "weights-twice", Level::warning, files.front()->path);
      finding.what = fmt::format("`/{}` and `/{}` are the same weights",
                                 printable(files[0]->path),
                                 printable(files[1]->path));
      finding.why =
          fmt::format("their size and what they hold here and there are equal: {} too much",
                      human_size((contents.size() - 1) * std::get<0>(key)));
      finding.fix = "keep one of them, and make a symbolic link of the other";
    }
  }

  void check_formats() {
    for (const auto* others : {&pickles_, &consolidated_}) {
      for (const auto& [folder, file] : *others) {
        const auto found = safetensors_.find(folder);
        if (found == safetensors_.end()) continue;
        Finding& finding = add_finding(findings_, "weights-twice", Level::warning, file->path);
        finding.what = fmt::format(
            "`/{}` lies beside `/{}`", printable(file->path), printable(found->second->path));
        finding.why = "both are the same model, in two forms of which a runtime loads one";
        finding.fix = "leave one of them out with `exclude`";
      }
    }
  }

  void check_hidden() {
    std::uint64_t total = 0;
    const ImageFiles::HiddenFile* largest = nullptr;
    for (const ImageFiles::HiddenFile& file : input_.files.hidden()) {
      total += file.size;
      if (largest == nullptr || file.size > largest->size) largest = &file;
    }
    if (total < hidden_worth_telling) return;
    Finding& finding = add_finding(findings_, "hidden-files", Level::warning, largest->path);
    finding.what =
        fmt::format("{} of the layers is replaced or removed by layers above, such as `/{}`",
                    human_size(total),
                    printable(largest->path));
    finding.why = "it is stored and pulled all the same";
    finding.fix = "change owner and mode in the layer that brings the files, or build in one step";
  }

  const CheckInput& input_;
  std::map<std::tuple<std::uint64_t, std::string>, std::vector<const FileFacts*>> same_;
  std::map<std::string, const FileFacts*> safetensors_;  // by folder
  std::map<std::string, const FileFacts*> pickles_;
  std::map<std::string, const FileFacts*> consolidated_;
  Findings findings_;
};

}  // namespace

Findings check_weights(const CheckInput& input) {
  return WeightsCheck(input).run();
}

}  // namespace mlpack
