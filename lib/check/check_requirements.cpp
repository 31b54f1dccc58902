#include "lib/check/check.h"
#include "lib/check/requirement.h"
#include "lib/resolve/rules_driver.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

// NVML says one of the brands that the catalog names; which one depends on the driver.
std::set<std::string> brands_of(const Gpu& gpu) {
  std::set<std::string> brands;
  std::string_view text = gpu.row->at("brand");
  while (!text.empty()) {
    const std::size_t at = text.find(" or ");
    brands.emplace(text.substr(0, at));
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 4);
  }
  return brands;
}

HostProperties properties_of(const Catalog& catalog, const CheckMachine& machine) {
  HostProperties host;
  host["arch"] = {std::string(machine.gpu->compute_capability.text())};
  host["brand"] = brands_of(*machine.gpu);
  if (!machine.driver) return host;
  host["driver"] = {std::string(machine.driver->text())};
  if (const auto cuda = native_cuda(catalog, *machine.driver)) {
    host["cuda"] = {std::string(cuda->text())};
  }
  return host;
}

void add_finding(Findings& findings,
                 const CheckMachine& machine,
                 const std::string& requirement,
                 Truth truth) {
  Finding& finding = findings.emplace_back();
  const bool is_no = truth == Truth::no;
  const std::string driver =
      machine.driver ? fmt::format(" with driver {}", machine.driver->text()) : "";
  finding.id = is_no ? "require-unmet" : "require-unknown";
  finding.level = is_no ? Finding::Level::error : Finding::Level::info;
  finding.is_unknown = !is_no;
  finding.what = fmt::format("{}{} {} what NVIDIA_REQUIRE_* demands",
                             machine.gpu->name,
                             driver,
                             is_no ? "does not meet" : "is not known to meet");
  finding.why = fmt::format("the container toolkit starts no container where `{}` does not hold",
                            printable(requirement.substr(0, 200)));
  finding.fix = is_no ? "use a newer driver, or an image for an older CUDA"
                      : "say the oldest driver with `--driver`, or with `driver` in `fleet`";
}

}  // namespace

Findings check_requirements(const CheckInput& input) {
  Findings findings;
  for (const std::string& requirement : requirements_of(input.config)) {
    if (!evaluate_requirement(requirement, {})) {
      Finding& finding = findings.emplace_back();
      finding.id = "require-malformed";
      finding.what = "a variable NVIDIA_REQUIRE_* is malformed";
      finding.why = fmt::format("the container toolkit starts no container with `{}`",
                                printable(requirement.substr(0, 200)));
      finding.fix = "write it as `cuda>=VERSION`, or leave it out";
      continue;
    }
    for (const CheckMachine& machine : input.fleet) {
      if (machine.gpu == nullptr) continue;
      const auto truth = evaluate_requirement(requirement, properties_of(input.catalog, machine));
      if (truth != Truth::yes) add_finding(findings, machine, requirement, *truth);
    }
  }
  return findings;
}

}  // namespace mlpack
