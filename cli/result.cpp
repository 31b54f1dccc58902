#include "cli/result.h"

#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace mlpack {
namespace {

std::size_t character_count(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

nlohmann::ordered_json layer_json(const Layer& layer) {
  return {{"kind", role_name(layer.role)},
          {"name", layer.name},
          {"mediaType", layer.descriptor.media_type},
          {"digest", layer.descriptor.digest.text()},
          {"diffId", layer.diff_id.text()},
          {"size", layer.descriptor.size},
          {"reused", layer.reused}};
}

std::string json_line(const nlohmann::ordered_json& document) {
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

double json_seconds(double seconds) {
  return std::round(seconds * 1000) / 1000;
}

std::vector<std::string> texts_of(const std::vector<Reference>& names) {
  std::vector<std::string> texts;
  for (const Reference& name : names)
    texts.push_back(name.text());
  return texts;
}

std::string columns(std::vector<std::vector<std::string>> rows) {
  std::vector<std::size_t> widths;
  for (auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = printable(row[i]);
      widths[i] = std::max(widths[i], character_count(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - character_count(row[i]) + 2, ' ');
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace mlpack
