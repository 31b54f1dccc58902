#include "layers/ollama_store.h"

#include "layers/file_set.h"
#include "layers/snapshot.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view fact_kind = "sha256 of a file";
constexpr std::string_view media_prefix = "application/vnd.ollama.image.";
constexpr std::string_view manifest_type = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view config_type = "application/vnd.docker.container.image.v1+json";

Digest digest_of_file(const RecipeEntry& entry, const FileRange& range) {
  FileSource source(range.path, range.identity, range.offset, entry.size);
  Hasher hasher;
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  while (const std::size_t got = source.read(buffer))
    hasher.write({buffer.data(), got});
  return hasher.finish();
}

// Remembered like a layer: by the states of the files.
Digest digest_of_local(const RecipeEntry& entry, const FileRange& range, Store& store) {
  const LayerRecipe looked_at{Role::weights, "", 0, {entry}};
  const Digest key = layer_key(looked_at, fact_kind);
  if (const auto known = store.fact(fact_kind, key)) {
    if (const auto digest = Digest::parse(*known)) return *digest;
  }
  const bool keep = is_settled(looked_at, snapshot_of(looked_at));
  const Digest digest = digest_of_file(entry, range);
  if (keep) store.put_fact(fact_kind, key, digest.text());
  return digest;
}

Digest digest_of_entry(const RecipeEntry& entry, Store& store) {
  if (const auto* text = std::get_if<std::string>(&entry.content)) return Digest::of(*text);
  if (const auto* range = std::get_if<FileRange>(&entry.content)) {
    return digest_of_local(entry, *range, store);
  }
  const auto* remote = std::get_if<RemoteContent>(&entry.content);
  if (remote != nullptr && remote->sha256) return *remote->sha256;
  throw Error(Fault::usage,
              fmt::format("the sha256 of `/{}` is not known, and Ollama's store is made of them",
                          printable(entry.path)),
              "write it behind the URL (`#sha256=…`), or build without `--push` first");
}

// `7.2B`, `494.03M`: as Ollama shows the size of a model.
std::string human_number(std::uint64_t count) {
  constexpr double thousand = 1000;
  const auto shown = [](double number, const char* unit, int digits) {
    const bool is_whole = std::floor(number) == number;
    return fmt::format("{:.{}f}{}", number, is_whole ? 0 : digits, unit);
  };
  const auto number = static_cast<double>(count);
  if (count >= 1'000'000'000) return shown(number / thousand / thousand / thousand, "B", 1);
  if (count >= 1'000'000) return shown(number / thousand / thousand, "M", 2);
  if (count >= 1'000) return shown(number / thousand, "K", 0);
  return std::to_string(count);
}

struct Blob {
  std::string media_type;
  Digest digest;
  std::uint64_t size;
};

Json json_of(const Blob& blob) {
  return {{"mediaType", blob.media_type}, {"digest", blob.digest.text()}, {"size", blob.size}};
}

class StoreBuilder {
 public:
  explicit StoreBuilder(const std::string& root) : root_(parse_target(root, "the store")) {}

  void add_file(RecipeEntry entry, const std::string& kind, const Digest& digest) {
    blobs_.push_back({std::string(media_prefix) + kind, digest, entry.size});
    entry.path = blob_path(digest);
    entries_.push_back(std::move(entry));
  }

  void add_text(const std::string& kind, const std::string& text) {
    blobs_.push_back(put(std::string(media_prefix) + kind, text));
  }

  std::vector<RecipeEntry> finish(Json config, const std::string& name) {
    std::vector<std::string> digests;
    Json layers = Json::array();
    for (const Blob& blob : blobs_) {
      digests.push_back(blob.digest.text());
      layers.push_back(json_of(blob));
    }
    config["rootfs"] = {{"type", "layers"}, {"diff_ids", digests}};
    const Blob described = put(std::string(config_type), config.dump());
    const Json manifest{{"schemaVersion", 2},
                        {"mediaType", manifest_type},
                        {"config", json_of(described)},
                        {"layers", layers}};
    entries_.push_back(
        text_entry(fmt::format("{}/manifests/registry.ollama.ai/library/{}/latest", root_, name),
                   manifest.dump()));
    return std::move(entries_);
  }

 private:
  static RecipeEntry text_entry(std::string path, const std::string& text) {
    RecipeEntry entry;
    entry.path = std::move(path);
    entry.size = text.size();
    entry.content = text;
    return entry;
  }

  std::string blob_path(const Digest& digest) const {
    return fmt::format("{}/blobs/sha256-{}", root_, digest.hex());
  }

  // Two texts may be one blob.
  Blob put(std::string media_type, const std::string& text) {
    const Digest digest = Digest::of(text);
    const std::string path = blob_path(digest);
    const bool is_there = std::any_of(
        entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.path == path; });
    if (!is_there) entries_.push_back(text_entry(path, text));
    return {std::move(media_type), digest, text.size()};
  }

  std::string root_;
  std::vector<Blob> blobs_;
  std::vector<RecipeEntry> entries_;
};

const RecipeEntry& entry_at(const std::vector<RecipeEntry>& entries, const std::string& path) {
  const auto found = std::find_if(
      entries.begin(), entries.end(), [&](const RecipeEntry& entry) { return entry.path == path; });
  if (found == entries.end()) fail(Fault::input, "`/{}` is not among the weights", printable(path));
  return *found;
}

// `Q4_K_M`; of what is not quantised the type of most of its numbers.
std::string file_type_of(const ModelSummary& summary) {
  if (summary.quantisation) return summary.quantisation->method;
  const auto most = std::max_element(
      summary.dtypes.begin(), summary.dtypes.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      });
  return most == summary.dtypes.end() ? "unknown" : most->first;
}

// ConfigV2 of types/model/config.go; what older releases want of it comes last.
Json config_of(const ModelSummary& summary, const OllamaModel& model) {
  const std::string family = summary.architecture;
  Json config{{"model_format", "gguf"},
              {"model_family", family},
              {"model_families", Json::array({family})},
              {"model_type", human_number(summary.parameters.value_or(0))},
              {"file_type", file_type_of(summary)}};
  const std::array said{std::pair{"renderer", &model.renderer},
                        std::pair{"parser", &model.parser},
                        std::pair{"requires", &model.requires_release}};
  for (const auto& [key, value] : said) {
    if (!value->empty()) config[key] = *value;
  }
  config["architecture"] = "amd64";
  config["os"] = "linux";
  return config;
}

}  // namespace

std::vector<RecipeEntry> ollama_store(const std::vector<RecipeEntry>& entries,
                                      const OllamaModel& model,
                                      Store& store,
                                      const OpenRemoteReadAt& open_remote) {
  StoreBuilder builder(model.root);
  const RecipeEntry& file = entry_at(entries, model.model);
  const ModelReport report = read_model(model_files({file}, "", open_remote));
  builder.add_file(file, "model", digest_of_entry(file, store));
  if (!model.projector.empty()) {
    const RecipeEntry& projector = entry_at(entries, model.projector);
    builder.add_file(projector, "projector", digest_of_entry(projector, store));
  }
  for (const auto& [kind, text] : model.texts)
    builder.add_text(kind, text);
  return builder.finish(config_of(report.summary, model), model.name);
}

}  // namespace mlpack
