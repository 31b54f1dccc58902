#pragma once

#include "layers/deb_alternatives.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What update-alternatives keeps of one name in /var/lib/dpkg/alternatives/NAME.
///
///   file   := ("auto" | "manual") LF link LF { slave LF link LF } LF { choice } LF
///   choice := path LF priority LF { path-or-nothing LF }       one for each slave, in their order
struct AlternativeGroup {
  enum class Mode { automatic, manual };  // manual: a person chose, and no priority counts
  Mode mode = Mode::automatic;
  std::vector<Alternative> choices;  // all of one link and name; each with the slaves that it has
  bool operator==(const AlternativeGroup&) const = default;
};

/// nullopt where `text` is no such file.
std::optional<AlternativeGroup> parse_alternative_group(const std::string& name,
                                                        std::string_view text);
/// The file as update-alternatives writes it: slaves by name, choices by path.
std::string write_alternative_group(const AlternativeGroup& group);

}  // namespace mlpack
