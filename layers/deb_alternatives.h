#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A link that follows whatever its master leads to.
struct AlternativeSlave {
  std::string link;
  std::string name;
  std::string path;
  bool operator==(const AlternativeSlave&) const = default;
};

/// One `update-alternatives --install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…`. Links and
/// paths are as written, absolute.
struct Alternative {
  std::string link;
  std::string name;
  std::string path;
  int priority = 0;
  std::vector<AlternativeSlave> slaves;
  bool operator==(const Alternative&) const = default;
};

/// What a postinst would register when the package is installed the first time; a call in a branch
/// that would not be taken may be among it. `exists` tells which paths the package itself brings.
/// Fault::incompatible where a call cannot be told from the text alone; the caller names the
/// package.
std::vector<Alternative> read_alternatives(std::string_view postinst,
                                           const std::string& package,
                                           const std::string& architecture,
                                           const std::function<bool(const std::string&)>& exists);

/// The symlinks, from absolute path to absolute target, that all of `alternatives` together lead
/// to: of each name the one with the highest priority, the first of equal ones; LINK leads to
/// `/etc/alternatives/NAME` and that to PATH. Those whose PATH `exists` does not know are left out,
/// slaves and masters alike.
std::map<std::string, std::string> alternative_links(
    const std::vector<Alternative>& alternatives,
    const std::function<bool(const std::string&)>& exists);

}  // namespace mlpack
