#include "layers/deb_release.h"

#include "layers/deb_stanza.h"
#include "lib/date.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace mlpack {
namespace {

constexpr std::int64_t tolerated_clock_skew = 3600;
constexpr std::uint64_t largest_index = std::uint64_t{1} << 30;

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  std::size_t begin = 0;
  while ((begin = text.find_first_not_of(" \t\n", begin)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(" \t\n", begin), text.size());
    found.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return found;
}

std::optional<int> month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

std::optional<int> small_number(std::string_view text, std::uint64_t max) {
  const auto value = parse_number(text, max);
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

// ` DIGEST SIZE PATH` lines. Only package lists are kept: a release has thousands of others.
void read_files(std::string_view field, DebianRelease& release, const std::string& url) {
  for (const std::string_view line : split(field, '\n')) {
    const auto parts = words(line);
    if (parts.empty()) continue;
    if (parts.size() == 3 && parts[2].find("/Packages") == std::string_view::npos) continue;
    const auto digest = Digest::from_hex(parts[0]);
    const auto size = parts.size() == 3 ? parse_number(parts[1], largest_index) : std::nullopt;
    if (!digest || !size) {
      fail(Fault::integrity, "`{}` has a bad SHA256 line: `{}`", url, printable(trim(line)));
    }
    release.files.insert_or_assign(std::string(parts[2]), ReleaseFile{*size, *digest});
  }
}

std::string date_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

}  // namespace

std::optional<std::int64_t> parse_release_date(std::string_view text) {
  const auto parts = words(text);
  if (parts.size() != 6 || (parts[5] != "UTC" && parts[5] != "GMT" && parts[5] != "+0000")) {
    return std::nullopt;
  }
  const auto clock = split(parts[4], ':');
  if (clock.size() != 3) return std::nullopt;
  const auto day = small_number(parts[1], 31);
  const auto month = month_number(parts[2]);
  const auto year = small_number(parts[3], 9999);
  const auto hour = small_number(clock[0], 23);
  const auto minute = small_number(clock[1], 59);
  const auto second = small_number(clock[2], 60);
  if (!day || !month || !year || *year < 1970 || !hour || !minute || !second) return std::nullopt;
  const Date date{
      static_cast<unsigned>(*year), static_cast<unsigned>(*month) + 1, static_cast<unsigned>(*day)};
  if (!exists(date)) return std::nullopt;
  std::tm time{};
  time.tm_mday = *day;
  time.tm_mon = *month;
  time.tm_year = *year - 1900;
  time.tm_hour = *hour;
  time.tm_min = *minute;
  time.tm_sec = *second;
  return timegm(&time);
}

DebianRelease parse_release(std::string_view text, const std::string& url) {
  DebianRelease release;
  release.suite = deb_field(text, "Suite");
  release.codename = deb_field(text, "Codename");
  release.by_hash = deb_field(text, "Acquire-By-Hash") == "yes";
  for (const std::string_view word : words(deb_field(text, "Architectures")))
    release.architectures.emplace_back(word);
  const auto date = parse_release_date(deb_field(text, "Date"));
  if (!date) fail(Fault::integrity, "`{}` has no date that can be read", url);
  release.date = *date;
  if (const std::string_view until = deb_field(text, "Valid-Until"); !until.empty()) {
    release.valid_until = parse_release_date(until);
    if (!release.valid_until) {
      fail(Fault::integrity, "`{}` has a bad Valid-Until: `{}`", url, printable(until));
    }
  }
  read_files(deb_field(text, "SHA256"), release, url);
  if (release.files.empty()) fail(Fault::integrity, "`{}` names no package list by SHA256", url);
  return release;
}

void check_release(const DebianRelease& release,
                   std::string_view wanted,
                   std::int64_t now,
                   ValidUntil valid_until,
                   const std::string& url) {
  // Ubuntu's updates have the codename of the release itself, and the suite says what they are.
  if (release.codename != wanted && release.suite != wanted) {
    fail(Fault::integrity,
         "`{}` is the release of `{}`, not of `{}`",
         url,
         printable(release.codename),
         wanted);
  }
  if (release.date > now + tolerated_clock_skew) {
    throw Error(
        Fault::integrity,
        fmt::format("`{}` is dated {}, which is in the future", url, date_text(release.date)),
        "check the clock of this machine");
  }
  if (valid_until == ValidUntil::matters && release.valid_until && *release.valid_until < now) {
    throw Error(
        Fault::integrity,
        fmt::format("`{}` was valid until {} only", url, date_text(*release.valid_until)),
        "use a mirror that is kept up to date, or name a `snapshot` to build from an old state");
  }
}

}  // namespace mlpack
