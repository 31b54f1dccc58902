#include "layers/deb_sources.h"

#include "layers/deb_stanza.h"
#include "lib/text.h"

#include <algorithm>
#include <optional>
#include <system_error>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_file = 1 << 20;

std::vector<std::string> blank_separated(std::string_view text) {
  std::vector<std::string> found;
  for (const std::string_view line : split(text, '\n')) {
    for (const std::string_view part : split(line, ' ')) {
      for (const std::string_view word : split(part, '\t')) {
        if (!trim(word).empty()) found.emplace_back(trim(word));
      }
    }
  }
  return found;
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> found;
  for (const std::string_view item : split(text, ','))
    found.emplace_back(item);
  return found;
}

void read_option(std::string_view option, AptSource& source) {
  const std::size_t equals = std::min(option.find('='), option.size());
  const std::string_view name = option.substr(0, equals);
  const std::string_view value = option.substr(std::min(equals + 1, option.size()));
  if (name == "arch") source.architectures = list_of(value);
  if (name == "signed-by") source.signed_by = value;
}

// Takes `[a=b c=d]` off the front of a line.
bool take_options(std::string_view& line, AptSource& source) {
  if (!line.starts_with('[')) return true;
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos) return false;
  for (const std::string& option : blank_separated(line.substr(1, end - 1)))
    read_option(option, source);
  line = trim(line.substr(end + 1));
  return true;
}

std::optional<AptSource> parse_line(std::string_view line) {
  line = trim(line.substr(0, line.find('#')));
  if (!line.starts_with("deb ") && !line.starts_with("deb\t")) return std::nullopt;
  line = trim(line.substr(3));
  AptSource source;
  if (!take_options(line, source)) return std::nullopt;
  std::vector<std::string> fields = blank_separated(line);
  if (fields.size() < 3) return std::nullopt;
  source.uris = {fields[0]};
  source.suites = {fields[1]};
  source.components.assign(fields.begin() + 2, fields.end());
  return source;
}

bool has_value(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void append(std::vector<AptSource>& sources, std::vector<AptSource> more) {
  std::move(more.begin(), more.end(), std::back_inserter(sources));
}

}  // namespace

std::vector<AptSource> parse_sources_list(std::string_view text) {
  std::vector<AptSource> sources;
  for (const std::string_view line : split(text, '\n')) {
    if (auto source = parse_line(line)) sources.push_back(std::move(*source));
  }
  return sources;
}

std::vector<AptSource> parse_deb822_sources(std::string_view text) {
  std::vector<AptSource> sources;
  for (const std::string& paragraph : deb_paragraphs(text)) {
    const std::string enabled = to_lower(deb_field(paragraph, "Enabled"));
    if (enabled == "no" || enabled == "false" || enabled == "0") continue;
    if (!has_value(blank_separated(deb_field(paragraph, "Types")), "deb")) continue;
    sources.push_back({blank_separated(deb_field(paragraph, "URIs")),
                       blank_separated(deb_field(paragraph, "Suites")),
                       blank_separated(deb_field(paragraph, "Components")),
                       blank_separated(deb_field(paragraph, "Architectures")),
                       std::string(deb_field(paragraph, "Signed-By"))});
  }
  return sources;
}

std::vector<AptSource> read_apt_sources(const fs::path& apt_folder) {
  std::vector<AptSource> sources;
  if (const auto text = read_file_if_exists(apt_folder / "sources.list", largest_file)) {
    append(sources, parse_sources_list(*text));
  }
  for (const fs::path& file : files_of(apt_folder / "sources.list.d")) {
    const bool deb822 = file.extension() == ".sources";
    if (!deb822 && file.extension() != ".list") continue;
    const auto text = read_file_if_exists(file, largest_file);
    if (text) append(sources, deb822 ? parse_deb822_sources(*text) : parse_sources_list(*text));
  }
  return sources;
}

}  // namespace mlpack
