#include "cli/inspect_model.h"

#include "cli/layer_files.h"
#include "cli/result.h"
#include "layers/compress.h"
#include "layers/model_layers.h"
#include "lib/model/describe.h"
#include "lib/oci/modelpack.h"
#include "lib/oci/read_blob.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

void add_blob(ModelLayers& model,
              const Descriptor& layer,
              ModelLayers::Purpose purpose,
              const NamedImage& found,
              Session& session) {
  const auto compression = layer_compression(layer.media_type);
  if (!compression) {
    fail(Fault::input, "`{}` is no layer: {}", layer.digest.text(), printable(layer.media_type));
  }
  const bool is_plain = *compression == Compression::none;
  if (const auto file = is_plain ? file_of_layer(layer, found, session) : std::nullopt) {
    TarReader tar(open_tar_file(*file));
    return model.add(tar, layer.size, purpose);
  }
  look_into_blob(found.open, layer, [&](std::unique_ptr<Source> bytes) {
    TarReader tar(with_whole_blocks(decompress(std::move(bytes), *compression)));
    model.add(tar, is_plain ? layer.size : 0, purpose);
  });
}

ModelReport report_of(const std::vector<Descriptor>& layers,
                      ModelLayers::Purpose purpose,
                      const NamedImage& found,
                      Session& session,
                      RemoteLook look) {
  ModelLayers model(session.world.stop, session.open_remote_parts());
  for (const Descriptor& layer : layers) {
    const auto recipe = purpose == ModelLayers::Purpose::weights
                            ? usable_recipe(layer.digest, session.store, look)
                            : std::nullopt;
    if (recipe) {
      model.add(*recipe);
    } else {
      in_context("layer `" + layer.digest.text() + "`",
                 [&] { add_blob(model, layer, purpose, found, session); });
    }
  }
  return read_model(model.files());
}

// A source may be gone while a registry has the layer that was made of it.
ModelReport report_of(const std::vector<Descriptor>& layers,
                      ModelLayers::Purpose purpose,
                      const NamedImage& found,
                      Session& session) {
  const bool may_be_elsewhere =
      std::any_of(layers.begin(), layers.end(), [&](const Descriptor& layer) {
        const auto recipe = session.store.recipe(layer.digest);
        return recipe && is_remote(*recipe) && !session.store.origins(layer.digest).empty();
      });
  const auto report = [&](RemoteLook look) {
    return past_bad_copies([&] { return report_of(layers, purpose, found, session, look); });
  };
  try {
    return report(RemoteLook::at_source);
  } catch (const Error& error) {
    const Fault fault = error.fault();
    const bool is_gone = fault == Fault::auth || fault == Fault::refused ||
                         fault == Fault::network || fault == Fault::integrity;
    if (!may_be_elsewhere || !is_gone) throw;
  }
  return report(RemoteLook::in_layer);
}

// Images of several platforms mostly share their weights, which are looked at once then.
class Reports {
 public:
  Reports(const NamedImage& found, Session& session) : found_(found), session_(session) {}

  const ModelReport& of(const Image& image) {
    std::vector<Descriptor> layers = weights_of(image);
    const bool is_foreign = layers.empty() && !image.manifest.is_artifact();
    if (is_foreign) layers = image.manifest.layers;
    std::string key;
    for (const Descriptor& layer : layers)
      key += layer.digest.hex();
    const auto known = reports_.find(key);
    if (known != reports_.end()) return known->second;
    const auto purpose = is_foreign ? ModelLayers::Purpose::any : ModelLayers::Purpose::weights;
    ModelReport report = report_of(layers, purpose, found_, session_);
    tell(report);
    return reports_.emplace(key, std::move(report)).first->second;
  }

 private:
  std::vector<Descriptor> weights_of(const Image& image) const {
    std::vector<Descriptor> layers;
    if (!image.manifest.is_artifact()) {
      for (const Layer& layer : layers_of(image))
        if (layer.role == Role::weights) layers.push_back(layer.descriptor);
      return layers;
    }
    for (const Descriptor& layer : image.manifest.layers) {
      if (auto plain = plain_layer(layer)) {
        layers.push_back(std::move(*plain));
      } else {
        session_.terminal().warn(fmt::format(
            "layer `{}` is not looked into: {}", layer.digest.text(), printable(layer.media_type)));
      }
    }
    return layers;
  }

  void tell(const ModelReport& report) const {
    if (report.summary.files == 0 && report.summary.adapters.empty()) {
      throw Error(Fault::input,
                  fmt::format("`{}` holds no weights", printable(found_.name)),
                  "`mlpack inspect --files` lists what it holds");
    }
    Terminal& terminal = session_.terminal();
    for (const ModelProblem& problem : report.problems)
      terminal.warn(as_error(problem).what());
    for (const ModelChoice& choice : report.choices)
      terminal.warn(choice.message);
    for (const std::string& warning : report.warnings)
      terminal.warn(warning);
  }

  const NamedImage& found_;
  Session& session_;
  std::map<std::string, ModelReport> reports_;
};

// The images; of what is none the ModelPack that it is.
std::vector<const Image*> models_of(const NamedImage& found) {
  std::vector<const Image*> images = found.set.runnable();
  for (const Image& image : found.set.images)
    if (images.empty() && is_modelpack(image.manifest)) images.push_back(&image);
  return images;
}

std::string document(const NamedImage& found, Reports& reports) {
  Json json{{"schema", 1}, {"name", found.name}, {"digest", found.set.root().digest.text()}};
  for (const Image* image : models_of(found)) {
    Json shown{{"digest", image->digest().text()}};
    if (!image->manifest.is_artifact()) shown["platform"] = image->platform().text();
    shown.update(model_json(reports.of(*image)));
    if (found.set.index) {
      json["images"].push_back(std::move(shown));
    } else {
      json.update(shown);
    }
  }
  return json_line(json);
}

std::string text(const NamedImage& found, Reports& reports) {
  const auto images = models_of(found);
  std::string text;
  for (const Image* image : images) {
    if (images.size() > 1) text += fmt::format("\n{}\n", image->platform().text());
    text += describe(reports.of(*image).summary);
  }
  return text;
}

}  // namespace

void inspect_model(const NamedImage& found, Session& session) {
  if (models_of(found).empty()) {
    fail(Fault::input,
         "`{}` is neither an image nor a ModelPack, and `--model` looks at those",
         printable(found.name));
  }
  Reports reports(found, session);
  World& world = session.world;
  world.terminal.result(world.json() ? document(found, reports) : text(found, reports));
}

}  // namespace mlpack
