#include "registry/network_limits.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

constexpr const char* variable_name = "MLPACK_NETWORK";
constexpr std::uint64_t longest_seconds = 86400;

using Member = std::optional<double> NetworkLimits::*;

constexpr std::array<std::pair<std::string_view, Member>, 8> limit_names = {{
    {"connect", &NetworkLimits::connect},
    {"stall", &NetworkLimits::stall},
    {"answer", &NetworkLimits::answer},
    {"wait", &NetworkLimits::wait},
    {"longest-wait", &NetworkLimits::longest_wait},
    {"retry-after", &NetworkLimits::retry_after},
    {"attempts", &NetworkLimits::attempts},
    {"helper", &NetworkLimits::helper},
}};

[[noreturn]] void refuse(std::string_view part) {
  throw Error(
      Fault::usage,
      fmt::format("{}: `{}` is no limit", variable_name, printable(part)),
      "write `NAME=NUMBER`, with commas between; the names are connect, stall, answer, wait, "
      "longest-wait, retry-after and helper (seconds), and attempts");
}

// `2` or `0.25`, above 0 and at most a day.
std::optional<double> parse_seconds(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto whole = parse_number(text.substr(0, point), longest_seconds);
  if (!whole) return std::nullopt;
  double value = static_cast<double>(*whole);
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    const auto part = digits.size() > 6 ? std::nullopt : parse_number(digits, 999'999);
    if (!part) return std::nullopt;
    value += static_cast<double>(*part) / std::pow(10.0, static_cast<double>(digits.size()));
  }
  return value > 0 ? std::optional(value) : std::nullopt;
}

std::chrono::milliseconds in_milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

}  // namespace

void NetworkLimits::apply_to(CurlOptions& options) const {
  if (connect) options.connect_limit = in_milliseconds(*connect);
  if (stall) options.stall_limit = in_milliseconds(*stall);
  if (answer) options.answer_limit = in_milliseconds(*answer);
}

void NetworkLimits::apply_to(RetryPolicy& policy) const {
  if (wait) policy.first_wait = *wait;
  if (longest_wait) policy.longest_wait = *longest_wait;
  if (retry_after) policy.longest_retry_after = *retry_after;
  if (attempts) policy.attempts = static_cast<int>(std::ceil(*attempts));
}

void NetworkLimits::apply_to(CredentialPlaces& places) const {
  if (helper) places.helper_limit = *helper;
}

NetworkLimits network_limits(const Environment& environment) {
  NetworkLimits limits;
  const std::string text = environment(variable_name).value_or("");
  if (text.empty()) return limits;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    const std::string_view name = trim(part.substr(0, equals));
    const auto* const found =
        std::find_if(limit_names.begin(), limit_names.end(), [&](const auto& member) {
          return member.first == name;
        });
    const auto value = equals == std::string_view::npos || found == limit_names.end()
                           ? std::nullopt
                           : parse_seconds(trim(part.substr(equals + 1)));
    if (!value) refuse(part);
    limits.*(found->second) = value;
  }
  return limits;
}

}  // namespace mlpack
