#pragma once

#include "lib/digest.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A file that a release vouches for.
struct ReleaseFile {
  std::uint64_t size = 0;
  Digest sha256;
};

/// A `Release` file of a distribution's archive, its signature already verified.
struct DebianRelease {
  std::string suite;
  std::string codename;
  std::int64_t date = 0;                                  // seconds since the epoch
  std::optional<std::int64_t> valid_until;                // the same
  bool by_hash = false;                                   // files can be had under their digest
  std::vector<std::string> architectures;                 // empty: it does not say
  std::map<std::string, ReleaseFile, std::less<>> files;  // by path below the suite's folder
};

/// `url` is for messages. Anything but a release is Fault::integrity.
DebianRelease parse_release(std::string_view text, const std::string& url);

/// `Sat, 11 Jul 2026 10:16:37 UTC` as seconds since the epoch; nullopt for anything else.
std::optional<std::int64_t> parse_release_date(std::string_view text);

enum class ValidUntil { matters, ignored };

/// Fault::integrity where the release is of another suite than `wanted`, is dated more than an hour
/// after `now`, or ran out before it.
void check_release(const DebianRelease& release,
                   std::string_view wanted,
                   std::int64_t now,
                   ValidUntil valid_until,
                   const std::string& url);

}  // namespace mlpack
