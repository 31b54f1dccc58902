#include "lib/resolve/runtime_model.h"

#include "lib/resolve/runtime_args.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlpack {
namespace {

using Serves = ServingRuntime::Serves;

bool is_gguf(std::string_view path) {
  return to_lower(path).ends_with(".gguf");
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_projector(std::string_view path) {
  return to_lower(base_name(path)).find("mmproj") != std::string::npos;
}

// `a/model-00002-of-00003.gguf` as `a/model` and 2; a whole file has the number 0.
std::pair<std::string, std::uint64_t> shard_of(const std::string& path) {
  const std::string stem = path.substr(0, path.size() - std::string_view(".gguf").size());
  constexpr std::size_t tail = 15;  // -00002-of-00003
  if (stem.size() <= tail) return {stem, 0};
  const std::string_view end = std::string_view(stem).substr(stem.size() - tail);
  const auto number = parse_number(end.substr(1, 5), 99'999);
  const bool is_shard = end[0] == '-' && number && end.substr(6, 4) == "-of-" &&
                        parse_number(end.substr(10), 99'999).has_value();
  if (!is_shard) return {stem, 0};
  return {stem.substr(0, stem.size() - tail), *number};
}

// A file that has another name in the image than where it comes from.
bool is_renamed_gguf(const WeightsFacts& facts) {
  return facts.files.size() == 1 && is_gguf(facts.source);
}

// A folder as it is; a single file in GGUF is named itself.
void take_folder(const WeightsFacts* facts, ServedModel& model) {
  model.path = folder_of_target(model.weights->target);
  if (facts == nullptr) return;
  const auto count = std::count_if(facts->files.begin(), facts->files.end(), is_gguf);
  const auto holds = [&](std::string_view suffix) {
    return std::any_of(facts->files.begin(), facts->files.end(), [&](const std::string& file) {
      return file.ends_with(suffix);
    });
  };
  if (is_renamed_gguf(*facts)) model.path = "/" + facts->files.front();
  if (count != 1 || holds(".safetensors") || holds(".bin")) return;
  model.path = "/" + *std::find_if(facts->files.begin(), facts->files.end(), is_gguf);
  if (holds("tokenizer.json") || holds("tokenizer.model")) return;
  model.warnings.push_back({"the tokenizer is the one in the GGUF file",
                            "converting it takes long, and some are not converted right",
                            "put the tokenizer's files beside the weights and say where they are: "
                            "`args: {tokenizer: /models/…}`"});
}

void check_modules(const ServingRuntime& row, const WeightsFacts& facts, const std::string& top) {
  for (const std::string& module : facts.modules) {
    const std::string folder = top.substr(1) + "/" + module + "/";
    const bool is_there =
        std::any_of(facts.files.begin(), facts.files.end(), [&](const std::string& file) {
          return file.starts_with(folder);
        });
    if (is_there) continue;
    throw Error(Fault::input,
                fmt::format("modules.json of `{}` names the folder `{}`, which is not there",
                            facts.name,
                            printable(module)),
                fmt::format("download it too: without it {} does not know how to pool", row.title));
  }
}

void take_sentences(const ServingRuntime& row,
                    const Spec& spec,
                    const WeightsFacts* facts,
                    ServedModel& model) {
  model.path = folder_of_target(model.weights->target);
  if (facts == nullptr) return;
  check_modules(row, *facts, model.path);
  const std::string pooling = model.path.substr(1) + "/1_Pooling/config.json";
  const bool says_pooling =
      std::find(facts->files.begin(), facts->files.end(), pooling) != facts->files.end();
  if (says_pooling || said_keys(row, spec.runtime->value).contains("pooling")) return;
  model.warnings.push_back({fmt::format("`{}` does not say how it pools", model.name),
                            "it has no 1_Pooling/config.json",
                            "set `args: {pooling: cls}` or `mean`, unless it classifies or ranks"});
}

void take_gguf(const ServingRuntime& row, const WeightsFacts* facts, ServedModel& model) {
  if (facts != nullptr && !is_renamed_gguf(*facts)) return choose_gguf(row, facts->files, model);
  if (facts != nullptr) {
    model.path = "/" + facts->files.front();
    return;
  }
  model.path = model.weights->target;
  if (is_gguf(model.path)) return;
  throw Error(
      Fault::usage,
      fmt::format(
          "what files `{}` has is not known, and {} wants the file in GGUF", model.name, row.title),
      "name the file as its `target`");
}

}  // namespace

std::string folder_of_target(const std::string& target) {
  return target.size() > 1 && target.ends_with('/') ? target.substr(0, target.size() - 1) : target;
}

void choose_gguf(const ServingRuntime& row,
                 const std::vector<std::string>& files,
                 ServedModel& model) {
  std::map<std::string, std::string> models;  // by the part that shards share: the first
  std::map<std::string, std::uint64_t> numbers;
  for (const std::string& file : files) {
    if (!is_gguf(file)) continue;
    if (is_projector(file)) {
      model.projector = "/" + file;
      continue;
    }
    const auto [stem, number] = shard_of(file);
    const auto [known, is_new] = numbers.emplace(stem, number);
    if (is_new || number < known->second) models[stem] = "/" + file;
    known->second = std::min(known->second, number);
  }
  if (models.size() == 1) {
    model.path = models.begin()->second;
    return;
  }
  std::vector<std::string> names;
  for (const auto& [stem, file] : models)
    names.push_back(fmt::format("`{}`", printable(base_name(file))));
  throw Error(
      Fault::usage,
      models.empty()
          ? fmt::format("{} reads files in GGUF, and `{}` has none", row.title, model.name)
          : fmt::format("{} serves one model, and `{}` has {}: {}",
                        row.title,
                        model.name,
                        models.size(),
                        join(names, ", ")),
      models.empty() ? "convert the model, or take another runtime" : "choose one with `include`");
}

const Weights* model_weights(const Spec& spec) {
  const Runtime& runtime = spec.runtime->value;
  for (const auto& [weights, place] : spec.weights) {
    const auto& adapters = runtime.adapters;
    const bool is_adapter =
        std::find(adapters.begin(), adapters.end(), weights.name) != adapters.end();
    if (runtime.model.empty() ? !is_adapter : weights.name == runtime.model) return &weights;
  }
  return nullptr;
}

ServedModel served_model(const ServingRuntime& row, const Spec& spec, const RuntimeFacts& facts) {
  ServedModel model;
  model.weights = model_weights(spec);
  if (model.weights == nullptr) {
    if (row.serves == Serves::application) return model;
    throw Error(Fault::usage,
                fmt::format("`runtime` has nothing to serve: the spec has no `weights`"),
                "name the model: `weights: [{source: ./weights}]`");
  }
  model.name = model.weights->name;
  const WeightsFacts* const known = facts.find(model.name);
  switch (row.serves) {
    case Serves::folder:
      take_folder(known, model);
      break;
    case Serves::sentences:
      take_sentences(row, spec, known, model);
      break;
    case Serves::gguf:
    case Serves::store:
      take_gguf(row, known, model);
      break;
    case Serves::repository:
      place_in_repository(row, spec, known, model);
      break;
    case Serves::application:
      model.path = folder_of_target(model.weights->target);
      break;
  }
  return model;
}

}  // namespace mlpack
