#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// The parts of an image's name as they were typed, not yet judged. Views into the text.
struct ReferenceParts {
  std::string_view host;
  std::string_view path;
  std::optional<std::string_view> tag;
  std::optional<std::string_view> digest;
};

ReferenceParts split_reference(std::string_view text);

/// What is wrong with the parts, such as "`Foo` has upper case letters"; nullopt where nothing is.
std::optional<std::string> problem_of(const ReferenceParts& parts);

/// [\w][\w.-]{0,127}
bool is_tag(std::string_view text);

}  // namespace mlpack
