#include "lib/error.h"
#include "lib/host/probe.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <nlohmann/json.hpp>

#include <array>
#include <limits>

namespace mlpack {
namespace {

using ProbeJson = nlohmann::ordered_json;
using Outcome = Answer::Outcome;

constexpr std::array<std::string_view, 6> outcomes{
    "unasked", "missing", "answered", "failed", "hung", "crashed"};
constexpr std::uint64_t most_code = 1'000'000;

std::string_view outcome_name(Outcome outcome) {
  return outcomes[static_cast<std::size_t>(outcome)];
}

// The lines of a child as one object; one that did not get to its last line says nothing wrong.
ProbeJson object_of(const ChildText& child) {
  ProbeJson json = ProbeJson::object();
  ProbeJson gpus = ProbeJson::array();
  for (const std::string_view line : split(child.text, '\n')) {
    ProbeJson part = ProbeJson::parse(line, nullptr, false);
    if (!part.is_object()) continue;
    if (!part.contains("gpu")) {
      json.update(part);
      continue;
    }
    part.erase("gpu");
    gpus.push_back(std::move(part));
  }
  if (!gpus.empty()) json["gpus"] = std::move(gpus);
  if (child.outcome != Outcome::answered && !json.contains("outcome")) {
    json["outcome"] = outcome_name(child.outcome);
    json["code"] = child.code;
  }
  if (!json.contains("outcome")) json["outcome"] = outcome_name(Outcome::crashed);
  return json;
}

template <class Number>
void take(const JsonNode& node, std::string_view key, std::optional<Number>& value) {
  const auto found = node.find(key);
  if (found) value = static_cast<Number>(found->number(std::numeric_limits<Number>::max()));
}

std::optional<Version> version_at(const JsonNode& node, std::string_view key) {
  return Version::parse(node.text_or_empty(key));
}

Answer answer_of(const JsonNode& node) {
  Answer answer;
  const std::string name = node.at("outcome").text();
  std::size_t i = 0;
  while (i < outcomes.size() && outcomes[i] != name)
    ++i;
  if (i == outcomes.size()) node.at("outcome").refuse("is not known");
  answer.outcome = static_cast<Outcome>(i);
  if (const auto code = node.find("code")) answer.code = static_cast<int>(code->number(most_code));
  return answer;
}

void read_health(const JsonNode& node, NvmlGpu& gpu) {
  take(node, "ecc", gpu.ecc);
  take(node, "eccPending", gpu.ecc_pending);
  take(node, "eccErrors", gpu.ecc_errors);
  take(node, "remapPending", gpu.remap_pending);
  take(node, "remapFailed", gpu.remap_failed);
  take(node, "retirePending", gpu.retire_pending);
  take(node, "fabric", gpu.fabric);
  take(node, "fabricCode", gpu.fabric_code);
  take(node, "linksUp", gpu.links_up);
  take(node, "linksDown", gpu.links_down);
  take(node, "linkRecoveries", gpu.link_recoveries);
  take(node, "replays", gpu.replays);
  take(node, "throttling", gpu.throttling);
  take(node, "temperature", gpu.temperature);
}

NvmlGpu gpu_of(const JsonNode& node) {
  NvmlGpu gpu;
  if (const auto code = node.find("code")) gpu.code = static_cast<int>(code->number(most_code));
  gpu.name = printable(node.text_or_empty("name"));
  gpu.address = node.text_or_empty("address");
  gpu.capability = version_at(node, "capability");
  take(node, "memory", gpu.memory);
  take(node, "memoryFree", gpu.memory_free);
  take(node, "mig", gpu.mig);
  take(node, "migPending", gpu.mig_pending);
  if (const auto slices = node.find("slices"))
    for (const std::string& name : slices->text_list())
      gpu.slices.push_back(printable(name));
  take(node, "computeMode", gpu.compute_mode);
  take(node, "persistence", gpu.persistence);
  read_health(node, gpu);
  return gpu;
}

}  // namespace

std::string probe_libraries(const ProbeSettings& settings) {
  const std::vector<ChildText> answers =
      ask_children({[&](const Say& say) { say_nvml(settings.nvml, say); },
                    [&](const Say& say) { say_cuda(settings.cuda, say); }},
                   settings.seconds);
  const ProbeJson json{{"nvml", object_of(answers[0])}, {"cuda", object_of(answers[1])}};
  return json.dump(2, ' ', false, ProbeJson::error_handler_t::replace) + "\n";
}

ProbeFacts parse_probe(std::string_view text) {
  const Document document{"nvml.json", Fault::input, {}};
  const ProbeJson json = parse_document(text, document);
  const JsonNode root(json, document);
  ProbeFacts facts;
  if (const auto nvml = root.find("nvml")) {
    facts.nvml.answer = answer_of(*nvml);
    facts.nvml.driver = version_at(*nvml, "driver");
    facts.nvml.cuda = version_at(*nvml, "cuda");
    if (const auto gpus = nvml->find("gpus"))
      for (const JsonNode& gpu : gpus->items())
        facts.nvml.gpus.push_back(gpu_of(gpu));
  }
  if (const auto cuda = root.find("cuda")) {
    facts.cuda.answer = answer_of(*cuda);
    facts.cuda.version = version_at(*cuda, "version");
    if (const auto count = cuda->find("count"))
      facts.cuda.count = static_cast<unsigned>(count->number(most_code));
  }
  return facts;
}

}  // namespace mlpack
