#include "lib/python/index_settings.h"

#include "lib/python/toml_text.h"
#include "lib/text.h"

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_settings = std::uint64_t{1} << 20;

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; (begin = text.find_first_not_of(" \t\r\n", begin)) < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

void append_to(std::vector<std::string>& to, std::vector<std::string> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// `name=https://…` names an index in uv's variables.
std::string without_index_name(const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::size_t scheme = word.find("://");
  return equals < scheme ? word.substr(equals + 1) : word;
}

std::vector<std::string> toml_texts(const toml::node* node) {
  std::vector<std::string> texts;
  if (node == nullptr) return texts;
  if (const auto one = node->value_exact<std::string>()) texts.push_back(*one);
  if (const toml::array* const list = node->as_array()) {
    for (const toml::node& item : *list) {
      if (const auto text = item.value_exact<std::string>()) texts.push_back(*text);
    }
  }
  return texts;
}

void take_uv_indexes(const toml::table& root, IndexSettings& settings) {
  const toml::node* const node = root.get("index");
  const toml::array* const list = node == nullptr ? nullptr : node->as_array();
  if (list == nullptr) return;
  for (const toml::node& item : *list) {
    const toml::table* const table = item.as_table();
    if (table == nullptr) continue;
    const auto url = (*table)["url"].value<std::string>();
    // An explicit index is for packages that uv's own files pin to it.
    if (!url || (*table)["explicit"].value_or(false)) continue;
    const bool is_default = (*table)["default"].value_or(false);
    if (is_default) {
      settings.index_url = *url;
    } else {
      settings.extra_index_urls.push_back(*url);
    }
  }
}

// What a later source says adds to what an earlier one said.
void merge(IndexSettings& into, IndexSettings from) {
  if (into.index_url.empty()) into.index_url = std::move(from.index_url);
  append_to(into.extra_index_urls, std::move(from.extra_index_urls));
  append_to(into.find_links, std::move(from.find_links));
  if (from.index == IndexSettings::Index::none) into.index = IndexSettings::Index::none;
}

bool is_true(const std::string& text) {
  const std::string word = to_lower(trim(text));
  return word == "1" || word == "true" || word == "yes" || word == "on" || word == "t" ||
         word == "y";
}

IndexSettings uv_variables(const VariableOf& variable) {
  IndexSettings settings;
  for (const char* name : {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}) {
    const std::string value = without_index_name(std::string(trim(variable(name).value_or(""))));
    if (settings.index_url.empty()) settings.index_url = value;
  }
  for (const char* name : {"UV_INDEX", "UV_EXTRA_INDEX_URL"}) {
    for (const std::string& word : words_in(variable(name).value_or("")))
      settings.extra_index_urls.push_back(without_index_name(word));
  }
  for (std::string_view one : split(variable("UV_FIND_LINKS").value_or(""), ',')) {
    one = trim(one);
    if (!one.empty()) settings.find_links.emplace_back(one);
  }
  if (is_true(variable("UV_NO_INDEX").value_or(""))) settings.index = IndexSettings::Index::none;
  return settings;
}

IndexSettings pip_variables(const VariableOf& variable) {
  IndexSettings settings;
  settings.index_url = trim(variable("PIP_INDEX_URL").value_or(""));
  settings.extra_index_urls = words_in(variable("PIP_EXTRA_INDEX_URL").value_or(""));
  settings.find_links = words_in(variable("PIP_FIND_LINKS").value_or(""));
  if (is_true(variable("PIP_NO_INDEX").value_or(""))) settings.index = IndexSettings::Index::none;
  return settings;
}

std::vector<fs::path> uv_files(const VariableOf& variable, const fs::path& home) {
  if (const auto file = variable("UV_CONFIG_FILE")) return {*file};
  if (is_true(variable("UV_NO_CONFIG").value_or(""))) return {};
  std::vector<fs::path> files;
  if (const auto xdg = variable("XDG_CONFIG_HOME")) {
    files.push_back(fs::path(*xdg) / "uv/uv.toml");
  } else if (!home.empty()) {
    files.push_back(home / ".config/uv/uv.toml");
  }
  files.emplace_back("/etc/uv/uv.toml");
  return files;
}

// The user's own before the machine's.
std::vector<fs::path> pip_files(const VariableOf& variable, const fs::path& home) {
  std::vector<fs::path> files;
  const auto named = variable("PIP_CONFIG_FILE");
  if (named && *named == "/dev/null") return {};
  if (named && !named->empty()) files.emplace_back(*named);
  if (const auto xdg = variable("XDG_CONFIG_HOME")) {
    files.push_back(fs::path(*xdg) / "pip/pip.conf");
  } else if (!home.empty()) {
    files.push_back(home / ".config/pip/pip.conf");
  }
  if (!home.empty()) files.push_back(home / ".pip/pip.conf");
  files.emplace_back("/etc/pip.conf");
  return files;
}

}  // namespace

IndexSettings parse_uv_toml(std::string_view text, const fs::path& path) {
  const toml::table whole = parse_toml(text, path);
  IndexSettings settings;
  take_uv_indexes(whole, settings);
  const toml::node* const section = whole.get("pip");
  const toml::table* const pip = section == nullptr ? nullptr : section->as_table();
  for (const toml::table* table : {&whole, pip}) {
    if (table == nullptr) continue;
    for (const std::string& url : toml_texts(table->get("index-url"))) {
      if (settings.index_url.empty()) settings.index_url = url;
    }
    append_to(settings.extra_index_urls, toml_texts(table->get("extra-index-url")));
    append_to(settings.find_links, toml_texts(table->get("find-links")));
    if ((*table)["no-index"].value_or(false)) settings.index = IndexSettings::Index::none;
  }
  return settings;
}

IndexSettings parse_pip_conf(std::string_view text) {
  IndexSettings settings;
  bool is_ours = false;
  std::string key;
  for (const std::string_view line : split(text, '\n')) {
    const std::string_view trimmed = trim(line);
    if (trimmed.empty() || trimmed[0] == '#' || trimmed[0] == ';') continue;
    if (trimmed[0] == '[') {
      is_ours = trimmed == "[global]" || trimmed == "[install]" || trimmed == "[download]";
      key.clear();
      continue;
    }
    const bool goes_on = (line[0] == ' ' || line[0] == '\t') && !key.empty();
    const std::size_t sign = goes_on ? std::string_view::npos : trimmed.find_first_of("=:");
    if (!goes_on && sign == std::string_view::npos) continue;
    if (!goes_on) key = to_lower(trim(trimmed.substr(0, sign)));
    std::replace(key.begin(), key.end(), '_', '-');
    const std::string value(goes_on ? trimmed : trim(trimmed.substr(sign + 1)));
    if (!is_ours || value.empty()) continue;
    if (key == "index-url") settings.index_url = value;
    if (key == "extra-index-url") append_to(settings.extra_index_urls, words_in(value));
    if (key == "find-links") append_to(settings.find_links, words_in(value));
    if (key == "no-index" && is_true(value)) settings.index = IndexSettings::Index::none;
  }
  return settings;
}

IndexSettings host_index_settings(const VariableOf& variable, const fs::path& home) {
  IndexSettings settings = uv_variables(variable);
  merge(settings, pip_variables(variable));
  for (const fs::path& file : uv_files(variable, home)) {
    if (const auto text = read_file_if_exists(file, largest_settings)) {
      merge(settings, parse_uv_toml(*text, file));
    }
  }
  for (const fs::path& file : pip_files(variable, home)) {
    if (const auto text = read_file_if_exists(file, largest_settings)) {
      merge(settings, parse_pip_conf(*text));
    }
  }
  return settings;
}

}  // namespace mlpack
