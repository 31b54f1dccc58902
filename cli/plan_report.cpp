#include "cli/plan.h"
#include "cli/result.h"
#include "lib/resolve/stack_image.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

namespace mlpack {
namespace {

using PlanJson = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::string_view unknown_mark = "?";

std::string reason_cell(const Choice& choice) {
  if (choice.because.empty()) return {};
  const std::string first = printable(choice.because.front().reason);
  const std::size_t others = choice.because.size() - 1;
  return others == 0 ? first : fmt::format("{} (and {} more)", first, others);
}

std::string decisions_text(const PlannedImage& image) {
  Rows rows{{"WHAT", "CHOSEN", "BECAUSE"}};
  for (const Choice& choice : image.decisions) {
    rows.push_back({printable(choice.what), printable(choice.chosen), reason_cell(choice)});
  }
  std::string text = columns(rows);
  if (!image.command.empty()) text += "\nstarts " + printable(join(image.command, " ")) + "\n";
  if (!image.user.empty()) text += "as user " + printable(image.user) + "\n";
  if (!image.ports.empty()) text += "listens on " + join(image.ports, ", ") + "\n";
  return text;
}

std::string verdict_cell(Verdict verdict) {
  if (verdict == Verdict::yes) return "yes";
  return verdict == Verdict::no ? "no" : "not known";
}

// Over how many GPUs each copy of a model is.
std::string over_cell(const Fit& fit) {
  const std::string copies = fit.copies > 1 ? fmt::format("{} x ", fit.copies) : "";
  return fmt::format("{}{} GPU{}", copies, fit.parallel, fit.parallel == 1 ? "" : "s");
}

// 0 stands for what is not known.
std::string number_cell(std::uint64_t number) {
  return number == 0 ? std::string(unknown_mark) : std::to_string(number);
}

std::string size_cell(std::uint64_t bytes) {
  return bytes == 0 ? std::string(unknown_mark) : human_size(bytes);
}

std::string fits_text(const PlannedImage& image) {
  if (image.fits.empty()) return {};
  Rows rows{{"GPU", "COUNT", "DRIVER", "MODEL", "FITS", "NEEDS", "OF", "OVER", "CONTEXT", "BATCH"}};
  for (const PlannedFit& planned : image.fits) {
    const Fit& fit = planned.fit;
    const auto& driver = planned.machines.driver;
    rows.push_back({std::string(planned.machines.gpu->name),
                    std::to_string(planned.machines.count),
                    driver ? std::string(driver->text()) : "any",
                    printable(planned.model),
                    verdict_cell(fit.verdict),
                    size_cell(fit.need_bytes),
                    size_cell(fit.have_bytes),
                    over_cell(fit),
                    number_cell(fit.largest_context),
                    number_cell(fit.largest_batch)});
  }
  return "\n" + columns(rows) +
         "An estimate (mlpack-fit(7)): bytes of each GPU; the largest context, and how many "
         "sequences of the wanted one.\n";
}

std::string digest_cell(const PlannedLayer& layer) {
  if (layer.digest) return "sha256:" + layer.digest->short_hex();
  return layer.role == Role::base ? "not read" : "to be made";
}

std::string layers_text(const PlannedImage& image) {
  Rows rows{{"LAYER", "NAME", "FILES", "BYTES", "DIGEST", "KNOWN BY"}};
  for (const PlannedLayer& layer : image.layers) {
    const auto bytes = layer.bytes ? layer.bytes : layer.size;
    rows.push_back({std::string(role_name(layer.role)),
                    printable(layer.name),
                    layer.files ? std::to_string(*layer.files) : std::string(unknown_mark),
                    bytes ? human_size(*bytes) : std::string(unknown_mark),
                    digest_cell(layer),
                    layer.known_by});
  }
  return "\n" + columns(rows);
}

std::string warnings_text(const PlannedImage& image) {
  std::string text;
  for (const Warning& warning : image.warnings) {
    text += fmt::format("\nwarning: {}\n  why: {}\n  fix: {}\n",
                        printable(warning.what),
                        printable(warning.why),
                        printable(warning.fix));
  }
  return text;
}

PlanJson version_json(const std::optional<Version>& version) {
  return version ? PlanJson(version->text()) : PlanJson(nullptr);
}

template <class T>
PlanJson optional_json(const std::optional<T>& value) {
  return value ? PlanJson(*value) : PlanJson(nullptr);
}

PlanJson digest_json(const std::optional<Digest>& digest) {
  return digest ? PlanJson(digest->text()) : PlanJson(nullptr);
}

PlanJson layers_json(const PlannedImage& image) {
  PlanJson layers = PlanJson::array();
  for (const PlannedLayer& layer : image.layers) {
    layers.push_back(
        {{"kind", role_name(layer.role)},
         {"name", layer.name},
         {"files", optional_json(layer.files)},
         {"bytes", optional_json(layer.bytes)},
         {"digest", digest_json(layer.digest)},
         {"size", optional_json(layer.size)},
         {"knownBy", layer.known_by.empty() ? PlanJson(nullptr) : PlanJson(layer.known_by)}});
  }
  return layers;
}

PlanJson decisions_json(const PlannedImage& image) {
  PlanJson decisions = PlanJson::array();
  for (const Choice& choice : image.decisions) {
    PlanJson because = PlanJson::array();
    for (const Ruling& ruling : choice.because)
      because.push_back(ruling_text(ruling));
    decisions.push_back({{"what", choice.what}, {"chosen", choice.chosen}, {"because", because}});
  }
  return decisions;
}

// Whether it fits; null where that is not known.
PlanJson verdict_json(Verdict verdict) {
  return verdict == Verdict::unknown ? PlanJson(nullptr) : PlanJson(verdict == Verdict::yes);
}

PlanJson fit_json(const PlannedFit& planned) {
  const Fit& fit = planned.fit;
  PlanJson remedies = PlanJson::array();
  for (const FitRemedy& remedy : fit.remedies)
    remedies.push_back(remedy.text);
  return {{"gpu", planned.machines.gpu->name},
          {"count", planned.machines.count},
          {"driver", version_json(planned.machines.driver)},
          {"model", planned.model},
          {"needBytes", fit.need_bytes},
          {"haveBytes", fit.have_bytes},
          {"ok", verdict_json(fit.verdict)},
          {"parallel", fit.parallel},
          {"stages", fit.stages},
          {"copies", fit.copies},
          {"context", fit.context},
          {"largestContext", fit.largest_context},
          {"largestBatch", fit.largest_batch},
          {"estimate", true},
          {"why", fit.reason},
          {"remedies", remedies}};
}

// As text, like every other version.
PlanJson branches_json(const std::vector<unsigned>& branches) {
  PlanJson texts = PlanJson::array();
  for (const unsigned branch : branches)
    texts.push_back(std::to_string(branch));
  return texts;
}

PlanJson texts_json(const std::map<std::string, std::string>& texts) {
  PlanJson json = PlanJson::object();
  for (const auto& [name, text] : texts)
    json[name] = text;
  return json;
}

PlanJson image_json(const PlannedImage& image) {
  const Stack& stack = image.stack;
  PlanJson json{{"name", image.name},
                {"platform", image.platform.text()},
                {"base", image.base},
                {"baseDigest", digest_json(image.base_digest)},
                {"cuda", version_json(stack.cuda)},
                {"minDriver", version_json(stack.min_driver)},
                {"compatBranches", branches_json(stack.compat_branches)},
                {"python", version_json(stack.python)},
                {"runtime", image.runtime.empty() ? PlanJson(nullptr) : PlanJson(image.runtime)}};
  json["frameworks"] = texts_json(image.frameworks);
  json["command"] = image.command;
  json["user"] = image.user.empty() ? PlanJson(nullptr) : PlanJson(image.user);
  json["ports"] = image.ports;
  json["env"] = texts_json(image.env);
  json["labels"] = texts_json(image.labels);
  json["layers"] = layers_json(image);
  json["decisions"] = decisions_json(image);
  json["fits"] = PlanJson::array();
  for (const PlannedFit& fit : image.fits)
    json["fits"].push_back(fit_json(fit));
  json["warnings"] = PlanJson::array();
  for (const Warning& warning : image.warnings) {
    json["warnings"].push_back(
        {{"what", warning.what}, {"why", warning.why}, {"fix", warning.fix}});
  }
  return json;
}

}  // namespace

std::string plan_text(const PlannedImage& image) {
  return fmt::format("{} for {}\n\n", printable(image.name), image.platform.text()) +
         decisions_text(image) + fits_text(image) + layers_text(image) + warnings_text(image);
}

PlanJson plan_json(const std::vector<PlannedImage>& images) {
  PlanJson json{{"schema", 1}};
  json.update(image_json(images.front()));
  if (images.size() == 1) return json;
  json["images"] = PlanJson::array();
  for (const PlannedImage& image : images)
    json["images"].push_back(image_json(image));
  return json;
}

}  // namespace mlpack
