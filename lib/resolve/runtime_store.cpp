#include "lib/resolve/runtime_store.h"

#include "lib/resolve/modelfile.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::size_t longest_name = 80;  // of the model in Ollama's names (types/model/name.go)

std::string root_of_store(const ServingRuntime& row) {
  const auto found = std::find_if(row.env.begin(), row.env.end(), [](const auto& variable) {
    return variable.name == "OLLAMA_MODELS";
  });
  if (found == row.env.end()) fail(Fault::internal, "the store of `{}` has no place", row.name);
  return std::string(found->value);
}

void check(const ServingRuntime& row, const Spec& spec, const ServedModel& model) {
  if (model.name.size() > longest_name) {
    throw Error(Fault::usage,
                fmt::format("the name `{}` is too long for {}", model.name, row.title),
                fmt::format("give the weights a name of at most {} characters", longest_name));
  }
  if (model.weights->target != "/models/" + model.name) {
    throw Error(Fault::usage,
                fmt::format("`{}` goes into the store of {}, not to `{}`",
                            model.name,
                            row.title,
                            model.weights->target),
                "take `target` out of the entry");
  }
  if (!spec.runtime->value.adapters.empty()) return;  // refused with the flags
  if (model.path.find("-of-") != std::string::npos &&
      model.path.find("-00001-") != std::string::npos) {
    throw Error(
        Fault::usage,
        fmt::format("{} takes a model of one file, and `{}` has shards", row.title, model.name),
        "join them (`llama-gguf-split --merge`), or take `runtime: llamacpp`");
  }
}

}  // namespace

PlannedStore plan_store(const ServingRuntime& row,
                        const Spec& spec,
                        const RuntimeFacts& facts,
                        ServedModel& model) {
  check(row, spec, model);
  if (facts.find(model.name) == nullptr) {
    throw Error(Fault::usage,
                fmt::format("the layers of `{}` are another image's, and {} wants its own store",
                            model.name,
                            row.title),
                "name the file itself as the source");
  }
  PlannedStore store;
  store.weights = model.name;
  store.root = root_of_store(row);
  store.model = model.path.substr(1);
  if (!model.projector.empty()) store.projector = model.projector.substr(1);
  Modelfile file;
  const auto& config = spec.runtime->value.config;
  if (config) file = parse_modelfile(facts.config, config->string());
  store.texts = blobs_of(file);
  store.requires_release = file.requires_release;
  store.renderer = file.renderer;
  store.parser = file.parser;
  if (file.chat_template.empty() && file.renderer.empty()) {
    model.warnings.push_back(
        {fmt::format("`{}` has no TEMPLATE", model.name),
         "Ollama may give chat messages to the model without the marks it was trained with",
         "name a Modelfile with its TEMPLATE as `runtime.config`"});
  }
  return store;
}

}  // namespace mlpack
