#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"
#include "registry/python_index.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace mlpack {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t largest_wheel_size = std::uint64_t{1} << 50;

std::string text_in_json(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Indexes link to their files by `../../`.
std::optional<Url> resolved(const Url& page, const std::string& link) {
  const auto url = link.empty() ? std::nullopt : page.resolve(link);
  if (!url) return std::nullopt;
  const std::string path = url->path();
  const std::string query = url->target().substr(path.size());
  return url->with_target(fs::path(path).lexically_normal().string() + query);
}

std::string name_in_url(const Url& url) {
  const std::string path = url.path();
  return percent_decoded(path.substr(path.rfind('/') + 1));
}

std::optional<IndexFile> index_file(const Json& item, const Url& page) {
  if (!item.is_object()) return std::nullopt;
  const auto url = resolved(page, text_in_json(item, "url"));
  if (!url) return std::nullopt;
  IndexFile file{text_in_json(item, "filename"), *url};
  if (file.name.empty()) file.name = name_in_url(*url);
  file.requires_python = text_in_json(item, "requires-python");
  const auto hashes = item.find("hashes");
  if (hashes != item.end() && hashes->is_object()) {
    file.sha256 = Digest::from_hex(to_lower(text_in_json(*hashes, "sha256")));
  }
  const auto size = item.find("size");
  if (size != item.end() && size->is_number_unsigned()) {
    const auto bytes = size->get<std::uint64_t>();
    if (bytes <= largest_wheel_size) file.size = bytes;
  }
  const auto yanked = item.find("yanked");
  const bool is_yanked = yanked != item.end() && *yanked != false && !yanked->is_null();
  if (is_yanked) file.yanked = IndexFile::Yanked::yes;
  return file;
}

// `&amp;` and the like in the value of an attribute.
std::string without_entities(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 7> entities{{{"&amp;", '&'},
                                                                       {"&lt;", '<'},
                                                                       {"&gt;", '>'},
                                                                       {"&quot;", '"'},
                                                                       {"&#39;", '\''},
                                                                       {"&#x27;", '\''},
                                                                       {"&#43;", '+'}}};
  std::string plain;
  while (!text.empty()) {
    const auto* const found =
        std::find_if(entities.begin(), entities.end(), [&](const auto& entity) {
          return text.starts_with(entity.first);
        });
    const bool is_entity = found != entities.end();
    plain += is_entity ? found->second : text.front();
    text.remove_prefix(is_entity ? found->first.size() : 1);
  }
  return plain;
}

// The attributes of a tag, which begins behind its name; what follows the tag stays in `text`.
std::map<std::string, std::string> take_attributes(std::string_view& text) {
  std::map<std::string, std::string> attributes;
  while (!text.empty() && text.front() != '>') {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n/"), text.size()));
    const std::size_t end = std::min(text.find_first_of("= \t\r\n>"), text.size());
    const std::string name = to_lower(text.substr(0, end));
    text.remove_prefix(end);
    std::string value;
    if (text.starts_with('=')) {
      text.remove_prefix(1);
      const bool quoted = text.starts_with('"') || text.starts_with('\'');
      const char quote = quoted ? text.front() : ' ';
      if (quoted) text.remove_prefix(1);
      const std::size_t stop =
          std::min(quoted ? text.find(quote) : text.find_first_of(" \t\r\n>"), text.size());
      value = without_entities(text.substr(0, stop));
      text.remove_prefix(std::min(stop + (quoted ? 1 : 0), text.size()));
    }
    if (!name.empty()) attributes.emplace(name, std::move(value));
  }
  return attributes;
}

std::optional<Digest> digest_in_fragment(const std::string& link) {
  constexpr std::string_view mark = "#sha256=";
  const std::size_t at = link.find(mark);
  if (at == std::string::npos) return std::nullopt;
  return Digest::from_hex(to_lower(link.substr(at + mark.size(), 64)));
}

}  // namespace

std::vector<IndexFile> parse_index_json(std::string_view text,
                                        const Url& page,
                                        const std::string& source) {
  const Json root = Json::parse(text, nullptr, false);
  const auto files = root.is_object() ? root.find("files") : root.end();
  if (!root.is_object() || files == root.end() || !files->is_array()) {
    throw Error(Fault::refused,
                fmt::format("what `{}` answers is no list of files", source),
                "check the URL of the index; a proxy or a captive portal may answer in its place");
  }
  std::vector<IndexFile> result;
  for (const Json& item : *files) {
    if (auto file = index_file(item, page)) result.push_back(std::move(*file));
  }
  return result;
}

std::vector<IndexFile> parse_index_html(std::string_view text, const Url& page) {
  std::vector<IndexFile> result;
  for (;;) {
    const std::size_t tag = text.find('<');
    if (tag == std::string_view::npos) return result;
    text.remove_prefix(tag + 1);
    const bool is_link = text.size() > 1 && (text[0] == 'a' || text[0] == 'A') &&
                         std::string_view(" \t\r\n").find(text[1]) != std::string_view::npos;
    if (!is_link) continue;
    text.remove_prefix(1);
    const auto attributes = take_attributes(text);
    const auto link = attributes.find("href");
    const auto url = link == attributes.end() ? std::nullopt : resolved(page, link->second);
    if (!url) continue;
    IndexFile file{name_in_url(*url), *url};
    file.sha256 = digest_in_fragment(link->second);
    if (attributes.contains("data-yanked")) file.yanked = IndexFile::Yanked::yes;
    const auto python = attributes.find("data-requires-python");
    if (python != attributes.end()) file.requires_python = python->second;
    result.push_back(std::move(file));
  }
}

}  // namespace mlpack
