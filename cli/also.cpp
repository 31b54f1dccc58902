#include "cli/also.h"

#include "cli/also_layers.h"
#include "cli/build.h"
#include "cli/targets.h"
#include "lib/model/model.h"
#include "lib/oci/modelpack.h"
#include "lib/output.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace mlpack {
namespace {

constexpr std::array kinds{AlsoKind::weights_image, AlsoKind::weights_volume, AlsoKind::modelpack};

AlsoKind parse_kind(const std::string& text) {
  std::vector<std::string_view> names;
  for (const AlsoKind kind : kinds) {
    if (also_kind_name(kind) == text) return kind;
    names.push_back(also_kind_name(kind));
  }
  const auto near = did_you_mean(text, names);
  throw Error(Fault::usage,
              fmt::format("`--also` knows no kind `{}`", printable(text)),
              near ? fmt::format("did you mean `{}`?", *near)
                   : fmt::format("it knows {}", fmt::join(names, ", ")));
}

AlsoWish parse_wish(const Spec& spec, const std::string& word) {
  const std::size_t equals = word.find('=');
  const AlsoKind kind = parse_kind(word.substr(0, equals));
  if (equals == std::string::npos || equals + 1 == word.size()) {
    fail(Fault::usage, "`--also` wants KIND=REF, not `{}`", printable(word));
  }
  const std::string name = word.substr(equals + 1);
  if (!name.starts_with(":") && parse_reference(name).digest()) {
    throw Error(Fault::usage,
                fmt::format("`--also {}` names a digest, which only the build can tell", word),
                "give a tag, such as `:weights`");
  }
  return {kind, target_names(spec, {name}).front()};
}

// As ModelPack's users write them.
std::string format_text(FileFormat format) {
  switch (format) {
    case FileFormat::torch:
    case FileFormat::torch_pickle:
    case FileFormat::torchscript:
    case FileFormat::torch_export:
      return "pt";
    case FileFormat::tensorrt:
      return "tensorrt";
    default:
      return to_lower(format_name(format));
  }
}

// What the files of the only entry of weights say; of several nothing holds for all.
void add_model_facts(const std::vector<WeightLayer>& layers,
                     const OpenRemoteReadAt& open_remote,
                     ModelPackFacts& facts) {
  std::vector<ModelFile> files;
  for (const WeightLayer& layer : layers) {
    for (ModelFile& file : model_files(layer.recipe.entries, "", open_remote))
      files.push_back(std::move(file));
  }
  const ModelSummary summary = read_model(files).summary;
  if (summary.formats.size() == 1) facts.format = format_text(summary.formats.front());
  facts.family = summary.model_type;
  if (summary.parameters) facts.param_size = param_size_text(*summary.parameters);
  facts.precision = precision_text(summary.dtypes);
  if (summary.quantisation) facts.quantization = to_lower(summary.quantisation->method);
}

Image make_modelpack(const Spec& spec, const BuiltImage& built, const AlsoContext& context) {
  ModelPackFacts facts;
  facts.name = spec.name;
  facts.created = built.image.config.created;
  facts.licenses = licenses_of_weights(spec);
  if (spec.weights.size() == 1) add_model_facts(built.weights, context.open_remote, facts);
  return modelpack_artifact(built.weights, facts);
}

}  // namespace

std::string_view also_kind_name(AlsoKind kind) {
  switch (kind) {
    case AlsoKind::weights_image:
      return "weights-image";
    case AlsoKind::weights_volume:
      return "weights-volume";
    case AlsoKind::modelpack:
      return "modelpack";
  }
  fail(Fault::internal, "no such kind of --also");
}

std::vector<AlsoWish> also_wishes(const Spec& spec,
                                  const std::vector<std::string>& words,
                                  const std::vector<Reference>& names) {
  std::vector<AlsoWish> wishes;
  std::vector<Reference> taken = names;
  for (const std::string& word : words) {
    AlsoWish wish = parse_wish(spec, word);
    if (std::find(taken.begin(), taken.end(), wish.name) != taken.end()) {
      throw Error(Fault::usage,
                  fmt::format("`--also {}` is the name of something else that is built", word),
                  "give each a tag of its own, such as `:weights` and `:modelpack`");
    }
    taken.push_back(wish.name);
    wishes.push_back(std::move(wish));
  }
  for (const auto& weights : spec.weights) {
    if (wishes.empty() || weights.value.kind != SourceKind::oci) continue;
    at_place(spec.where(weights.value.source_place), [&] {
      throw Error(Fault::usage,
                  fmt::format("`--also {}`: the weights of `{}` are published already",
                              words.front(),
                              printable(weights.value.source)),
                  "copy that image, or take its weights from where they came from");
    });
  }
  if (!wishes.empty() && spec.weights.empty()) {
    throw Error(Fault::usage,
                fmt::format("`--also {}`: the spec `{}` has no weights to publish",
                            words.front(),
                            printable(spec.file.string())),
                "name them under `weights`");
  }
  return wishes;
}

std::vector<std::string> also_warnings(const Spec& spec, const std::vector<AlsoWish>& wishes) {
  const auto image = std::find_if(wishes.begin(), wishes.end(), [](const AlsoWish& wish) {
    return wish.kind != AlsoKind::modelpack;
  });
  std::vector<std::string> warnings;
  for (const auto& weights : spec.weights) {
    const std::string& target = weights.value.target;
    const bool inside = target == "/models" || target.starts_with("/models/");
    if (image == wishes.end() || inside) continue;
    warnings.push_back(
        fmt::format("{}: `{}` lies in `{}`, and who mounts /models alone, as KServe's oci+native "
                    "does, will miss it; give it a `target` there",
                    also_kind_name(image->kind),
                    printable(weights.value.name),
                    printable(target)));
  }
  return warnings;
}

// The shell, and the links.
std::size_t layers_beside_weights(const std::vector<AlsoWish>& wishes) {
  std::size_t most = 0;
  for (const AlsoWish& wish : wishes) {
    const std::size_t shells = wish.kind == AlsoKind::weights_image ? 1 : 0;
    if (wish.kind != AlsoKind::modelpack) most = std::max(most, shells + 1);
  }
  return most;
}

std::vector<Image> also_images(AlsoKind kind,
                               const Spec& spec,
                               const std::vector<BuiltImage>& built,
                               const AlsoContext& context) {
  if (kind == AlsoKind::modelpack) return {make_modelpack(spec, built.front(), context)};
  std::vector<Image> images;
  images.reserve(built.size());
  for (const BuiltImage& one : built)
    images.push_back(make_weights_image(kind, spec, one, context));
  return images;
}

}  // namespace mlpack
