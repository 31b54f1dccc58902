#pragma once

#include "layers/deb_alternatives.h"
#include "layers/debs.h"
#include "layers/tar_deb.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// All that is needed of a .deb to make layers of it, but for the content of its files.
struct DebListing {
  std::string control;         // the paragraph, ending in a newline
  std::vector<DebFile> files;  // of data.tar, in its order
  std::vector<Alternative> alternatives;
  std::map<std::string, std::string> certificates;  // by path below usr/share/ca-certificates
  bool operator==(const DebListing&) const = default;
};

/// Reads the .deb file once. It must hold the package that `package` says, else Fault::integrity.
DebListing list_deb(const fs::path& deb, const DebPackage& package);

/// The listing as text that `parse_listing` reads back to an equal value.
std::string write_listing(const DebListing& listing);
/// nullopt where `text` is not a listing of this version.
std::optional<DebListing> parse_listing(std::string_view text);

}  // namespace mlpack
