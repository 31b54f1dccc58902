#pragma once

#include "cli/images.h"
#include "lib/check/check.h"

#include <nlohmann/json_fwd.hpp>

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
};

/// The machines that the options name; Fault::usage for names that the catalog does not know.
std::vector<CheckMachine> check_fleet(const CheckOptions& options, const Catalog& catalog);

/// The files of `image` with what there is to know of them. A layer is read once ever: what was
/// found out is kept in the store by its digest.
ImageFiles check_files(const Image& image, const NamedImage& found, Session& session);

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
nlohmann::ordered_json check_json(const std::string& name, const std::vector<CheckedImage>& images);
/// A SARIF 2.1.0 log.
std::string check_sarif(const std::string& name, const std::vector<CheckedImage>& images);

}  // namespace mlpack
