#pragma once

#include <array>
#include <span>
#include <string_view>

namespace mlpack::test {

/// A fragment of a spec, in which `;` ends a line, and the answer that the documents give: as
/// answer_text() has it.
struct SpecQuestion {
  std::string_view spec;
  std::string_view answer;
  const char* source;
};

std::span<const SpecQuestion> machine_questions();
std::span<const SpecQuestion> framework_questions();
std::span<const SpecQuestion> processor_questions();
std::span<const SpecQuestion> runtime_questions();
std::span<const SpecQuestion> base_questions();
std::span<const SpecQuestion> toolkit_questions();

inline std::array<std::span<const SpecQuestion>, 6> all_questions() {
  return {machine_questions(),
          framework_questions(),
          processor_questions(),
          runtime_questions(),
          base_questions(),
          toolkit_questions()};
}

/// Asks each, and compares.
void ask(std::span<const SpecQuestion> questions);

}  // namespace mlpack::test
