#include "lib/date.h"

#include <doctest/doctest.h>

using namespace mlpack;

TEST_CASE("a date is a year, a month or a day") {
  const auto day = parse_date("2026-11-29");
  REQUIRE(day);
  CHECK(day->year == 2026);
  CHECK(day->month == 11);
  CHECK(day->day == 29);
  CHECK(parse_date("2026-11")->day == 0);
  CHECK(parse_date("2026")->month == 0);
}

TEST_CASE("a day that no calendar has is no date") {
  for (const char* const text : {"2024-02-29", "2000-02-29", "2023-02-28", "2026-12-31"})
    CHECK(parse_date(text));
  for (const char* const text : {"2024-02-30",
                                 "2023-02-29",
                                 "1900-02-29",
                                 "2100-02-29",
                                 "2026-04-31",
                                 "2026-13-01",
                                 "2026-00-10",
                                 "2026-01-00",
                                 "2026-13",
                                 "2026-00"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_date(text));
  }
}

TEST_CASE("what is written in another way is no date") {
  for (const char* const text : {"",
                                 "today",
                                 "26-11-29",
                                 "2026-1-1",
                                 "2026-11-29-1",
                                 "2026-11-",
                                 "+026-11",
                                 "2026/11/29",
                                 " 2026",
                                 "20261129"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_date(text));
  }
}
