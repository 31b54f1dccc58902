#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// Something that `mlpack check` or `mlpack doctor` found.
struct Finding {
  enum class Level {
    error,    // it will not run
    warning,  // it may not, or not well
    info
  };
  /// safety: not about whether it runs, but what it gives away or lets in.
  enum class Kind { compatibility, safety };

  std::string id;  // `library-missing`; stable, see mlpack-findings(7)
  Level level = Level::error;
  std::string what;  // whole sentences without a full stop, in lower case
  std::string why;
  std::string fix;
  Kind kind = Kind::compatibility;
  /// It tells what could not be decided.
  bool is_unknown = false;
  std::string file;                        // that it is about, as in recipes; may be empty
  std::vector<std::string> commands = {};  // for a shell, that fix it on this host; may be empty
};
using Findings = std::vector<Finding>;

/// Adds a finding about the file `path`; what, why and fix are the caller's to write.
inline Finding& add_finding(Findings& findings,
                            std::string id,
                            Finding::Level level,
                            std::string path) {
  Finding& finding = findings.emplace_back();
  finding.id = std::move(id);
  finding.level = level;
  finding.file = std::move(path);
  return finding;
}

std::string_view level_name(Finding::Level level);

}  // namespace mlpack
