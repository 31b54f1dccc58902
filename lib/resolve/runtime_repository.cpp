#include "lib/resolve/runtime_model.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace mlpack {
namespace {

// A model of a repository: what lies in its folder.
struct RepositoryModel {
  std::set<std::string> versions;
  std::set<std::string> files;  // in versions: `model.onnx`
  bool has_config = false;
};

struct Repository {
  enum class Kind { plain, model, models };  // plain: neither folders of versions nor a config
  Kind kind = Kind::plain;
  std::map<std::string, RepositoryModel> models;  // of Kind::model: one, without a name
};

using Parts = std::vector<std::string_view>;

bool is_number(std::string_view text) {
  return parse_number(text, UINT64_MAX >> 1).has_value() && text[0] != '0';
}

// Triton's versions are numbers; where there is no config.pbtxt to tell, whatever holds an ONNX
// file is one.
bool is_version(const ServingRuntime& row, const Parts& parts, std::size_t at) {
  if (at + 1 >= parts.size()) return false;
  if (is_number(parts[at])) return true;
  return row.config.use == RuntimeConfig::Use::none && at + 2 == parts.size() &&
         parts.back().ends_with(".onnx");
}

// What the file says of the repository: how many folders lie above the version, or the config.
std::optional<std::size_t> level_of(const ServingRuntime& row, const Parts& parts) {
  if (row.config.use == RuntimeConfig::Use::beside_model && parts.back() == row.config.name &&
      parts.size() <= 2) {
    return parts.size() - 1;
  }
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
    if (is_version(row, parts, at) && (at == 1 || is_number(parts[0]) || parts.size() == 2)) {
      return at;
    }
  }
  return std::nullopt;
}

Repository read_repository(const ServingRuntime& row, const std::vector<std::string>& files) {
  Repository found;
  std::optional<std::size_t> level;
  for (const std::string& file : files) {
    const auto here = level_of(row, split(file, '/'));
    if (here && (!level || *here < *level)) level = here;
  }
  if (!level) return found;
  found.kind = *level == 0 ? Repository::Kind::model : Repository::Kind::models;
  for (const std::string& file : files) {
    const Parts parts = split(file, '/');
    if (parts.size() <= *level) continue;
    RepositoryModel& model = found.models[*level == 0 ? std::string() : std::string(parts[0])];
    if (parts[*level] == row.config.name && parts.size() == *level + 1) model.has_config = true;
    if (!is_version(row, parts, *level)) continue;
    model.versions.emplace(parts[*level]);
    model.files.emplace(parts[*level + 1]);
  }
  return found;
}

// What Triton's backends call their file; what has a config of its own accord comes first.
struct DefaultFile {
  std::string_view suffix;
  std::string_view name;
  enum class Config { completed, needed } config;
};
constexpr std::array default_files{
    DefaultFile{".onnx", "model.onnx", DefaultFile::Config::completed},
    DefaultFile{".plan", "model.plan", DefaultFile::Config::completed},
    DefaultFile{".engine", "model.plan", DefaultFile::Config::completed},
    DefaultFile{".xml", "model.xml", DefaultFile::Config::completed},
    DefaultFile{".pt", "model.pt", DefaultFile::Config::needed},
    DefaultFile{".dali", "model.dali", DefaultFile::Config::needed},
    DefaultFile{".json", "model.json", DefaultFile::Config::needed},
};

const DefaultFile* default_file(std::string_view name) {
  for (const DefaultFile& file : default_files) {
    if (name.ends_with(file.suffix)) return &file;
  }
  return nullptr;
}

void require_config(const ServingRuntime& row,
                    const std::string& name,
                    const RepositoryModel& model) {
  if (model.has_config || row.config.use != RuntimeConfig::Use::beside_model) return;
  const auto needs = std::find_if(model.files.begin(), model.files.end(), [](auto& file) {
    const DefaultFile* const known = default_file(file);
    return known != nullptr && known->config == DefaultFile::Config::needed;
  });
  if (needs == model.files.end()) return;
  throw Error(Fault::input,
              fmt::format("the model `{}` has no {}, which {} does not make for a `{}`",
                          printable(name),
                          row.config.name,
                          row.title,
                          printable(*needs)),
              "write it into the model's folder, or name it as `runtime.config`");
}

void check_names(const WeightsFacts& facts, const std::string& top) {
  for (const auto& [file, name] : facts.model_names) {
    const std::string folder = "/" + file.substr(0, file.rfind('/'));
    const std::string expected = folder.substr(folder.rfind('/') + 1);
    if (name == expected || !folder.starts_with(top)) continue;
    throw Error(Fault::input,
                fmt::format("`/{}` calls the model `{}`, and its folder is `{}`",
                            printable(file),
                            printable(name),
                            printable(expected)),
                "take `name` out of the file, or call them the same");
  }
}

// A file becomes MODEL/1/FILE under the name that the runtime looks for.
void place_plain(const ServingRuntime& row,
                 const Spec& spec,
                 const std::vector<std::string>& names,
                 ServedModel& model) {
  const auto main = std::find_if(
      names.begin(), names.end(), [](auto& name) { return default_file(name) != nullptr; });
  const std::string top = folder_of_target(model.weights->target);
  const bool is_default = model.weights->target == "/models/" + model.name;
  if (main == names.end() || !is_default) {
    throw Error(
        Fault::usage,
        fmt::format(
            "`{}` is no model repository: {} wants MODEL/VERSION/FILE", model.name, row.title),
        fmt::format("put the file into `{}/1/`, under a name such as `model.onnx`", model.name));
  }
  const DefaultFile& file = *default_file(*main);
  const bool is_file = names.size() == 1;
  if (!is_file && *main != file.name) {
    throw Error(Fault::usage,
                fmt::format("{} looks for `{}`, and `{}` has `{}`",
                            row.title,
                            file.name,
                            model.name,
                            printable(*main)),
                "give it that name");
  }
  RepositoryModel single;
  single.files.insert(*main);
  single.has_config = spec.runtime->value.config.has_value();
  require_config(row, model.name, single);
  model.target = top + "/1/" + (is_file ? std::string(file.name) : std::string());
  model.path = top.substr(0, top.rfind('/'));
  model.folder = top;
  model.prepared = {model.name + ":1"};
}

std::string newest(const std::set<std::string>& versions) {
  const auto before = [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  };
  return *std::max_element(versions.begin(), versions.end(), before);
}

}  // namespace

void place_in_repository(const ServingRuntime& row,
                         const Spec& spec,
                         const WeightsFacts* facts,
                         ServedModel& model) {
  const std::string top = folder_of_target(model.weights->target);
  model.path = top;
  if (facts == nullptr) return;  // layers of another image: taken for a repository
  std::vector<std::string> names;
  for (const std::string& file : facts->files) {
    const bool is_below = ("/" + file).starts_with(top + "/");
    names.push_back(is_below ? file.substr(top.size()) : file.substr(file.rfind('/') + 1));
  }
  if (!facts->source.empty()) names = {facts->source};
  const Repository found = read_repository(row, names);
  if (found.kind == Repository::Kind::plain) return place_plain(row, spec, names, model);
  if (found.kind == Repository::Kind::model) {
    model.path = top.substr(0, top.rfind('/'));
    model.folder = top;
  }
  if (model.path.empty()) {
    throw Error(Fault::usage,
                fmt::format("the model `{}` lies at the top of the image", model.name),
                "set a `target` such as `/models/NAME`");
  }
  check_names(*facts, top);
  for (auto [key, content] : found.models) {
    const std::string name = key.empty() ? top.substr(top.rfind('/') + 1) : key;
    if (!model.folder.empty() && spec.runtime->value.config) content.has_config = true;
    require_config(row, name, content);
    if (!content.versions.empty()) model.prepared.push_back(name + ":" + newest(content.versions));
  }
}

}  // namespace mlpack
