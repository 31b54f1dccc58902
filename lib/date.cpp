#include "lib/date.h"

#include "lib/text.h"

#include <array>
#include <chrono>

namespace mlpack {

bool exists(const Date& date) {
  using namespace std::chrono;
  return year_month_day(year(static_cast<int>(date.year)), month(date.month), day(date.day)).ok();
}

std::optional<Date> parse_date(std::string_view text) {
  constexpr std::array<std::size_t, 3> lengths{4, 2, 2};
  std::array<unsigned, 3> numbers{};
  const auto parts = split(text, '-');
  if (parts.size() > lengths.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = parse_number(parts[i], 9999);
    if (parts[i].size() != lengths[i] || !number) return std::nullopt;
    numbers[i] = static_cast<unsigned>(*number);
  }
  const Date date{numbers[0], numbers[1], numbers[2]};
  const bool has_month = parts.size() > 1;
  const bool has_day = parts.size() > 2;
  if (!exists({date.year, has_month ? date.month : 1, has_day ? date.day : 1})) return std::nullopt;
  return date;
}

}  // namespace mlpack
