#include "cli/commands.h"
#include "lib/catalog/catalog.h"
#include "lib/file.h"
#include "lib/text.h"

#include <doctest/doctest.h>

#include <regex>
#include <set>

using namespace mlpack;

namespace {

// `store ls` is explained in mlpack-store(1).
std::string page_of(const CommandInfo& info) {
  if (info.name.empty()) return "mlpack";
  return "mlpack-" + info.name.substr(0, info.name.find(' '));
}

std::string page_text(const std::string& page) {
  const fs::path path = fs::path(MLPACK_SOURCE_DIR) / "man" / (page + ".1.scd");
  return read_file_if_exists(path, 1 << 20).value_or("");
}

// An option as scdoc has it: `*-t*, *--tag* _REF_`.
std::string heading_of(const ArgumentInfo& option) {
  std::string text;
  for (const std::string_view name : split(option.names, ',')) {
    text += std::string(text.empty() ? "" : ", ") + "*" + std::string(trim(name)) + "*";
  }
  return option.value.empty() ? text : text + " _" + option.value + "_";
}

// The lines of `page` that explain an option.
std::vector<std::string> headings_in(const std::string& page) {
  std::vector<std::string> headings;
  const std::string text = page_text(page);
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("*-")) headings.emplace_back(line);
  }
  return headings;
}

// The part of `page` that says how the command is called.
std::string synopsis_of(const std::string& page) {
  const std::string text = page_text(page);
  const std::size_t begin = text.find("# SYNOPSIS");
  const std::size_t end = text.find("\n# ", begin);
  return begin == std::string::npos ? "" : text.substr(begin, end - begin);
}

// A positional argument as a synopsis has it: `[_SPEC_]...`, or its choices.
std::string placeholder_of(const ArgumentInfo& argument) {
  std::string text = "_" + argument.names + "_";
  if (!argument.choices.empty()) text = "*" + join(argument.choices, "*|*") + "*";
  switch (argument.count) {
    case ArgumentInfo::Count::required:
      return text;
    case ArgumentInfo::Count::optional:
      return "[" + text + "]";
    case ArgumentInfo::Count::any:
      return "[" + text + "]...";
    case ArgumentInfo::Count::at_least_one:
      return text + "...";
  }
  return {};
}

// What comes after `mlpack` in a synopsis; an only option is named there.
std::string call_of(const CommandInfo& info) {
  std::string text = "*mlpack " + info.name;
  if (info.options.size() == 1 && info.options[0].value.empty() && info.positionals.empty()) {
    return text + "* [*" + info.options[0].names + "*]";
  }
  text += info.options.empty() ? "*" : "* [_OPTIONS_]";
  for (const ArgumentInfo& argument : info.positionals)
    text += " " + placeholder_of(argument);
  return text;
}

void collect_headings(const CommandInfo& info, std::vector<std::string>& headings) {
  for (const ArgumentInfo& option : info.options)
    headings.push_back(heading_of(option));
  for (const CommandInfo& command : info.commands)
    collect_headings(command, headings);
}

void check_synopsis(const CommandInfo& info) {
  const std::string synopsis = synopsis_of(page_of(info)) + "\n";
  const std::string call = call_of(info);
  const bool is_there = synopsis.find(call + "\n") != std::string::npos ||
                        synopsis.find(call + "++\n") != std::string::npos;
  CHECK_MESSAGE(is_there, call, " is not in: ", synopsis);
}

std::vector<fs::path> sources_of_findings() {
  std::vector<fs::path> paths;
  for (const auto& [folder, begin] : {std::pair{"lib/check", "check_"}, {"cli", "doctor_"}}) {
    for (const auto& entry : fs::directory_iterator(fs::path(MLPACK_SOURCE_DIR) / folder))
      if (entry.path().filename().string().starts_with(begin)) paths.push_back(entry.path());
  }
  return paths;
}

// Every text in quotes below `folder` that `form` matches: its first group.
std::set<std::string> words_in_sources(const std::string& folder, const std::regex& form) {
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(MLPACK_SOURCE_DIR) / folder)) {
    const fs::path extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    const std::string text = read_file(entry.path(), 1 << 20);
    for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at)
      found.insert((*at)[1]);
  }
  return found;
}

}  // namespace

TEST_CASE("every command has a man page with its options in the order of --help") {
  for (const CommandInfo& command : command_info().commands) {
    const std::string page = page_of(command);
    CHECK_MESSAGE(!page_text(page).empty(), page);
    std::vector<std::string> wanted;
    collect_headings(command, wanted);
    CHECK_MESSAGE(headings_in(page) == wanted, page);
  }
}

TEST_CASE("the synopsis of every man page is the usage of --help") {
  for (const CommandInfo& command : command_info().commands) {
    if (command.commands.empty()) check_synopsis(command);
    for (const CommandInfo& child : command.commands)
      check_synopsis(child);
  }
}

TEST_CASE("mlpack(1) lists the options of every command, and the commands") {
  const CommandInfo root = command_info();
  std::vector<std::string> wanted;
  for (const ArgumentInfo& option : root.options)
    wanted.push_back(heading_of(option));
  CHECK(headings_in("mlpack") == wanted);
  for (const CommandInfo& command : root.commands) {
    CHECK_MESSAGE(page_text("mlpack").find("*mlpack-" + command.name + "*(1)") != std::string::npos,
                  command.name);
  }
}

TEST_CASE("mlpack(1) explains every exit code") {
  static const std::regex value("\n  [a-z]+ = ([0-9]+),");
  const std::string header = read_file(fs::path(MLPACK_SOURCE_DIR) / "lib/error.h", 1 << 20);
  const std::string text = page_text("mlpack");
  const std::string part = text.substr(text.find("# EXIT STATUS"));
  std::size_t count = 0;
  for (std::sregex_iterator at(header.begin(), header.end(), value), end; at != end; ++at) {
    const std::string code = (*at)[1];
    const bool is_there = part.find("\n*" + code + "*\n\t") != std::string::npos ||
                          part.find("\n*" + code + ", ") != std::string::npos ||
                          part.find(", " + code + "*\n\t") != std::string::npos;
    CHECK_MESSAGE(is_there, code);
    ++count;
  }
  CHECK(count == 13);
}

TEST_CASE("mlpack-findings(7) explains every finding, and none that there is not") {
  const fs::path source = fs::path(MLPACK_SOURCE_DIR);
  const std::string page = read_file(source / "man/mlpack-findings.7.scd", 1 << 20);
  std::set<std::string> explained;
  static const std::regex heading(
      "\\*([a-z0-9]+(-[a-z0-9]+)*)\\*(?=[^\n]*\\((error|warning|info))");
  for (std::sregex_iterator at(page.begin(), page.end(), heading), end; at != end; ++at)
    explained.insert((*at)[1]);
  std::string sources;
  std::set<std::string> found;
  static const std::regex use(
      "(?:add\\(|add_finding\\(\\w+,|id = (?:is_no \\? )?|: |\\{)\\s*"
      "\"([a-z0-9]+(-[a-z0-9]+)*)\"(?=[,;:]|\\s*[:?])");
  for (const fs::path& path : sources_of_findings()) {
    const std::string text = read_file(path, 1 << 20);
    sources += text;
    for (std::sregex_iterator at(text.begin(), text.end(), use), end; at != end; ++at)
      found.insert((*at)[1]);
  }
  for (const std::string& id : explained)
    CHECK_MESSAGE(sources.find("\"" + id + "\"") != std::string::npos, id);
  for (const std::string& id : found)
    if (id.find('-') != std::string::npos) CHECK_MESSAGE(explained.contains(id), id);
}

TEST_CASE("mlpack-plan(1) names every fact that the rules rest on") {
  static const std::regex fact("\"([a-z]+[a-z_]*\\.[a-z0-9_]+)\"");
  const std::string page = page_text("mlpack-plan");
  std::set<std::string_view> known;
  for (const CatalogRow& row : Catalog::built_in().find_table("facts")->rows)
    known.insert(row.name);
  std::size_t count = 0;
  for (const std::string& id : words_in_sources("lib/resolve", fact)) {
    if (!known.contains(id)) continue;
    ++count;
    CHECK_MESSAGE(page.find("_" + id + "_") != std::string::npos, id);
  }
  CHECK(count > 20);
}

TEST_CASE("mlpack-image(7) explains every label and annotation") {
  static const std::regex label("\"(dev\\.mlpack\\.[a-z.]*[a-z])\"");
  const std::string page =
      read_file(fs::path(MLPACK_SOURCE_DIR) / "man/mlpack-image.7.scd", 1 << 20);
  for (const char* const folder : {"cli", "layers", "lib", "registry"}) {
    for (const std::string& name : words_in_sources(folder, label))
      CHECK_MESSAGE(page.find("*" + name + "*") != std::string::npos, name);
  }
}
