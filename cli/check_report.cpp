#include "cli/check.h"
#include "cli/result.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace mlpack {
namespace {

using CheckJson = nlohmann::ordered_json;
using Level = Finding::Level;

CheckJson finding_json(const Finding& finding) {
  CheckJson json{{"id", finding.id},
                 {"level", level_name(finding.level)},
                 {"what", finding.what},
                 {"why", finding.why},
                 {"fix", finding.fix}};
  if (!finding.file.empty()) json["file"] = "/" + finding.file;
  return json;
}

Findings all_findings(const std::vector<CheckedImage>& images) {
  Findings all;
  for (const CheckedImage& image : images)
    all.insert(all.end(), image.findings.begin(), image.findings.end());
  return all;
}

std::string verdict_sentence(const Findings& findings) {
  const std::string verdict = check_verdict(findings);
  if (verdict == "runs") return "it will run";
  return verdict == "fails" ? "it will not run as it should"
                            : "it is not known whether it will run";
}

CheckJson sarif_rules(const Findings& findings) {
  std::map<std::string, const Finding*> by_id;
  for (const Finding& finding : findings)
    by_id.emplace(finding.id, &finding);
  CheckJson rules = CheckJson::array();
  for (const auto& [id, finding] : by_id)
    rules.push_back({{"id", id}, {"help", {{"text", finding->fix}}}});
  return rules;
}

CheckJson sarif_result(const std::string& name, const Finding& finding) {
  const std::string_view level =
      finding.level == Level::info ? std::string_view("note") : level_name(finding.level);
  CheckJson result{{"ruleId", finding.id},
                   {"level", level},
                   {"message", {{"text", fmt::format("{}: {}", finding.what, finding.why)}}}};
  CheckJson location{{"logicalLocations", {{{"fullyQualifiedName", name}, {"kind", "module"}}}}};
  if (!finding.file.empty()) {
    location["physicalLocation"] = {{"artifactLocation", {{"uri", finding.file}}}};
  }
  result["locations"] = CheckJson::array({location});
  return result;
}

}  // namespace

CheckJson findings_json(const Findings& findings) {
  CheckJson list = CheckJson::array();
  for (const Finding& finding : findings)
    list.push_back(finding_json(finding));
  return list;
}

IgnoredFindings ignored_findings(const std::vector<std::string>& words) {
  IgnoredFindings ignored = named_texts("--ignore", words);
  for (const auto& [id, reason] : ignored) {
    const bool is_id = id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == id.npos;
    if (is_id && !trim(reason).empty()) continue;
    throw Error(Fault::usage,
                fmt::format("`--ignore` wants the id of a finding and a reason, not `{}={}`",
                            printable(id),
                            printable(reason)),
                "the id is what stands in brackets behind a finding: `--ignore ID=REASON`");
  }
  return ignored;
}

Findings without_ignored(Findings findings, const IgnoredFindings& ignored, Terminal& terminal) {
  for (const auto& [id, reason] : ignored) {
    const auto is_it = [&id = id](const Finding& finding) { return finding.id == id; };
    if (std::erase_if(findings, is_it) > 0) continue;
    terminal.warn(fmt::format("`--ignore {}` passes over nothing: there is no such finding", id));
  }
  return findings;
}

std::string findings_text(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{}: {} [{}]\n  why: {}\n  fix: {}\n",
                        level_name(finding.level),
                        printable(finding.what),
                        finding.id,
                        printable(finding.why),
                        printable(finding.fix));
  }
  return text;
}

std::string check_verdict(const Findings& findings) {
  bool is_unknown = false;
  for (const Finding& finding : findings) {
    if (finding.level == Level::error) return "fails";
    is_unknown = is_unknown || finding.is_unknown;
  }
  return is_unknown ? "unknown" : "runs";
}

int check_exit_code(const std::vector<CheckedImage>& images, Strictness strictness) {
  const Findings all = all_findings(images);
  const bool is_dangerous = std::any_of(all.begin(), all.end(), [](const Finding& finding) {
    return finding.level == Level::error && finding.kind == Finding::Kind::safety;
  });
  if (is_dangerous) return static_cast<int>(Fault::gate);
  const std::string verdict = check_verdict(all);
  const bool fails =
      verdict == "fails" || (verdict == "unknown" && strictness == Strictness::strict);
  return fails ? static_cast<int>(Fault::incompatible) : 0;
}

std::string check_text(const std::string& name, const std::vector<CheckedImage>& images) {
  std::string text;
  for (const CheckedImage& image : images) {
    text += findings_text(image.findings);
    const std::string platform =
        images.size() == 1 ? std::string() : fmt::format(" for {}", image.platform);
    text += fmt::format("{}{}: {}\n", printable(name), platform, verdict_sentence(image.findings));
  }
  return text;
}

CheckJson check_json(const std::string& name, const std::vector<CheckedImage>& images) {
  const Findings all = all_findings(images);
  CheckJson json{{"schema", 1},
                 {"name", name},
                 {"verdict", check_verdict(all)},
                 {"findings", findings_json(all)}};
  if (images.size() == 1) return json;
  json["images"] = CheckJson::array();
  for (const CheckedImage& image : images) {
    json["images"].push_back({{"platform", image.platform},
                              {"verdict", check_verdict(image.findings)},
                              {"findings", findings_json(image.findings)}});
  }
  return json;
}

std::string check_sarif(const std::string& name, const std::vector<CheckedImage>& images) {
  const Findings all = all_findings(images);
  CheckJson results = CheckJson::array();
  for (const Finding& finding : all)
    results.push_back(sarif_result(name, finding));
  const CheckJson driver{{"name", "mlpack"}, {"rules", sarif_rules(all)}};
  const CheckJson run{{"tool", {{"driver", driver}}}, {"results", results}};
  return json_line({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", CheckJson::array({run})}});
}

}  // namespace mlpack
