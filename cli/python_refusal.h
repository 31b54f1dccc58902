#pragma once

#include "cli/python_resolver.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What a resolver says when it ends in failure, told apart by its words.
enum class Refusal {
  too_old,      // it does not know how it is called
  unreachable,  // an index, or one that does not prove who it is
  denied,       // an index wants other credentials
  hashes,       // files are not those that were named
  half_hashed,  // pip wants hashes for all requirements or for none
  missing,      // a path that is not there
  unreadable,   // requirements that it does not take for such
  building,     // something would have to be built
  project,      // what a project needs is known once it is built
  choice,       // there is no such extra or group
  disk,         // is full
  conflict,     // requirements exclude each other
  no_match,     // there is no such package or version, or none for the image
  other
};

Refusal refusal_in(std::string_view said);

/// What a resolver printed, on one line, without what is said again and again, and without user
/// names, passwords and queries of URLs.
std::string shown_refusal(const std::string& output, const std::string& errors);

/// What of a resolver's warnings says that a package has no such extra, and so adds nothing for it.
std::vector<std::string> unknown_extras(const std::string& errors);

/// Throws what kept `resolver` (uv, pip), which `said` so, from an answer, with what helps. Where
/// nothing matches, the indexes are asked for what they have instead.
[[noreturn]] void refuse_resolution(const OpenPython& open,
                                    const char* resolver,
                                    const std::string& said,
                                    Session& session);

}  // namespace mlpack
