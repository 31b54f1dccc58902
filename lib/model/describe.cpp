#include "lib/model/describe.h"

#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

struct Unit {
  double size;
  std::string_view name;
};

std::string formats_text(const ModelSummary& summary) {
  std::vector<std::string> names;
  names.reserve(summary.formats.size());
  for (const FileFormat format : summary.formats)
    names.emplace_back(format_name(format));
  return join(names, ", ");
}

std::string architecture_text(const ModelSummary& summary) {
  const bool same = summary.model_type.empty() || summary.model_type == summary.architecture;
  if (summary.architecture.empty()) return summary.model_type;
  return same ? summary.architecture
              : fmt::format("{} ({})", summary.architecture, summary.model_type);
}

// The largest first.
std::string dtypes_text(const ModelSummary& summary) {
  std::vector<std::pair<std::string, std::uint64_t>> dtypes(summary.dtypes.begin(),
                                                            summary.dtypes.end());
  std::stable_sort(dtypes.begin(), dtypes.end(), [](const auto& a, const auto& b) {
    return a.second > b.second;
  });
  std::vector<std::string> texts;
  texts.reserve(dtypes.size());
  for (const auto& [dtype, bytes] : dtypes)
    texts.push_back(dtype + " " + human_size(bytes));
  return join(texts, ", ");
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string weights_text(const ModelSummary& summary) {
  if (summary.files == 0) return {};
  std::string text = human_size(summary.bytes) + " in " + plural(summary.files, "file");
  if (summary.tensors > 0) text += ", " + plural(summary.tensors, "tensor");
  return text;
}

std::string quantisation_text(const ModelSummary& summary) {
  if (!summary.quantisation) return {};
  const Quantisation& found = *summary.quantisation;
  return found.bits ? found.method + ", " + plural(*found.bits, "bit") : found.method;
}

std::string shape_text(const ModelSummary& summary) {
  std::vector<std::string> parts;
  if (summary.layers) parts.push_back(plural(*summary.layers, "layer"));
  if (summary.heads) parts.push_back(plural(*summary.heads, "head"));
  if (summary.kv_heads && summary.kv_heads != summary.heads) {
    parts.push_back(fmt::format("{} of keys and values", *summary.kv_heads));
  }
  if (summary.hidden_size) parts.push_back(fmt::format("width {}", *summary.hidden_size));
  return join(parts, ", ");
}

std::string adapter_text(const ModelAdapter& adapter) {
  std::string text = adapter.kind.empty() ? "of an unknown kind" : adapter.kind;
  if (adapter.rank) text += fmt::format(", rank {}", *adapter.rank);
  if (!adapter.base.empty()) text += ", for " + in_backticks(adapter.base);
  text += ", " + human_size(adapter.bytes);
  return adapter.path.empty() ? text : text + " in " + in_backticks(adapter.path);
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json adapter_json(const ModelAdapter& adapter) {
  return {{"path", adapter.path},
          {"kind", adapter.kind},
          {"base", adapter.base},
          {"rank", or_null(adapter.rank)},
          {"bytes", adapter.bytes},
          {"parameters", adapter.parameters}};
}

Json summary_json(const ModelSummary& summary) {
  Json json{{"formats", Json::array()},
            {"architecture", summary.architecture},
            {"modelType", summary.model_type},
            {"parameters", or_null(summary.parameters)},
            {"quantisation", Json()},
            {"contextLength", or_null(summary.context_length)},
            {"layers", or_null(summary.layers)},
            {"heads", or_null(summary.heads)},
            {"kvHeads", or_null(summary.kv_heads)},
            {"hiddenSize", or_null(summary.hidden_size)},
            {"bytes", summary.bytes},
            {"files", summary.files},
            {"tensors", summary.tensors},
            {"dtypes", summary.dtypes},
            {"adapters", Json::array()}};
  for (const FileFormat format : summary.formats)
    json["formats"].push_back(format_name(format));
  if (summary.quantisation) {
    json["quantisation"] = {{"method", summary.quantisation->method},
                            {"bits", or_null(summary.quantisation->bits)}};
  }
  for (const ModelAdapter& adapter : summary.adapters)
    json["adapters"].push_back(adapter_json(adapter));
  return json;
}

Json file_json(const ModelFileFacts& file) {
  return {{"path", file.path},
          {"format", format_name(file.format)},
          {"size", file.size},
          {"detail", file.detail},
          {"tensors", file.tensors},
          {"parameters", or_null(file.parameters)},
          {"dtypes", file.dtypes}};
}

}  // namespace

std::string human_count(std::uint64_t count) {
  constexpr std::array units{Unit{1e12, "trillion"}, Unit{1e9, "billion"}, Unit{1e6, "million"}};
  const auto value = static_cast<double>(count);
  for (const Unit& unit : units) {
    const double share = value / unit.size;
    if (share < 0.9995) continue;
    return fmt::format("{:.{}f} {}", share, share < 9.995 ? 2 : share < 99.95 ? 1 : 0, unit.name);
  }
  return std::to_string(count);
}

std::string describe(const ModelSummary& summary) {
  std::vector<std::pair<std::string_view, std::string>> rows{
      {"format", formats_text(summary)},
      {"architecture", architecture_text(summary)},
      {"parameters", summary.parameters ? human_count(*summary.parameters) : ""},
      {"weights", weights_text(summary)},
      {"dtypes", dtypes_text(summary)},
      {"quantised", quantisation_text(summary)},
      {"context", summary.context_length ? plural(*summary.context_length, "token") : ""},
      {"shape", shape_text(summary)}};
  for (const ModelAdapter& adapter : summary.adapters)
    rows.emplace_back("adapter", adapter_text(adapter));
  std::string text;
  for (const auto& [title, value] : rows) {
    if (!value.empty()) text += fmt::format("{:<14}{}\n", title, printable(value));
  }
  return text;
}

Json model_json(const ModelReport& report) {
  Json json{{"summary", summary_json(report.summary)},
            {"files", Json::array()},
            {"problems", Json::array()},
            {"choices", Json::array()},
            {"warnings", report.warnings}};
  for (const ModelFileFacts& file : report.files)
    json["files"].push_back(file_json(file));
  for (const ModelProblem& problem : report.problems) {
    json["problems"].push_back({{"file", problem.file},
                                {"what", problem.what},
                                {"why", problem.why},
                                {"next", problem.next},
                                {"exitCode", static_cast<int>(problem.fault)}});
  }
  for (const ModelChoice& choice : report.choices)
    json["choices"].push_back({{"message", choice.message}, {"leftOut", choice.left_out}});
  return json;
}

}  // namespace mlpack
