#include "lib/oci/modelpack.h"

#include "lib/error.h"
#include "lib/oci/descriptor_json.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

// Files beside weights that say how to read them.
constexpr std::array<std::string_view, 11> config_suffixes{".json",
                                                           ".jsonl",
                                                           ".jinja",
                                                           ".md",
                                                           ".model",
                                                           ".py",
                                                           ".tiktoken",
                                                           ".toml",
                                                           ".txt",
                                                           ".yaml",
                                                           ".yml"};

// What safetensors calls a type, and what the model-spec calls it (docs/config.md).
constexpr std::array<std::array<std::string_view, 2>, 16> precisions{{
    {"BF16", "bfloat16"},
    {"BOOL", "bool"},
    {"C64", "complex64"},
    {"F16", "float16"},
    {"F32", "float32"},
    {"F64", "float64"},
    {"F8_E4M3", "float8_e4m3"},
    {"F8_E5M2", "float8_e5m2"},
    {"I16", "int16"},
    {"I32", "int32"},
    {"I64", "int64"},
    {"I8", "int8"},
    {"U16", "uint16"},
    {"U32", "uint32"},
    {"U64", "uint64"},
    {"U8", "uint8"},
}};

bool is_config_name(std::string_view path) {
  return std::any_of(config_suffixes.begin(), config_suffixes.end(), [&](std::string_view suffix) {
    return path.ends_with(suffix);
  });
}

std::vector<const RecipeEntry*> files_of(const LayerRecipe& recipe) {
  std::vector<const RecipeEntry*> files;
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.kind != EntryKind::directory) files.push_back(&entry);
  }
  return files;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool is_below(std::string_view path, std::string_view folder) {
  return folder.empty() || path == folder ||
         (path.starts_with(folder) && path[folder.size()] == '/');
}

// The file, or the deepest folder that all of them lie in.
std::string place_of_files(const std::vector<const RecipeEntry*>& files) {
  if (files.empty()) return ".";
  if (files.size() == 1) return files.front()->path;
  std::string_view folder = parent_of(files.front()->path);
  for (const RecipeEntry* file : files) {
    while (!is_below(file->path, folder))
      folder = parent_of(folder);
  }
  return folder.empty() ? "." : std::string(folder);
}

// As tar has it; the type is that of a regular file.
std::string metadata_of(const RecipeEntry& file, std::int64_t mtime) {
  const std::size_t slash = file.path.rfind('/');
  const Json json{
      {"name", slash == std::string::npos ? file.path : file.path.substr(slash + 1)},
      {"mode", file.mode},
      {"uid", file.uid},
      {"gid", file.gid},
      {"size", file.size},
      {"mtime", rfc3339(mtime)},
      {"typeflag", static_cast<int>('0')},
  };
  return dump_json(json, "the name of a file of weights");
}

std::string media_type_of(const Descriptor& layer, bool is_config) {
  std::string type(is_config ? modelpack::weight_config : modelpack::weight);
  const auto compression = layer_compression(layer.media_type);
  if (!compression) fail(Fault::internal, "`{}` is no type of a layer", layer.media_type);
  if (*compression == Compression::gzip) type += "+gzip";
  if (*compression == Compression::zstd) type += "+zstd";
  return type;
}

Descriptor as_modelpack_layer(const WeightLayer& weights) {
  const auto files = files_of(weights.recipe);
  const bool is_config = !files.empty() && std::all_of(files.begin(), files.end(), [](auto* file) {
    return is_config_name(file->path);
  });
  Descriptor descriptor = weights.layer.descriptor;
  descriptor.media_type = media_type_of(descriptor, is_config);
  descriptor.platform.reset();
  descriptor.annotations[std::string(modelpack::file_path)] = place_of_files(files);
  if (files.size() == 1 && files.front()->kind == EntryKind::file) {
    descriptor.annotations[std::string(modelpack::file_metadata)] =
        metadata_of(*files.front(), weights.recipe.mtime);
  }
  return descriptor;
}

void set_known(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}

// All three parts are required, empty or not.
Json config_json(const std::vector<WeightLayer>& weights, const ModelPackFacts& facts) {
  Json descriptor = Json::object();
  set_known(descriptor, "createdAt", facts.created);
  set_known(descriptor, "family", facts.family);
  set_known(descriptor, "name", facts.name);
  if (!facts.licenses.empty()) descriptor["licenses"] = facts.licenses;
  Json config = Json::object();
  set_known(config, "format", facts.format);
  set_known(config, "paramSize", facts.param_size);
  set_known(config, "precision", facts.precision);
  set_known(config, "quantization", facts.quantization);
  Json diff_ids = Json::array();
  for (const WeightLayer& one : weights)
    diff_ids.push_back(one.layer.diff_id.text());
  return {{"descriptor", descriptor},
          {"modelfs", {{"type", "layers"}, {"diffIds", diff_ids}}},
          {"config", config}};
}

}  // namespace

Image modelpack_artifact(const std::vector<WeightLayer>& weights, const ModelPackFacts& facts) {
  if (weights.empty()) fail(Fault::internal, "a ModelPack of no weights");
  std::string config = dump_json(config_json(weights, facts), "the config of a ModelPack");
  const Descriptor config_descriptor{
      std::string(modelpack::config), Digest::of(config), config.size(), {}, {}};
  Json json{{"schemaVersion", 2},
            {"mediaType", media_type::oci_manifest},
            {"artifactType", modelpack::artifact_type},
            {"config", descriptor_json(config_descriptor)},
            {"layers", Json::array()}};
  for (const WeightLayer& one : weights)
    json["layers"].push_back(descriptor_json(as_modelpack_layer(one)));
  return make_image(dump_json(json, "the manifest of a ModelPack"),
                    media_type::oci_manifest,
                    std::move(config),
                    "the ModelPack",
                    Artifacts::accepted);
}

std::optional<Descriptor> plain_layer(const Descriptor& layer) {
  const bool is_tar =
      layer.media_type == modelpack::weight || layer.media_type == modelpack::weight_config;
  if (!is_tar) return std::nullopt;
  Descriptor plain = layer;
  plain.media_type = layer_media_type(Compression::none);
  return plain;
}

bool is_modelpack(const Manifest& manifest) {
  return manifest.config.media_type == modelpack::config;
}

std::string param_size_text(std::uint64_t parameters) {
  constexpr std::uint64_t thousand = 1000;
  constexpr std::array<std::pair<std::uint64_t, char>, 4> units{{
      {thousand * thousand * thousand * thousand, 't'},
      {thousand * thousand * thousand, 'b'},
      {thousand * thousand, 'm'},
      {thousand, 'k'},
  }};
  // The largest unit of which there is one at least, once rounded.
  const auto found = std::find_if(units.begin(), units.end() - 1, [&](const auto& unit) {
    return parameters >= unit.first - unit.first / 2000;
  });
  const auto [unit, letter] = *found;
  // One digit behind the point, and only below ten: `1.5b`, `8b`, `70b`.
  const std::uint64_t tenths = (parameters + unit / 20) / (unit / 10);
  const std::uint64_t whole = (parameters + unit / 2) / unit;
  if (tenths == 0) return "";
  if (tenths >= 100 || tenths % 10 == 0) return fmt::format("{}{}", whole, letter);
  return fmt::format("{}.{}{}", tenths / 10, tenths % 10, letter);
}

std::string precision_text(const std::map<std::string, std::uint64_t>& dtypes) {
  std::vector<std::string> real;
  std::vector<std::string> whole;
  for (const auto& item : dtypes) {
    const std::string& dtype = item.first;
    const auto found = std::find_if(
        precisions.begin(), precisions.end(), [&](const auto& row) { return row[0] == dtype; });
    if (found == precisions.end()) return "";
    const bool is_real = dtype.find('F') != std::string::npos || dtype.starts_with('C');
    (is_real ? real : whole).emplace_back((*found)[1]);
  }
  return fmt::format("{}", fmt::join(real.empty() ? whole : real, ","));
}

}  // namespace mlpack
