#pragma once

#include "lib/oci/image.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The tag that leads to the list of what refers to `subject`, where a registry keeps no such list
/// itself (distribution-spec 1.1, "Referrers Tag Schema"). The store and layouts use it, too.
std::string referrers_tag(const Digest& subject);
/// Of which manifest `tag` leads to the referrers; nullopt: it is a tag like others.
std::optional<Digest> subject_of_tag(std::string_view tag);

/// `artifact`, which has a subject, as a list of referrers has it: with its type and annotations.
Descriptor referrer_of(const Image& artifact);

/// The entries of a list of referrers. `what` begins messages; what is no such list is
/// Fault::refused.
std::vector<Descriptor> parse_referrers(std::string_view text, const std::string& what);

/// The list `text` (empty: there is none so far) with `entry` in it, all else in it as it was;
/// nullopt where it is there already. Fault::refused as for parse_referrers, and where the list
/// would grow too large.
std::optional<std::string> with_referrer(const std::string& text,
                                         const Descriptor& entry,
                                         const std::string& what);

}  // namespace mlpack
