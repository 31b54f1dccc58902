#include "cli/runtime_facts.h"

#include "layers/file_set.h"
#include "lib/model/model.h"
#include "lib/oci/json.h"
#include "lib/resolve/runtime_plan.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_text = std::uint64_t{1} << 20;

std::vector<RecipeEntry> entries_of(const Weights& weights, const RemoteWeightsByName& remote) {
  const auto fetched = remote.find(weights.name);
  if (fetched != remote.end()) return fetched->second.entries;
  TreeInput input;
  input.source = weights.source;
  input.target = weights.target;
  input.include = weights.include;
  input.exclude = weights.exclude;
  input.links = TreeInput::Links::follow;
  return walk(input);
}

std::string text_of(const ModelFile& file) {
  if (file.size > largest_text) {
    fail(Fault::input, "`/{}` is larger than 1 MiB", printable(file.path));
  }
  std::string text(file.size, '\0');
  file.open()->read_at(0, std::as_writable_bytes(std::span(text)));
  return text;
}

bool is_called(const ModelFile& file, std::string_view name) {
  return file.path == name || file.path.ends_with("/" + std::string(name));
}

// The folders of a sentence-transformers pipeline; that of the transformer itself may be the top.
std::vector<std::string> modules_of(const std::string& text, const std::string& path) {
  std::vector<std::string> folders;
  const auto modules = parse_json(text, "`/" + printable(path) + "`");
  if (!modules.is_array()) return folders;
  for (const auto& module : modules) {
    if (!module.is_object() || !module.contains("path") || !module["path"].is_string()) continue;
    const std::string folder = module["path"];
    // Normalize has nothing to say, and no folder in older models.
    const bool has_files = !(module.contains("type") && module["type"].is_string() &&
                             module["type"].get<std::string>().ends_with("Normalize"));
    if (!folder.empty() && has_files) folders.push_back(folder);
  }
  return folders;
}

// The `name` of a model in the text format of protobuf: outside of all braces.
std::string name_in_config(std::string_view text) {
  int depth = 0;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line.substr(0, line.find('#')));
    if (depth == 0 && line.starts_with("name")) {
      const std::string_view value = trim(line.substr(4));
      const std::size_t end = value.rfind('"');
      const std::size_t begin = value.find('"');
      if (value.starts_with(':') && end > begin && end != std::string_view::npos) {
        return std::string(value.substr(begin + 1, end - begin - 1));
      }
    }
    for (const char c : line)
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
  }
  return {};
}

std::optional<std::uint64_t> rank_of(const std::vector<ModelFile>& files) {
  std::optional<std::uint64_t> rank;
  for (const ModelAdapter& adapter : read_model(files).summary.adapters) {
    if (adapter.rank) rank = std::max(rank.value_or(0), *adapter.rank);
  }
  return rank;
}

enum class WeightsKind { model, adapter };

WeightsFacts facts_of(const Weights& weights,
                      const std::vector<RecipeEntry>& entries,
                      WeightsKind kind,
                      const OpenRemoteReadAt& open_remote) {
  WeightsFacts facts;
  facts.name = weights.name;
  for (const RecipeEntry& entry : entries) {
    if (entry.kind == EntryKind::file) facts.files.push_back(entry.path);
  }
  std::sort(facts.files.begin(), facts.files.end());
  if (facts.files.size() == 1 && "/" + facts.files.front() == weights.target) {
    facts.source =
        fs::path(weights.source.substr(0, weights.source.find_first_of("?#"))).filename();
  }
  const std::vector<ModelFile> files = model_files(entries, "", open_remote);
  if (kind == WeightsKind::adapter) facts.rank = rank_of(files);
  for (const ModelFile& file : files) {
    if (is_called(file, "modules.json")) facts.modules = modules_of(text_of(file), file.path);
    if (!is_called(file, "config.pbtxt")) continue;
    const std::string name = name_in_config(text_of(file));
    if (!name.empty()) facts.model_names.emplace_back(file.path, name);
  }
  return facts;
}

}  // namespace

RuntimeFacts runtime_facts(const Spec& spec, const RemoteWeightsByName& remote, Session& session) {
  RuntimeFacts facts;
  const ServingRuntime* const row = runtime_of(spec);
  if (row == nullptr) return facts;
  const Runtime& runtime = spec.runtime->value;
  for (const auto& [weights, place] : spec.weights) {
    if (weights.kind == SourceKind::oci) continue;
    const auto& adapters = runtime.adapters;
    const bool is_adapter =
        std::find(adapters.begin(), adapters.end(), weights.name) != adapters.end();
    const WeightsKind kind = is_adapter ? WeightsKind::adapter : WeightsKind::model;
    facts.weights.push_back(at_place(spec.where(place), [&, &entry = weights] {
      return facts_of(entry, entries_of(entry, remote), kind, session.open_remote_parts());
    }));
  }
  if (runtime.config && row->config.use == RuntimeConfig::Use::modelfile) {
    facts.config = at_place(spec.where(spec.runtime->place),
                            [&] { return read_file(*runtime.config, largest_text); });
  }
  return facts;
}

}  // namespace mlpack
