#include "lib/check/check.h"

#include "lib/parallel.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace mlpack {

std::string_view level_name(Finding::Level level) {
  switch (level) {
    case Finding::Level::error:
      return "error";
    case Finding::Level::warning:
      return "warning";
    case Finding::Level::info:
      return "info";
  }
  return "info";
}

bool CheckInput::may_have_gpu() const {
  return fleet.empty() || std::any_of(fleet.begin(), fleet.end(), [](const CheckMachine& machine) {
           return machine.gpu != nullptr;
         });
}

Findings check_image(const CheckInput& input, std::size_t jobs) {
  const std::array rules{check_platform,
                         check_process,
                         check_libraries,
                         check_cuda,
                         check_gpu_code,
                         check_requirements,
                         check_server,
                         check_python,
                         check_model,
                         check_format,
                         check_contents,
                         check_weights};
  std::array<Findings, rules.size()> found;
  parallel_for(rules.size(), jobs, [&](std::size_t i) { found[i] = rules[i](input); });
  Findings all;
  for (Findings& findings : found)
    std::move(findings.begin(), findings.end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(), [](const Finding& one, const Finding& other) {
    return one.level < other.level;
  });
  return all;
}

}  // namespace mlpack
