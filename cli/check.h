#pragma once

#include "cli/images.h"
#include "cli/targets.h"
#include "lib/check/check.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The options of `check` as they were typed.
struct CheckOptions {
  std::vector<std::string> image;
  std::vector<std::string> gpus;
  std::string driver;
  std::string fleet;
  bool strict = false;
  std::string sarif;
  std::vector<std::string> ignored;
};

/// The machines that the options name; Fault::usage for names that the catalog does not know.
std::vector<CheckMachine> check_fleet(const CheckOptions& options,
                                      const Catalog& catalog,
                                      const Stop& stop);

/// The machines of the fleet of `spec`.
std::vector<CheckMachine> check_fleet(const Spec& spec, const Catalog& catalog);

/// How much of a layer is looked at.
enum class LayerLook {
  bytes,   // all that matters, from wherever it is
  at_hand  // no more than the store knows or has; of weights in the network the names alone
};

/// The files of `image` with what there is to know of them. A layer is read once ever: what was
/// found out is kept in the store by its digest.
ImageFiles check_files(const Image& image, const NamedImage& found, Session& session);

/// The same with a look for each layer; nullopt where a layer, in which there may be programs, is
/// not at hand and was to be.
struct LayerWish {
  LayerLook look = LayerLook::bytes;
  bool is_weights = false;
};
std::optional<ImageFiles> check_files(const Image& image,
                                      const std::vector<LayerWish>& wishes,
                                      const NamedImage& found,
                                      Session& session);

/// Findings that somebody does not mind: `ID=REASON` each, as typed after --ignore.
using IgnoredFindings = std::vector<NamedText>;
IgnoredFindings ignored_findings(const std::vector<std::string>& words);
/// `findings` without those; a warning for each that is not among them.
Findings without_ignored(Findings findings, const IgnoredFindings& ignored, Terminal& terminal);
/// A paragraph for each.
std::string findings_text(const Findings& findings);

/// What was found in the image of one platform.
struct CheckedImage {
  std::string platform;
  Findings findings;
};

enum class Strictness { lenient, strict };
/// `runs`, `fails` or `unknown`.
std::string check_verdict(const Findings& findings);
/// 11 where something is dangerous, 9 where it will not run (or, strictly, is not known to), else
/// 0.
int check_exit_code(const std::vector<CheckedImage>& images, Strictness strictness);

/// A line for the verdict of each image, and a paragraph for each finding.
std::string check_text(const std::string& name, const std::vector<CheckedImage>& images);
/// A list, as in the documents of --json.
nlohmann::ordered_json findings_json(const Findings& findings);
nlohmann::ordered_json check_json(const std::string& name, const std::vector<CheckedImage>& images);
/// A SARIF 2.1.0 log.
std::string check_sarif(const std::string& name, const std::vector<CheckedImage>& images);

}  // namespace mlpack
