#include "cli/report.h"

#include "lib/file.h"
#include "lib/spec/problems.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <vector>

namespace mlpack {
namespace {

constexpr std::uint64_t most_source_bytes = std::uint64_t{1} << 20;

// The file was read a moment ago; where it is gone or grew, the places are shown without lines.
std::string source_of(const std::string& file) {
  const fs::path path(file);
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed || size > most_source_bytes || !fs::is_regular_file(path, failed)) return {};
  return read_file_if_exists(path, most_source_bytes).value_or("");
}

std::vector<std::string> problem_texts(const Error& error) {
  std::map<std::string, std::string> sources;
  std::vector<std::string> texts;
  for (const Where& where : error.where()) {
    const auto found = sources.try_emplace(where.file);
    if (found.second) found.first->second = source_of(where.file);
    texts.push_back(format_problem(where, found.first->second));
  }
  return texts;
}

bool is_said_by_place(const Error& error) {
  return error.where().size() == 1 && error.where().front().message == error.what();
}

// A message keeps its line breaks; nothing else in it may steer the terminal.
std::string harmless(std::string_view text) {
  std::string shown;
  for (const std::string_view line : split(text, '\n')) {
    if (!shown.empty()) shown += '\n';
    shown += printable(line);
  }
  return shown;
}

// JSON holds UTF-8 alone; what a message quotes may not be.
std::string utf8(std::string_view text) {
  return is_utf8(text) ? std::string(text) : harmless(text);
}

}  // namespace

std::string failure_text(const Error& error, Color color) {
  std::vector<std::string> texts = problem_texts(error);
  const auto add = [&](std::string_view title, Tint tint, std::string_view text) {
    texts.push_back(fmt::format("{} {}\n", tinted(title, tint, color), harmless(text)));
  };
  if (!is_said_by_place(error)) add("error:", Tint::red, error.what());
  if (!error.hint().empty()) add("hint:", Tint::cyan, error.hint());
  return join(texts, "\n");
}

std::string failure_json(const Error& error) {
  nlohmann::ordered_json document{{"schema", 1}};
  auto& body = document["error"];
  body["code"] = static_cast<int>(error.fault());
  body["message"] = utf8(error.what());
  body["hint"] = utf8(error.hint());
  body["where"] = nlohmann::ordered_json::array();
  for (const Where& where : error.where()) {
    body["where"].push_back({{"file", utf8(where.file)},
                             {"line", where.line},
                             {"column", where.column},
                             {"message", utf8(where.message)}});
  }
  return document.dump() + "\n";
}

}  // namespace mlpack
