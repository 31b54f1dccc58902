#include "layers/weights_check.h"

#include "layers/snapshot.h"
#include "lib/error.h"
#include "lib/model/choices.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

// The number changes when what is found good before may be found bad now.
constexpr std::string_view fact_kind = "model checked 3";
constexpr std::size_t most_listed = 5;

// The folder of the model in the image; of a single file, the one it lies in.
std::string folder_of_model(const std::vector<RecipeEntry>& entries, const TreeInput& input) {
  std::string target = parse_target(input.target, "the target");
  const bool is_file = std::any_of(entries.begin(), entries.end(), [&](const RecipeEntry& entry) {
    return entry.kind == EntryKind::file && entry.path == target;
  });
  const std::size_t slash = target.rfind('/');
  if (!is_file) return target;
  return slash == std::string::npos ? std::string() : target.substr(0, slash);
}

std::string below(const std::string& folder, std::string_view path) {
  return folder.empty() ? std::string(path) : fmt::format("{}/{}", folder, path);
}

bool holds_any(const std::vector<RecipeEntry>& entries, const std::string& folder) {
  const std::string start = folder + "/";
  return std::any_of(entries.begin(), entries.end(), [&](const RecipeEntry& entry) {
    return entry.path.starts_with(start);
  });
}

// Folders that hold nothing any more go with their last file.
void take_out(std::vector<RecipeEntry>& entries,
              const std::set<std::string, std::less<>>& paths,
              const std::string& top) {
  std::erase_if(entries, [&](const RecipeEntry& entry) { return paths.contains(entry.path); });
  for (const std::string& path : paths) {
    std::string folder = path.substr(0, path.rfind('/') + 1);
    while (folder.size() > top.size() + 1) {
      folder.pop_back();
      if (holds_any(entries, folder)) break;
      std::erase_if(entries, [&](const RecipeEntry& entry) { return entry.path == folder; });
      folder.resize(folder.rfind('/') + 1);
    }
  }
}

std::vector<std::string> leave_out_doubles(std::vector<RecipeEntry>& entries,
                                           const std::string& folder) {
  std::vector<std::string> paths;
  const std::size_t start = folder.empty() ? 0 : folder.size() + 1;
  for (const RecipeEntry& entry : entries) {
    if (entry.kind == EntryKind::file) paths.push_back(entry.path.substr(start));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> lines;
  std::set<std::string, std::less<>> left_out;
  for (const ModelChoice& choice : choose_weights(paths)) {
    lines.push_back(choice.message);
    for (const std::string& path : choice.left_out)
      left_out.insert(below(folder, path));
  }
  take_out(entries, left_out, folder);
  return lines;
}

std::string short_text(const ModelProblem& problem) {
  return fmt::format("{} {}", in_backticks(problem.file), problem.what);
}

// `; so are`, for all but the first: a download that went wrong seldom spoils one file alone.
std::string others(const std::vector<ModelProblem>& problems, const ModelProblem& first) {
  std::vector<std::string> texts;
  for (const ModelProblem& problem : problems)
    if (&problem != &first) texts.push_back(short_text(problem));
  if (texts.size() > most_listed) {
    const std::size_t more = texts.size() - most_listed;
    texts.resize(most_listed);
    texts.push_back(fmt::format("{} more", more));
  }
  return texts.empty() ? std::string() : "; also " + join(texts, ", ");
}

[[noreturn]] void refuse(const std::vector<ModelProblem>& problems) {
  const auto gate = std::find_if(problems.begin(), problems.end(), [](const ModelProblem& problem) {
    return problem.fault == Fault::gate;
  });
  const ModelProblem& first = gate == problems.end() ? problems.front() : *gate;
  const Error error = as_error(first);
  throw Error(error.fault(), error.what() + others(problems, first), error.hint());
}

std::vector<std::string> warnings_about(const std::vector<RecipeEntry>& entries,
                                        const std::string& folder,
                                        const OpenRemoteReadAt& open_remote) {
  const ModelReport report = read_model(model_files(entries, folder, open_remote), Doubles::keep);
  if (!report.problems.empty()) refuse(report.problems);
  return report.warnings;
}

}  // namespace

WeightsCheck check_weights(std::vector<RecipeEntry>& entries,
                           const TreeInput& input,
                           Store* store,
                           const OpenRemoteReadAt& open_remote) {
  WeightsCheck found;
  const std::string folder = folder_of_model(entries, input);
  if (input.include.empty()) found.choices = leave_out_doubles(entries, folder);
  if (store == nullptr) {
    found.warnings = warnings_about(entries, folder, open_remote);
    return found;
  }
  // All paths and states: an index is right or wrong by what else is there.
  const LayerRecipe looked_at{Role::weights, "", 0, entries};
  const Digest key = layer_key(looked_at, folder);
  const auto known = store->fact(fact_kind, key);
  if (!known) {
    const bool keep = is_settled(looked_at, snapshot_of(looked_at));
    found.warnings = warnings_about(entries, folder, open_remote);
    if (keep) store->put_fact(fact_kind, key, join(found.warnings, "\n"));
  } else if (!known->empty()) {
    for (const std::string_view line : split(*known, '\n'))
      found.warnings.emplace_back(line);
  }
  return found;
}

}  // namespace mlpack
