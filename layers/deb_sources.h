#pragma once

#include "lib/file.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// One source of apt's configuration that has binary packages.
struct AptSource {
  std::vector<std::string> uris;
  std::vector<std::string> suites;
  std::vector<std::string> components;
  std::vector<std::string> architectures;  // empty: all
  std::string signed_by;                   // empty: any key that apt trusts
  bool operator==(const AptSource&) const = default;
};

/// Lines `deb [option=value …] URI SUITE COMPONENT…`; others are passed over.
std::vector<AptSource> parse_sources_list(std::string_view text);

/// Paragraphs with Types, URIs, Suites, Components (deb822 style); disabled ones are left out.
std::vector<AptSource> parse_deb822_sources(std::string_view text);

/// All of `apt_folder`, in apt's order; a folder that is missing has none.
std::vector<AptSource> read_apt_sources(const fs::path& apt_folder);

}  // namespace mlpack
