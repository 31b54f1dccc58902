#include "cli/check.h"
#include "cli/doctor.h"
#include "cli/result.h"
#include "cli/streams.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

using NodesJson = nlohmann::ordered_json;

constexpr std::uint64_t most_bytes = std::uint64_t{256} << 20U;

std::string verdict_word(const Findings& findings) {
  const std::string verdict = check_verdict(findings);
  if (verdict == "runs") return "yes";
  return verdict == "fails" ? "no" : "unknown";
}

std::vector<std::string> row_of(const NodeReport& report) {
  const ClusterNode& node = report.node;
  const std::string gpus =
      !node.has_gpu
          ? std::string("-")
          : fmt::format("{} x {}", node.gpus, node.product.empty() ? "?" : printable(node.product));
  return {printable(node.name),
          gpus,
          node.driver ? std::string(node.driver->text()) : "-",
          verdict_word(report.findings)};
}

NodesJson node_json(const NodeReport& report) {
  const ClusterNode& node = report.node;
  return {{"name", node.name},
          {"gpu", node.product.empty() ? NodesJson() : NodesJson(node.product)},
          {"count", node.gpus},
          {"allocatable", node.allocatable},
          {"driver", node.driver ? NodesJson(node.driver->text()) : NodesJson()},
          {"cuda", node.cuda ? NodesJson(node.cuda->text()) : NodesJson()},
          {"verdict", check_verdict(report.findings)},
          {"findings", finding_list(report.findings)}};
}

std::size_t count_of(const std::vector<NodeReport>& nodes, const std::string& verdict) {
  return static_cast<std::size_t>(
      std::count_if(nodes.begin(), nodes.end(), [&](const NodeReport& report) {
        return check_verdict(report.findings) == verdict;
      }));
}

}  // namespace

std::vector<NodeReport> check_node_file(const std::string& path,
                                        const Catalog& catalog,
                                        DoctorImages* images,
                                        const Stop& stop) {
  const auto nodes = parse_nodes(read_given(path, most_bytes, stop), "`" + printable(path) + "`");
  std::vector<NodeReport> reports;
  for (const ClusterNode& node : nodes) {
    if (images == nullptr) {
      reports.push_back({node, check_node(catalog, node, nullptr)});
      continue;
    }
    const DoctorImage& image = images->of(node.machine);
    const HostImage facts = image.facts();
    reports.push_back({node, check_node(catalog, node, &facts)});
    add_findings(reports.back().findings, image.check_rules(node_features(node)));
  }
  return reports;
}

std::string nodes_verdict(const std::vector<NodeReport>& nodes) {
  if (count_of(nodes, "runs") > 0) return "runs";
  return count_of(nodes, "unknown") > 0 ? "unknown" : "fails";
}

std::string nodes_text(const std::string& image, const std::vector<NodeReport>& nodes) {
  std::vector<std::vector<std::string>> rows{{"NODE", "GPUS", "DRIVER", "RUNS"}};
  for (const NodeReport& report : nodes)
    rows.push_back(row_of(report));
  std::string text = columns(rows);
  for (const NodeReport& report : nodes) {
    if (report.findings.empty()) continue;
    text += "\n" + printable(report.node.name) + ":\n" + findings_text(report.findings);
  }
  const std::string what = image.empty() ? "GPU containers" : "`" + printable(image) + "`";
  return text +
         fmt::format(
             "\n{} will run on {} of {} nodes\n", what, count_of(nodes, "runs"), nodes.size());
}

NodesJson nodes_json(const std::string& image, const std::vector<NodeReport>& nodes) {
  NodesJson json{{"schema", 1}};
  if (!image.empty()) json["name"] = image;
  json["verdict"] = nodes_verdict(nodes);
  json["findings"] = NodesJson::array();
  json["nodes"] = NodesJson::array();
  for (const NodeReport& report : nodes) {
    json["nodes"].push_back(node_json(report));
    for (NodesJson finding : finding_list(report.findings)) {
      finding["node"] = report.node.name;
      json["findings"].push_back(std::move(finding));
    }
  }
  return json;
}

}  // namespace mlpack
