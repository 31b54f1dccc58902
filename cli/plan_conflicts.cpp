#include "cli/plan.h"
#include "lib/resolve/stack_image.h"
#include "lib/spec/problems.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace mlpack {
namespace {

using ConflictJson = nlohmann::ordered_json;

constexpr std::uint64_t most_spec_bytes = std::uint64_t{1} << 20;
constexpr std::string_view error_word = "error: ";

std::string machines_text(const FleetGroup& machines) {
  return machines.count == 1 ? std::string(machines.gpu->name)
                             : fmt::format("{} of {}", machines.count, machines.gpu->name);
}

// A fact with the line of the spec that says it.
std::string fact_text(const Where& fact, std::map<std::string, std::string>& sources) {
  if (fact.line == 0) return fmt::format("{}\n", printable(fact.message));
  const auto found = sources.try_emplace(fact.file);
  if (found.second) {
    found.first->second = read_file_if_exists(fact.file, most_spec_bytes).value_or("");
  }
  std::string text = format_problem(fact, found.first->second);
  const std::size_t at = text.find(error_word);
  if (at != std::string::npos) text.erase(at, error_word.size());
  return text;
}

// Without a name of which a pin is said in the same place: `torch` beside `torch==2.5.1`.
std::vector<Where> told_facts(const std::vector<Where>& facts) {
  std::vector<Where> told;
  for (const Where& fact : facts) {
    const bool is_said = std::any_of(facts.begin(), facts.end(), [&](const Where& other) {
      return other.line == fact.line && other.column == fact.column && other.file == fact.file &&
             other.message != fact.message && other.message.starts_with(fact.message);
    });
    if (!is_said || fact.line == 0) told.push_back(fact);
  }
  return told;
}

std::string numbered(const std::vector<std::string>& lines) {
  std::string text;
  std::size_t number = 0;
  for (const std::string& line : lines)
    text += fmt::format("  {}. {}\n", ++number, line);
  return text;
}

bool ends_all(const PlanConflict& conflict, const std::string& fix) {
  const auto& enough = conflict.enough;
  return std::find(enough.begin(), enough.end(), fix) != enough.end();
}

enum class Others { none, some };

// Where there are other conflicts, what becomes of them.
std::string fixes_text(const PlanConflict& conflict, Others others) {
  if (conflict.fixes.empty()) return "no single change of the spec is known that helps\n";
  if (others == Others::none) {
    return "what would help, the smallest change first:\n" + numbered(conflict.fixes);
  }
  std::vector<std::string> fixes;
  for (const std::string& fix : conflict.fixes)
    fixes.push_back(fix + (ends_all(conflict, fix) ? " (ends the other conflicts, too)" : ""));
  return "what would help against this conflict, the smallest change first:\n" + numbered(fixes);
}

std::string together_text(const PlanConflicts& conflicts) {
  if (conflicts.together.empty()) return {};
  return "\nno change above ends all conflicts; these do together:\n" +
         numbered(conflicts.together);
}

std::string conflict_paragraph(const PlanConflict& conflict, Others others) {
  std::map<std::string, std::string> sources;
  const std::vector<Where> facts = told_facts(conflict.facts);
  std::string text = facts.size() == 1 ? "this cannot be had:\n" : "these do not go together:\n";
  for (const Where& fact : facts)
    text += fact_text(fact, sources);
  for (const Ruling& ruling : conflict.because)
    text += fmt::format("why: {}\n", ruling_text(ruling));
  return text + fixes_text(conflict, others);
}

ConflictJson reasons_json(const std::vector<Ruling>& because) {
  ConflictJson reasons = ConflictJson::array();
  for (const Ruling& ruling : because)
    reasons.push_back(ruling_text(ruling));
  return reasons;
}

}  // namespace

PlanConflicts plan_conflicts(const Resolution& resolution) {
  PlanConflicts shown;
  for (const Conflict& conflict : resolution.conflicts) {
    PlanConflict one{{}, conflict.because, {}};
    for (const Demand& fact : conflict.facts) {
      one.facts.push_back(fact.where);
      one.facts.back().message = fact.text;
    }
    for (const Fix& fix : conflict.fixes) {
      one.fixes.push_back(fix.text);
      if (fix.ends == Fix::Ends::all) one.enough.push_back(fix.text);
    }
    shown.list.push_back(std::move(one));
  }
  for (const Fix& fix : resolution.together)
    shown.together.push_back(fix.text);
  return shown;
}

PlanConflicts plan_conflicts(const std::vector<PlannedFit>& fits) {
  PlanConflicts shown;
  for (const PlannedFit& fit : fits) {
    if (fit.fit.verdict != Verdict::no) continue;
    PlanConflict one;
    one.facts.push_back({{}, 0, 0, fmt::format("the model `{}`", fit.model)});
    one.facts.push_back(fit.machines.where);
    one.facts.back().message = machines_text(fit.machines);
    one.because.push_back({Verdict::no, "an estimate: " + fit.fit.reason, fit.fit.evidence});
    for (const FitRemedy& remedy : fit.fit.remedies) {
      one.fixes.push_back(remedy.text);
      // Whether the promised driver drives the other GPU is not looked at.
      const bool is_sure = remedy.kind != FitRemedy::Kind::gpu || !fit.machines.driver;
      if (is_sure) one.enough.push_back(remedy.text);
    }
    shown.list.push_back(std::move(one));
  }
  // Each is tried with the machines of its own conflict.
  for (PlanConflict& one : shown.list) {
    if (shown.list.size() > 1) one.enough.clear();
  }
  return shown;
}

std::string conflicts_text(const PlanConflicts& conflicts) {
  std::string text;
  const Others others = conflicts.list.size() > 1 ? Others::some : Others::none;
  for (const PlanConflict& conflict : conflicts.list)
    text += (text.empty() ? "" : "\n") + conflict_paragraph(conflict, others);
  return text + together_text(conflicts);
}

void add_conflicts(ConflictJson& document, const PlanConflicts& conflicts) {
  ConflictJson list = ConflictJson::array();
  for (const PlanConflict& conflict : conflicts.list) {
    ConflictJson facts = ConflictJson::array();
    for (const Where& fact : conflict.facts) {
      facts.push_back({{"what", fact.message},
                       {"file", fact.file},
                       {"line", fact.line},
                       {"column", fact.column}});
    }
    list.push_back({{"facts", facts},
                    {"because", reasons_json(conflict.because)},
                    {"fixes", conflict.fixes},
                    {"endsAll", conflict.enough}});
  }
  document["conflicts"] = std::move(list);
  if (!conflicts.together.empty()) document["together"] = conflicts.together;
}

}  // namespace mlpack
