#include "cli/plan.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace mlpack {
namespace {

using ExplainJson = nlohmann::ordered_json;

std::string layer_name(const PlannedLayer& layer) {
  return fmt::format("{} {}", role_name(layer.role), layer.name);
}

std::string_view purpose_of(Role role) {
  switch (role) {
    case Role::base:
      return "a layer of the base, used as it is: it is mounted or streamed when the image is "
             "pushed";
    case Role::system:
      return "packages of the distribution, which `system_packages` and the base ask for";
    case Role::python:
      return "wheels that `python` asks for";
    case Role::weights:
      return "an entry of `weights`: a large file is a layer of its own, the small ones share one";
    case Role::files:
      return "an entry of `files`";
    case Role::config:
      return "the user's home, its lines in passwd and group, and folders that it may write";
  }
  return {};
}

std::string knower_of(const PlannedLayer& layer) {
  if (layer.known_by == "image") return "its image names the digest";
  if (layer.known_by == "lock") return "the lock has it, of the same content";
  if (layer.known_by == "store") return "the store has it, of the same content";
  return layer.role == Role::base ? "its image was not read"
                                  : "its digest is known when it is made";
}

Choice choice_of_layer(const PlannedLayer& layer) {
  Choice choice{layer_name(layer),
                layer.digest               ? layer.digest->text()
                : layer.role == Role::base ? "not read"
                                           : "to be made",
                {}};
  choice.because.push_back({Verdict::yes, std::string(purpose_of(layer.role)), {}});
  choice.because.push_back({Verdict::yes, knower_of(layer), {}});
  if (layer.files) {
    choice.because.push_back({Verdict::yes,
                              fmt::format("{} file{}, {}",
                                          *layer.files,
                                          *layer.files == 1 ? "" : "s",
                                          human_size(layer.bytes.value_or(0))),
                              {}});
  }
  return choice;
}

Choice choice_of_fit(const PlannedFit& planned) {
  const Fit& fit = planned.fit;
  const std::string chosen = fit.verdict == Verdict::yes  ? "it fits"
                             : fit.verdict == Verdict::no ? "it does not fit"
                                                          : "not known";
  Choice choice{
      fmt::format(
          "fit of {} on {}:{}", planned.model, planned.machines.gpu->name, planned.machines.count),
      chosen,
      {{fit.verdict, "an estimate, by mlpack-fit(7): " + fit.reason, fit.evidence}}};
  for (const FitRemedy& remedy : fit.remedies)
    choice.because.push_back({Verdict::yes, "it would fit: " + remedy.text, {}});
  return choice;
}

// Everything that can be asked about, by the words for it.
std::vector<std::pair<std::string, Choice>> answers_of(const PlannedImage& image) {
  std::vector<std::pair<std::string, Choice>> answers;
  for (const Choice& choice : image.decisions) {
    answers.emplace_back(choice.what, choice);
    if (!image.runtime.empty() && choice.what == image.runtime) {
      answers.emplace_back("runtime", choice);
    }
  }
  for (const PlannedFit& fit : image.fits)
    answers.emplace_back("fit", choice_of_fit(fit));
  for (const PlannedLayer& layer : image.layers) {
    answers.emplace_back(layer_name(layer), choice_of_layer(layer));
    answers.emplace_back(layer.name, choice_of_layer(layer));
  }
  return answers;
}

[[noreturn]] void refuse_question(const PlannedImage& image, const std::string& what) {
  std::vector<std::string> names;
  for (const auto& [name, choice] : answers_of(image)) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto near = did_you_mean(what, candidates);
  throw Error(Fault::usage,
              fmt::format("`--explain {}` names nothing in this plan", printable(what)),
              near ? fmt::format("did you mean `{}`?", *near)
                   : fmt::format("there is {}", printable(join(names, ", "))));
}

std::vector<Choice> find_answers(const PlannedImage& image, const std::string& what) {
  std::vector<Choice> found;
  for (auto& [name, choice] : answers_of(image)) {
    const bool is_new = std::none_of(found.begin(), found.end(), [&, &one = choice](auto& other) {
      return other.what == one.what && other.chosen == one.chosen;
    });
    if (name == what && is_new) found.push_back(choice);
  }
  if (found.empty()) refuse_question(image, what);
  return found;
}

std::string row_lines(const CatalogRow& row) {
  std::string text =
      fmt::format("    {} {}, read {}", row.table, printable(row.name), row.retrieved);
  if (!row.unverified.empty()) text += ", not all of it confirmed";
  if (!row.origin.empty()) text += ", from " + printable(row.origin);
  text += "\n";
  for (const std::string_view source : row.sources)
    text += fmt::format("      {}\n", printable(source));
  return text;
}

ExplainJson row_json(const CatalogRow& row) {
  return {{"table", row.table},
          {"row", row.name},
          {"sources", std::vector<std::string>(row.sources.begin(), row.sources.end())},
          {"retrieved", row.retrieved},
          {"unverified", std::vector<std::string>(row.unverified.begin(), row.unverified.end())},
          {"origin", row.origin.empty() ? ExplainJson(nullptr) : ExplainJson(row.origin)}};
}

ExplainJson choice_json(const Choice& choice) {
  ExplainJson because = ExplainJson::array();
  for (const Ruling& ruling : choice.because) {
    ExplainJson rows = ExplainJson::array();
    for (const CatalogRow* row : ruling.evidence)
      if (row != nullptr) rows.push_back(row_json(*row));
    because.push_back({{"reason", ruling.reason}, {"evidence", rows}});
  }
  return {{"what", choice.what}, {"chosen", choice.chosen}, {"because", because}};
}

std::string answers_text(const PlannedImage& image, const std::string& what) {
  std::string text;
  std::set<const CatalogRow*> shown;
  for (const Choice& choice : find_answers(image, what)) {
    text += fmt::format(
        "{}{}: {}\n", text.empty() ? "" : "\n", printable(choice.what), printable(choice.chosen));
    for (const Ruling& ruling : choice.because) {
      text += fmt::format("  {}\n", printable(ruling.reason));
      for (const CatalogRow* row : ruling.evidence) {
        if (row == nullptr) continue;
        const bool is_new = shown.insert(row).second;
        text += is_new ? row_lines(*row)
                       : fmt::format("    {} {}, as above\n", row->table, printable(row->name));
      }
    }
  }
  return text;
}

ExplainJson answers_json(const PlannedImage& image, const std::string& what) {
  ExplainJson answers = ExplainJson::array();
  for (const Choice& choice : find_answers(image, what))
    answers.push_back(choice_json(choice));
  return {{"platform", image.platform.text()}, {"explained", answers}};
}

}  // namespace

std::string explain_text(const std::vector<PlannedImage>& images, const std::string& what) {
  std::vector<std::string> answers;
  for (const PlannedImage& image : images)
    answers.push_back(answers_text(image, what));
  const bool is_one = std::all_of(answers.begin(), answers.end(), [&](const std::string& answer) {
    return answer == answers.front();
  });
  if (is_one) return answers.front();
  std::string text;
  for (std::size_t i = 0; i < images.size(); ++i) {
    text += fmt::format("{}for {}\n{}", i == 0 ? "" : "\n", images[i].platform.text(), answers[i]);
  }
  return text;
}

ExplainJson explain_json(const std::vector<PlannedImage>& images, const std::string& what) {
  ExplainJson document{{"schema", 1}};
  if (images.size() == 1) {
    document.update(answers_json(images.front(), what));
    return document;
  }
  document["images"] = ExplainJson::array();
  for (const PlannedImage& image : images)
    document["images"].push_back(answers_json(image, what));
  return document;
}

}  // namespace mlpack
