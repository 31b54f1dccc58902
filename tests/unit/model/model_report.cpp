// usage: model_report FOLDER: what read_model finds in it, as JSON and as `inspect --model` says
// it.

#include "lib/model/describe.h"
#include "lib/model/model.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>

namespace {

std::vector<mlpack::ModelFile> files_below(const mlpack::fs::path& folder) {
  std::vector<mlpack::ModelFile> files;
  for (const auto& entry : mlpack::fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().lexically_relative(folder).string();
    files.push_back(mlpack::model_file(path, entry.path(), entry.file_size()));
  }
  return files;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 2) return 2;
    const mlpack::ModelReport report = mlpack::read_model(files_below(arguments[1]));
    nlohmann::ordered_json json = mlpack::model_json(report);
    json["text"] = mlpack::describe(report.summary);
    fmt::print("{}\n", json.dump());
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
