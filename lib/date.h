#pragma once

#include <optional>
#include <string_view>

namespace mlpack {

/// A day of the calendar, or a month or year as a whole: then what it does not say is 0.
struct Date {
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
};

/// `2026`, `2026-11` or `2026-11-29`; nullopt for anything else, and what no calendar has.
std::optional<Date> parse_date(std::string_view text);

/// Whether the calendar has the day.
bool exists(const Date& date);

}  // namespace mlpack
