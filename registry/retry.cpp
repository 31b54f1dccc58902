#include "registry/retry.h"

#include "lib/text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <random>
#include <thread>

namespace mlpack {
namespace {

using SteadyClock = std::chrono::steady_clock;

double steady_seconds() {
  return std::chrono::duration<double>(SteadyClock::now().time_since_epoch()).count();
}

// In slices, so that a stop is seen within a tenth of a second.
void sleep_until_stopped(double seconds, const Stop& stop) {
  const double end = steady_seconds() + seconds;
  stop.check();
  while (steady_seconds() < end) {
    const double left = end - steady_seconds();
    std::this_thread::sleep_for(std::chrono::duration<double>(std::clamp(left, 0.0, 0.1)));
    stop.check();
  }
}

double chance() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int day = 0;
  int year = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::array<char, 4> month = {};
  const std::string copy(text.substr(0, 40));
  if (std::sscanf(copy.c_str(),
                  "%*3s, %2d %3s %4d %2d:%2d:%2d GMT",
                  &day,
                  month.data(),
                  &year,
                  &hour,
                  &minute,
                  &second) != 6) {
    return std::nullopt;
  }
  const auto found = std::find(months.begin(), months.end(), std::string_view(month.data()));
  const std::chrono::year_month_day date{
      std::chrono::year(year),
      std::chrono::month(static_cast<unsigned>(found - months.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(std::max(day, 0)))};
  if (found == months.end() || !date.ok()) {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace

RetryPolicy complete(RetryPolicy policy, const Stop& stop) {
  if (!policy.sleep) {
    policy.sleep = [&stop](double seconds) { sleep_until_stopped(seconds, stop); };
  }
  if (!policy.clock) policy.clock = steady_seconds;
  if (!policy.wall) {
    policy.wall = [] { return static_cast<std::int64_t>(std::time(nullptr)); };
  }
  if (!policy.random) policy.random = chance;
  return policy;
}

bool is_passing(int status) {
  return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

std::optional<double> parse_retry_after(std::string_view value, std::int64_t now) {
  value = trim(value);
  if (const auto seconds = parse_number(value, 1'000'000'000)) {
    return static_cast<double>(*seconds);
  }
  if (const auto date = parse_http_date(value)) {
    return std::max(0.0, static_cast<double>(*date - now));
  }
  return std::nullopt;
}

bool Attempts::again() {
  ++failed_;
  return failed_ < limit_;
}

void Attempts::progressed() {
  failed_ = 0;
}

double Attempts::wait() const {
  const double longest =
      std::min(policy_.longest_wait, policy_.first_wait * std::exp2(std::max(failed_ - 1, 0)));
  return longest / 2 + longest / 2 * policy_.random();
}

double retry_wait(const RetryPolicy& policy, const Attempts& attempts, const Response& response) {
  const std::optional<std::string> header = response.headers.find("Retry-After");
  const std::optional<double> asked =
      header ? parse_retry_after(*header, policy.wall()) : std::nullopt;
  // `Retry-After: 0`, or a date that is past, says when it may be tried, not that it will help.
  const bool says_when = asked && *asked > 0;
  return says_when ? std::min(*asked, policy.longest_retry_after) : attempts.wait();
}

}  // namespace mlpack
