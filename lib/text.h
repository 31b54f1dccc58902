#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// True where `text` is well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text);

/// The candidate nearest to `word`, if near enough to be a slip of the fingers (case ignored).
std::optional<std::string> did_you_mean(std::string_view word,
                                        std::span<const std::string_view> candidates);

/// `1.5 GiB`, `12.3 MB`: binary units for sizes, three digits at most.
std::string human_size(std::uint64_t bytes);

/// Seconds as `0.42 s`, `12.3 s`, `3 min 07 s`.
std::string human_seconds(double seconds);

/// `5GiB`, `512MiB`, `100MB`, `4096`: a positive size with an optional decimal or binary unit;
/// nullopt for anything else or what does not fit in 63 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// Decimal digits only, at most `max`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
std::string join(std::span<const std::string> parts, std::string_view separator);

/// `text` with control characters and bytes that are not UTF-8 shown as \xNN, and characters that
/// break lines or turn the direction of what is around them as \uNNNN: for messages and tables that
/// quote foreign input. Twice is as good as once.
std::string printable(std::string_view text);

/// `%2B` and the like as the bytes that they stand for; what is no such code stays.
std::string percent_decoded(std::string_view text);
/// The path in a `file://` URL, decoded; nullopt for what is none.
std::optional<std::string> path_of_file_url(std::string_view url);
/// What a URL's path ends in, decoded.
std::string file_in_url(std::string_view url);

}  // namespace mlpack
