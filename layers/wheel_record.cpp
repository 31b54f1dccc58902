#include "layers/wheel_record.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint64_t largest_recorded_file = std::uint64_t{1} << 50;

// 32 bytes as URL-safe base64 without its padding, which some tools write nevertheless.
std::optional<Digest> digest_from_base64(std::string_view text) {
  while (text.ends_with('='))
    text.remove_suffix(1);
  if (text.size() != 43) return std::nullopt;
  Digest::Raw raw{};
  unsigned bits = 0;
  unsigned held = 0;
  std::size_t next = 0;
  for (const char c : text) {
    const std::size_t digit = base64_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<unsigned>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    raw.at(next++) = static_cast<std::uint8_t>(bits >> held & 0xffU);
  }
  return (bits & 3U) == 0 ? std::optional(Digest(raw)) : std::nullopt;
}

std::string base64_of(const Digest& digest) {
  std::string text;
  unsigned bits = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : digest.raw()) {
    bits = bits << 8U | byte;
    held += 8;
    for (; held >= 6; held -= 6)
      text += base64_digits[bits >> (held - 6) & 63U];
  }
  return text + base64_digits[bits << (6 - held) & 63U];
}

// One line of CSV (RFC 4180). nullopt for what is none.
std::optional<std::vector<std::string>> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool doubled = quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"';
    if (doubled) {
      fields.back() += line[++i];
    } else if (c == '"' && (quoted || fields.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return quoted ? std::nullopt : std::optional(std::move(fields));
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text)
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

WheelRecord record_of(const std::vector<std::string>& fields, const std::string& wheel) {
  WheelRecord record;
  const std::string shown = printable(fields[0]);
  const std::string& hash = fields[1];
  constexpr std::string_view kind = "sha256=";
  if (hash.starts_with(kind)) {
    record.sha256 = digest_from_base64(std::string_view(hash).substr(kind.size()));
  }
  if (!hash.empty() && !record.sha256) {
    fail(Fault::integrity, "the RECORD of `{}` has no sha256 of `{}`", wheel, shown);
  }
  record.size = parse_number(fields[2], largest_recorded_file);
  if (!fields[2].empty() && !record.size) {
    fail(Fault::integrity, "the RECORD of `{}` has no size of `{}`", wheel, shown);
  }
  return record;
}

}  // namespace

std::map<std::string, WheelRecord> parse_record(std::string_view text, const std::string& wheel) {
  std::map<std::string, WheelRecord> records;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto fields = fields_of(line);
    if (!fields || fields->size() != 3) {
      fail(Fault::integrity, "line {} of the RECORD of `{}` cannot be read", number, wheel);
    }
    if (!records.emplace((*fields)[0], record_of(*fields, wheel)).second) {
      fail(Fault::integrity, "the RECORD of `{}` has `{}` twice", wheel, printable((*fields)[0]));
    }
  }
  return records;
}

std::string record_line(const std::string& path) {
  return csv_field(path) + ",,\n";
}

std::string record_line(const std::string& path, const Digest& sha256, std::uint64_t size) {
  return fmt::format("{},sha256={},{}\n", csv_field(path), base64_of(sha256), size);
}

}  // namespace mlpack
